"""Promises of the command line about acts of several parts: none is hidden, no secret is shown."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.engine.ports import Intent
from runner.sandbox import ManualClock, Sandbox
from runner.store.sqlite import SqliteStore
from tests.gateway.raw import RawServer, always, answer, raw_server
from tests.process import Done, callflow
from tests.site import MINUTE

FLOW = """\
version: 1
flow: f
rules:
  - id: all
    match: {age: {gte: 10m}}
    then:
      - record: {start: {channels: dual}}
      - log: "cut {{ from }}, {{ caller_name }}"
      - notify:
          url: SERVICE/planted-path?key=planted-query
          headers: {X-Team: planted-header}
          body: {call: "{{ from }}", name: "{{ caller_name }}"}
      - say: Goodbye {{ from }}.
      - redirect: https://example.com/next
      - message: {caller: "{{ from }}"}
  - id: begin
    match: {to: "+14155550177"}
    then: [{log: begins}, restart, {stream: stop}, {log: never}]
  - id: tell
    match: {from: "+14155550103"}
    then: [{log: only told}]
"""
ROOM = "<Response><Dial><Conference>support</Conference></Dial></Response>"
NUMBER = "+14155550101"
PLANTED = ("planted-path", "planted-query", "planted-header", NUMBER, "Ann Archer")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


@pytest.fixture
async def service() -> AsyncIterator[RawServer]:
    async with raw_server(always(answer(204))) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path, service: RawServer) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "f.yaml").write_text(FLOW.replace("SERVICE", service.base))
    return tmp_path


def ann(sandbox: Sandbox) -> str:
    """A call in a conference that the first rule wants."""
    sandbox.add_call(id="bob", from_="+14155550102", twiml=ROOM)
    name, age = "Ann Archer", 10 * MINUTE
    return sandbox.add_call(id="ann", from_=NUMBER, caller_name=name, age=age, twiml=ROOM).sid


def lines(done: Done, start: str) -> list[str]:
    """The indented lines below the one that begins so."""
    found: list[str] = []
    inside = False
    for line in done.out.splitlines():
        inside = line.startswith(start) if not line.startswith("    ") else inside
        if inside and line.startswith("    "):
            found.append(line.strip())
    return found


def steps(done: Done) -> dict[str, dict[str, Any]]:
    return {step["rule"]: step for step in json.loads(done.out)["steps"]}


def ways(parts: list[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    return ((part["part"], part["route"], part["target"]) for part in parts)


# ---- plan -------------------------------------------------------------------------------------


async def test_plan_shows_what_is_sent_to_whom_in_the_order_of_sending(
    sandbox: Sandbox, project: Path, service: RawServer
) -> None:
    sid = ann(sandbox)
    done = await callflow("plan", at=sandbox, cwd=project)
    host = service.base.removeprefix("http://")
    assert lines(done, sid) == [
        "why:  age 10m gte 10m",
        "send: a line in the history: cut +1415***0101, ***",
        f'send: POST to {host}: {{"call":"+1415***0101","name":"***"}} (headers: X-Team)',
        "send: Twiml=<Response><Say>Goodbye +1415***0101.</Say>"
        "<Redirect>https://example.com/next</Redirect></Response>",
        "send: POST Recordings: RecordingChannels=dual",
        'send: POST UserDefinedMessages: Content={"caller":"+1415***0101"}',
        "then: leaves the conference support; starts a recording (dual); writes a line into the "
        "history; posts to 127.0.0.1; sends a message to the call's application",
    ]
    shown = steps(await callflow("plan", "--format", "json", at=sandbox, cwd=project))["all"]
    assert list(shown["request"]) == ["Twiml"]
    assert shown["then"] == ["record", "log", "notify", "say", "redirect", "message"]
    assert list(ways(shown["parts"])) == [
        ("log", "history", ""),
        ("notify", "web", f"{service.base}/…"),
        ("", "", ""),
        ("record", "call", "Recordings"),
        ("message", "call", "UserDefinedMessages"),
    ]
    assert shown["parts"][2]["request"] == shown["request"]
    assert shown["parts"][1]["request"]["headers"] == "X-Team"
    assert not any("fault" in part for part in shown["parts"])
    assert shown["continued"] is False


async def test_what_fails_is_said_with_what_it_takes_along(sandbox: Sandbox, project: Path) -> None:
    sid = sandbox.add_call(id="ben", to="+14155550177").sid
    plan = ("plan", "--format", "json")
    shown = steps(await callflow(*plan, at=sandbox, cwd=project))["begin"]
    log, update, stream, never = shown["parts"]
    assert shown["request"] == update["request"] == {}
    assert update["fault"] == "the number that was called is not there any more"
    assert stream["skipped"] == never["skipped"] == "restart before it fails"
    assert "fault" not in log
    assert [effect["text"] for effect in shown["effects"]] == ["writes a line into the history"]
    assert lines(await callflow("plan", at=sandbox, cwd=project), sid) == [
        "why:  to +1415***0177",
        "send: a line in the history: begins",
        "fail: restart: the number that was called is not there any more",
        "skip: stream: restart before it fails",
        "skip: log: restart before it fails",
        "then: writes a line into the history",
    ]


async def test_what_only_tells_is_counted_apart(sandbox: Sandbox, project: Path) -> None:
    sandbox.add_call(id="tim", from_="+14155550103")
    sandbox.add_call(id="eve", from_="+14155550104", to="+14155550177")
    done = await callflow("plan", "--detailed-exitcode", at=sandbox, cwd=project)
    assert done.out.splitlines()[-1] == "2 calls listed: 1 to change, 1 to tell of, 0 held back"
    assert done.code == 4


async def test_a_snapshot_remembers_the_conference_and_never_guesses_one(
    sandbox: Sandbox, project: Path
) -> None:
    sid = ann(sandbox)
    saved = await callflow("plan", "--save-snapshot", "calls.json", at=sandbox, cwd=project)
    again = await callflow("plan", "--snapshot", "calls.json", cwd=project)
    assert "leaves the conference support" in again.out
    assert again.out == saved.out
    document = json.loads((project / "calls.json").read_text())
    assert document.pop("conferences") == {sid: "support"}
    (project / "calls.json").write_text(json.dumps(document))
    unknown = await callflow("plan", "--snapshot", "calls.json", cwd=project)
    assert "leaves its conference, if it is in one; ends a media stream" in unknown.out


async def test_conferences_are_asked_for_only_where_a_call_is_taken_away(
    sandbox: Sandbox, project: Path
) -> None:
    def asked() -> int:
        return sum("/Conferences" in entry.request.path for entry in sandbox.journal)

    sandbox.add_call(id="tim", from_="+14155550103")
    sandbox.add_call(id="una", from_="+14155550104", to="+14155550177")  # its restart fails
    await callflow("plan", at=sandbox, cwd=project)
    assert asked() == 0
    ann(sandbox)
    await callflow("plan", at=sandbox, cwd=project)
    once = asked()
    assert once > 0
    for number in range(20):  # one reading serves them all
        sandbox.add_call(id=f"c{number}", age=10 * MINUTE)
    await callflow("plan", at=sandbox, cwd=project)
    assert asked() == 2 * once


async def test_an_act_that_is_gone_on_with_shows_what_it_lacks(
    sandbox: Sandbox, project: Path
) -> None:
    sid = ann(sandbox)
    store = await SqliteStore(project / "callflow.db").open()
    parts = ("log", "notify", "", "record", "message")
    now = sandbox.clock.now()
    intents = [
        Intent(sandbox.account_sid, sid, "f", "all", "r", ("x",), {}, "w", now, part=part)
        for part in parts
    ]
    for entry in await store.claim(intents):
        lacking = entry.intent.part in ("record", "message")
        await store.record(entry, "withdrawn" if lacking else "done", at=now, attempt=1)
    await store.close()
    saved = await callflow("plan", "--save-snapshot", "calls.json", at=sandbox, cwd=project)
    assert lines(saved, sid) == [
        "why:  age 10m gte 10m",
        "rest: an earlier poll began this act; these are the parts that it lacks",
        "send: POST Recordings: RecordingChannels=dual",
        'send: POST UserDefinedMessages: Content={"caller":"+1415***0101"}',
        "then: starts a recording (dual); sends a message to the call's application",
    ]
    assert (await callflow("plan", "--snapshot", "calls.json", cwd=project)).out == saved.out
    shown = steps(await callflow("plan", "--format", "json", at=sandbox, cwd=project))["all"]
    assert (shown["then"], shown["continued"]) == (["record", "message"], True)
    why = await callflow("why", sid, at=sandbox, cwd=project)
    assert "rest: an earlier poll began this act" in why.out


async def test_an_edit_is_compared_part_by_part(sandbox: Sandbox, project: Path) -> None:
    """Two flows act on one call: the other one's line in the history is not taken for the edit."""
    base = "version: 1\nflow: {}\nrules:\n  - {{id: r, then: {}}}\n"
    for folder, then in (("old", "[{log: a}, hangup]"), ("flows", "[{log: b}, hangup]")):
        (project / folder).mkdir(exist_ok=True)
        (project / folder / "f.yaml").write_text(base.format("f", then))
        (project / folder / "g.yaml").write_text(base.format("g", "[{log: same}]"))
    (project / "flows" / "h.yaml").write_text(base.format("h", "[{log: new}]"))
    sandbox.add_call(id="ann")
    done = await callflow("plan", "--against", "old", "--format", "json", at=sandbox, cwd=project)
    against = json.loads(done.out)["against"]
    (changed,), (gained,) = against["changed"], against["gained"]
    assert against["unchanged"] == 1
    assert (gained["flow"], gained["parts"][0]["request"]) == ("h", {"text": "new"})
    texts = [changed[side]["parts"][0]["request"]["text"] for side in ("before", "after")]
    assert texts == ["a", "b"]
    text = await callflow("plan", "--against", "old", at=sandbox, cwd=project)
    assert "    sent: a line in the history: a\n    sent: Status=completed\n" in text.out
    assert text.out.endswith(
        "of 3 acts before or after the edit: 1 gained, 0 lost, 1 changed, 1 as before\n"
    )


# ---- before and after -------------------------------------------------------------------------


async def test_a_dry_run_tells_of_all_parts(
    sandbox: Sandbox, project: Path, service: RawServer
) -> None:
    sid = ann(sandbox)
    sandbox.add_call(id="ben", from_="+14155550104", to="+14155550177")
    run = ("run", "--once", "--dry-run")
    done = await callflow(*run, "--log-format", "json", at=sandbox, cwd=project)
    told = {event["rule"]: event for event in done.events if event["event"] == "action.planned"}
    assert told["all"]["call"] == sid
    assert told["all"]["then"] == ["record", "log", "notify", "say", "redirect", "message"]
    assert list(told["all"]["request"]) == ["Twiml"]
    assert [part["part"] for part in told["all"]["parts"]] == [
        *("log", "notify", "", "record", "message")
    ]
    assert told["all"]["parts"][1]["target"] == f"{service.base}/…"
    assert told["begin"]["parts"][1]["fault"].startswith("the number")
    text = (await callflow(*run, at=sandbox, cwd=project)).err
    assert ' record="POST Recordings: RecordingChannels=dual"' in text
    assert ' stream="not sent: restart before it fails"' in text
    assert ' fault="the number that was called is not there any more"' in text
    assert service.requests == []
    for word in PLANTED[:3]:
        assert word not in done.err + text


async def test_what_was_done_is_told_part_by_part(
    sandbox: Sandbox, project: Path, service: RawServer
) -> None:
    sid = ann(sandbox)
    sandbox.add_call(id="ben", from_="+14155550104", to="+14155550177")
    run = await callflow("run", "--once", "--log-format", "json", at=sandbox, cwd=project)
    assert run.code == 1  # a restart failed
    done = {
        event.get("part", ""): event
        for event in run.events
        if event["event"] == "action.done" and event["call"] == sid
    }
    assert set(done) == {"log", "notify", "", "record", "message"}
    assert (done["notify"]["route"], done["notify"]["target"]) == ("web", f"{service.base}/…")
    assert "route" not in done[""]
    assert "target" not in done["log"]
    rows = json.loads((await callflow("history", "--format", "json", cwd=project)).out)
    own = [row for row in rows if row["call"] == sid]
    assert [(row["part"], row["route"], row["outcome"]) for row in own] == [
        ("log", "history", "done"),
        ("notify", "web", "done"),
        ("", "", "done"),
        ("record", "call", "done"),
        ("message", "call", "done"),
    ]
    assert own[1]["request"]["headers"] == "X-Team"
    skipped = await callflow("history", "--outcome", "skipped", cwd=project)
    assert [line.strip() for line in skipped.out.splitlines() if "    part" in line] == [
        "part stream: POST Streams/callflow: Status=stopped",
        "part log.2: a line in the history: never",
    ]
    assert "restart before it came to 'failed'" in skipped.out
    why = await callflow("why", sid, at=sandbox, cwd=project)
    assert "    sent: POST Recordings: RecordingChannels=dual\n" in why.out


async def test_no_way_of_telling_shows_a_secret(
    sandbox: Sandbox, project: Path, service: RawServer
) -> None:
    sid = ann(sandbox)
    words: list[tuple[str, ...]] = [("plan",), ("why", sid), ("run", "--once", "--dry-run")]
    words += [("run", "--once"), ("why", sid), ("history",)]
    told = ""
    for each in words:
        form = "--log-format" if each[0] == "run" else "--format"
        for how in ("text", "json"):
            done = await callflow(*each, form, how, at=sandbox, cwd=project)
            told += done.out + done.err
    assert "planted-header" in str(service.requests[0].headers)  # and yet it was sent
    assert "planted-query" in service.requests[0].target
    assert [word for word in PLANTED[:3] if word in told] == []


async def test_what_was_never_sent_is_not_said_to_have_been(
    sandbox: Sandbox, project: Path
) -> None:
    sid = sandbox.add_call(id="ben", to="+14155550177").sid
    await callflow("run", "--once", at=sandbox, cwd=project)
    why = await callflow("why", sid, at=sandbox, cwd=project)
    assert "    not sent: POST Streams/callflow: Status=stopped\n" in why.out
    assert "    sent: a line in the history: begins\n" in why.out


async def test_one_part_that_fails_is_not_forgotten_for_one_that_does_not(
    sandbox: Sandbox, project: Path
) -> None:
    """The exit code looks at every part, not at the last that was told of."""
    flow = "version: 1\nflow: f\nrules:\n  - {id: r, then: [{announce: Hi}, {log: done}]}\n"
    (project / "flows" / "f.yaml").write_text(flow)
    sandbox.add_call(id="ann")  # in no conference
    done = await callflow("run", "--once", "--log-format", "json", at=sandbox, cwd=project)
    outcomes = {event.get("part"): event["event"] for event in done.events if "part" in event}
    assert outcomes == {"announce": "action.failed", "log": "action.done"}
    assert done.code == 1
