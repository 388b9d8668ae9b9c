"""Promises of a whole `then`: what is sent beside the update, in which order, and what is refused.

With the real actions; each case of what a change to the call would undo.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.actions.composing import compose
from runner.language.spoken import values_of
from tests.actions.rendering import NOW, actions, call, problems
from tests.site import Site, open_site

STARTS = {
    "record": "record: start",
    "stream": "stream: {start: {url: wss://a.example/m}}",
    "siprec": "siprec: {start: {connector: c}}",
    "transcribe": "transcribe: start",
}
STOPS = {name: f"{name}: stop" for name in STARTS}
TOLD = {"notify": "notify: https://a.example/hook", "log": "log: seen"}
REST = {"message": "message: {a: 1}"}
NEXT = "redirect: https://a.example/next"


def keys(*written: str) -> list[str]:
    """The parts in the order of sending; the update as `=`."""
    assert [each for each in problems(*written) if each.is_error] == []
    made = compose(actions(*written), values_of(call(), NOW))
    return [part.key or "=" for part in made]


def undone(*written: str) -> list[tuple[str, str]]:
    """Which actions have no effect, and how that is to be mended."""
    found = [each for each in problems(*written) if each.is_error]
    assert {each.code for each in found} <= {"undone-action"}
    return [(each.message.split()[0], each.hint) for each in found]


# ---- order ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STARTS)
def test_what_starts_is_sent_after_the_update_that_would_end_it(name: str) -> None:
    start = STARTS[name]
    assert keys(start) == [name]
    assert keys(start, NEXT) == ["=", name]
    assert keys("say: Hi.", start, NEXT) == ["=", name]
    assert keys(start, "say: Hi.", "hangup") == ["=", name]
    assert keys(NEXT, start) == ["=", name]


@pytest.mark.parametrize("name", STARTS)
def test_what_stops_is_sent_where_it_is_written(name: str) -> None:
    stop = STOPS[name]
    assert keys(stop, NEXT) == [name, "="]
    assert keys(NEXT, stop) == ["=", name]
    assert keys(stop, "say: Hi.", "hangup") == [name, "="]


@pytest.mark.parametrize("name", STARTS)
def test_what_is_about_a_start_stays_behind_it(name: str) -> None:
    """Else a recording that is started and paused would be paused, and then started."""
    assert keys(STARTS[name], STOPS[name], NEXT) == ["=", name, f"{name}.2"]
    assert keys(STOPS[name], STARTS[name], NEXT) == [name, "=", f"{name}.2"]


def test_a_recording_that_is_paused_at_once() -> None:
    assert keys("record: start", "record: pause", "stream: stop", NEXT) == [
        *("stream", "=", "record", "record.2"),
    ]


@pytest.mark.parametrize("name", [*TOLD, *REST])
def test_what_is_told_is_sent_where_it_is_written(name: str) -> None:
    line = {**TOLD, **REST}[name]
    assert keys(line, NEXT) == [name, "="]
    assert keys(NEXT, line) == ["=", name]
    assert keys(line, "record: start", NEXT, line) == [name, "=", "record", f"{name}.2"]


def test_several_keep_their_order_on_either_side() -> None:
    assert keys(*STARTS.values(), *TOLD.values(), NEXT, "message: {a: 1}") == [
        *TOLD,
        "=",
        *STARTS,
        "message",
    ]


def test_all_of_them_without_a_change_keep_the_order_in_which_they_are_written() -> None:
    written = {**TOLD, **STARTS, **REST, "announce": "announce: Hi."}
    assert keys(*written.values()) == list(written)
    assert keys(*reversed(written.values())) == list(reversed(written))


# ---- refusal --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", STARTS)
def test_nothing_is_started_on_a_call_that_is_over(name: str) -> None:
    start = STARTS[name]
    assert undone(start, "hangup") == [(name, "leave it out")]
    assert undone("hangup", start) == [(name, "leave it out")]
    assert undone(start, STOPS[name], "hangup") == [(name, "leave it out")] * 2


@pytest.mark.parametrize("line", [*STOPS.values(), *REST.values()])
def test_nothing_is_done_to_a_call_that_is_over(line: str) -> None:
    name = line.split(":")[0]
    assert undone("hangup", line) == [(name, "write it before, or leave it out")]
    assert keys(line, "hangup") == [name, "="]


@pytest.mark.parametrize("name", TOLD)
def test_what_only_tells_can_be_told_at_any_time(name: str) -> None:
    assert keys("hangup", TOLD[name]) == ["=", name]
    assert keys(TOLD[name], "hangup") == [name, "="]


@pytest.mark.parametrize(
    ("change", "by"),
    [
        (["say: Hi."], "say"),
        (["play: https://a.example/a.mp3", "hangup"], "play"),
        (["pause: 2s", NEXT], "pause"),
        ([NEXT], "redirect"),
        (["twiml: <Response><Hangup/></Response>"], "twiml"),
    ],
)
def test_nobody_hears_an_announcement_where_the_call_has_left(change: list[str], by: str) -> None:
    hint = f"leave one of them out, or put {by} into a rule of its own"
    assert undone("announce: Hi.", *change) == [("announce", hint)]
    assert undone(*change, "announce: Hi.") == [("announce", hint)]


def test_nobody_hears_an_announcement_on_a_call_that_is_over() -> None:
    assert undone("announce: Hi.", "hangup") == [("announce", "leave it out")]
    assert undone("hangup", "announce: Hi.") == [("announce", "leave it out")]


# ---- played ---------------------------------------------------------------------------------

FLOW = """
version: 1
flow: f
rules:
  - id: a
    then:
      - log: "first {{ from }}"
      - record: {start: {channels: dual}}
      - record: {pause: skip}
      - stream: {stop: agent}
      - say: One moment.
      - message: {moved: true}
      - redirect: https://a.example/next
      - transcribe: start
"""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as opened:
        yield opened


async def test_what_fails_keeps_nothing_else_from_being_sent(site: Site) -> None:
    site.flows(FLOW)
    row = site.sandbox.add_call(id="c")
    site.sandbox.journal.clear()
    await site.poll()
    sent = [
        entry.request.path.partition(f"/Calls/{row.sid}")[2]
        for entry in site.sandbox.journal
        if entry.request.method == "POST"
    ]
    assert sent == [
        "/Streams/agent.json",
        ".json",
        "/Recordings.json",
        "/Recordings/Twilio.CURRENT.json",
        "/UserDefinedMessages.json",
        "/Transcriptions.json",
    ]
    outcomes = {entry.intent.part: entry.outcome for entry in await site.history()}
    assert outcomes == {
        "log": "done",
        "stream": "failed",
        "": "done",
        "record": "done",
        "record.2": "done",
        "message": "done",
        "transcribe": "done",
    }


@pytest.mark.parametrize(
    ("line", "tries", "outcome"),
    [
        ("record: start", 1, "unknown"),
        ("stream: {start: {url: wss://a.example/m}}", 1, "unknown"),
        ("message: {a: 1}", 2, "done"),
    ],
)
async def test_after_a_lost_answer_only_what_can_be_known_again_is_repeated(
    site: Site, line: str, tries: int, outcome: str
) -> None:
    site.flows(f"version: 1\nflow: f\nrules:\n  - id: a\n    then:\n      - {line}\n")
    site.sandbox.add_call(id="c")
    site.sandbox.set_fault("reset-after", on=("side",), times=1)
    await site.poll()
    sent = [entry.request.form for entry in site.sandbox.journal.of("side")]
    assert len(sent) == tries
    assert len({tuple(form.items()) for form in sent}) == 1
    (entry,) = await site.history()
    assert entry.outcome == outcome
