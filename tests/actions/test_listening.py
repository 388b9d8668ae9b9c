"""Promises of `record`, `stream`, `siprec`, `transcribe`: each form, and hostile values in it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.actions import ACTIONS
from runner.sides import Side
from tests.actions.rendering import actions, held
from tests.actions.siding import column, line, refusal, side, words
from tests.actions.test_hostile import HOSTILE

#: A resource and one segment, in which nothing is left that a server could read as a path.
FIT_FOR_PATH = re.compile(r"[A-Z][a-z]+/(?!\.{1,2}\Z)(?:[A-Za-z0-9._~-]|%(?!2F|5C)[0-9A-F]{2})+")
WSS = "wss://example.com/media"
LISTENERS = {
    "stream": {"url": WSS},
    "siprec": {"connector": "recorder"},
    "transcribe": {"language": "en-US"},
}
PLACES = {"stream": "Streams", "siprec": "Siprec", "transcribe": "Transcriptions"}


@pytest.mark.parametrize(
    ("value", "told", "undone"),
    [
        ("start", "starts a recording", True),
        ({"start": {}}, "starts a recording", True),
        ({"start": {"channels": "dual"}}, "starts a recording (dual)", True),
        ({"start": {"channels": "mono", "track": "both"}}, "starts a recording (mono, both)", True),
        ("pause", "pauses the recording", False),
        ({"pause": "skip"}, "pauses the recording (skip)", False),
        ("resume", "resumes the recording", False),
        ("stop", "stops the recording", False),
    ],
)
def test_what_each_form_of_record_does(value: Any, told: str, undone: bool) -> None:
    (action,) = actions(line("record", value))
    assert words("record", value) == (told,)
    assert ACTIONS["record"].undone(action.arguments) is undone


@pytest.mark.parametrize(
    ("name", "noun"),
    [("stream", "media stream"), ("siprec", "SIPREC session"), ("transcribe", "transcription")],
)
def test_what_each_form_of_a_listener_does(name: str, noun: str) -> None:
    start = LISTENERS[name]
    assert words(name, {"start": start}) == (f"starts the {noun}",)
    assert words(name, {"start": {**start, "name": "agent"}}) == (f"starts the {noun} agent",)
    assert words(name, {"stop": "agent"}) == (f"ends the {noun} agent",)
    assert words(name, "stop") == (f"ends the {noun}",)
    undone = ACTIONS[name].undone
    assert undone(actions(line(name, {"start": start}))[0].arguments)
    assert not undone(actions(line(name, "stop"))[0].arguments)


@pytest.mark.parametrize("name", ["record", *LISTENERS])
def test_nothing_that_may_have_been_done_is_done_again(name: str) -> None:
    """A second stop could end what somebody else has started meanwhile."""
    forms = ["start", "stop"] if name == "record" else [{"start": LISTENERS[name]}, "stop"]
    assert [side(name, form).repeatable for form in forms] == [False, False]
    assert ACTIONS[name].statuses == ("in-progress",)


@pytest.mark.parametrize("name", LISTENERS)
def test_a_bare_stop_finds_what_was_started_without_a_name(name: str) -> None:
    started = side(name, {"start": LISTENERS[name]})
    assert started.fields["Name"] == "callflow"
    assert side(name, "stop") == Side("call", f"{PLACES[name]}/callflow", {"Status": "stopped"})


# ---- names ----------------------------------------------------------------------------------

GOOD_NAMES = ["agent", "Front desk 2", "a.b~c_d-e", "Gespräch", "MZ" + "0" * 32, "a&b=c+d;e", "'\""]
BAD_NAMES = [
    *("../Recordings", "..", ".", "...", "a/b", "a\\b", "a%2e%2e", "%2F", "a?b", "a#b"),
    *("a\nb", "a\r\nX-Evil: 1", "a\x00b", "\u202eb", "a\u2028b", " a", "a ", " ", "x" * 5_000),
]


@pytest.mark.parametrize("name", LISTENERS)
@pytest.mark.parametrize("called", GOOD_NAMES)
def test_a_name_stays_one_segment_escaped_once(name: str, called: str) -> None:
    target = side(name, {"stop": called}).target
    assert FIT_FOR_PATH.fullmatch(target)
    resource, segment = target.split("/")
    assert (resource, unquote(segment)) == (PLACES[name], called)
    started = side(name, {"start": {**LISTENERS[name], "name": called}})
    assert (started.target, started.fields["Name"]) == (PLACES[name], called)


@pytest.mark.parametrize("name", LISTENERS)
@pytest.mark.parametrize("called", BAD_NAMES)
def test_a_name_that_could_lead_elsewhere_is_refused(name: str, called: str) -> None:
    stop = {"stop": called}
    assert refusal(name, stop) == ("bad-argument", column(name, stop, called))
    start = {"start": {**LISTENERS[name], "name": called}}
    assert refusal(name, start) == ("bad-argument", column(name, start, called))


@given(st.text(max_size=40))
def test_whatever_passes_for_a_name_is_fit_for_a_path(called: str) -> None:
    try:
        arguments = ACTIONS["stream"].prepare({"stop": called}, {})
    except ValueError:
        return
    make = ACTIONS["stream"].side
    assert make is not None
    target = make(arguments).target
    assert FIT_FOR_PATH.fullmatch(target)
    assert unquote(target) == f"Streams/{called or 'callflow'}"


# ---- URLs -----------------------------------------------------------------------------------

BAD_URLS = [
    *("https://example.com/media", "ws://example.com/media", "example.com", "wss://", "/media"),
    *("wss://example.com/media?a=1", "wss://example.com/media#a", "wss://example.com/a b"),
    *("wss://example.com/\r\nX-Evil:1", 'wss://example.com/"', "wss://[::1", "wss://a\x00b/"),
    "wss://example.com/" + "x" * 5_000,
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_socket_that_twilio_could_not_open_is_refused(url: str) -> None:
    value = {"start": {"url": url}}
    assert refusal("stream", value) == ("bad-url", column("stream", value, url))


@pytest.mark.parametrize("name", ["record", *LISTENERS])
@pytest.mark.parametrize("url", ["events", "wss://a.example/", "https://a.example/\n", "https://"])
def test_a_callback_that_twilio_could_not_reach_is_refused(name: str, url: str) -> None:
    value = {"start": {**LISTENERS.get(name, {}), "status_callback": url}}
    assert refusal(name, value) == ("bad-url", column(name, value, url))


@pytest.mark.parametrize("value", HOSTILE)
def test_a_caller_can_change_no_socket_and_no_parameter(value: str) -> None:
    start = {"url": f"{WSS}/{{{{ caller_name }}}}", "parameters": {"who": "{{ caller_name }}"}}
    if value == "\ud800 lone \udfff":
        value = "lone"
    made = side("stream", {"start": start}, caller_name=value).fields
    head, segment = made["Url"].rsplit("/", 1)
    assert head == WSS
    assert unquote(segment) == made["Parameter1.Value"]
    assert set(made) == {"Url", "Name", "Parameter1.Name", "Parameter1.Value"}


def test_times_and_durations_are_for_programs() -> None:
    told = {"age": "{{ age }}", "since": "{{ start_time }}"}
    made = side("siprec", {"start": {"connector": "c", "parameters": told}}).fields
    assert made["Parameter1.Value"] == "1864"
    assert made["Parameter2.Value"] == "2026-11-02T14:28:56Z"


# ---- the rest -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stream", "siprec"])
@pytest.mark.parametrize(
    ("key", "value"),
    [("a\x00", "x"), ("  ", "x"), ("k", "x\x07"), ("k", "x" * 5_000), ("k" * 501, "x")],
)
def test_a_parameter_that_would_not_arrive_is_refused(name: str, key: str, value: str) -> None:
    start = {"start": {**LISTENERS[name], "parameters": {key: value}}}
    assert refusal(name, start) == ("bad-argument", column(name, start, value))


def test_no_more_parameters_than_have_names() -> None:
    many = {f"p{number}": "x" for number in range(100)}
    assert refusal("stream", {"start": {"url": WSS, "parameters": many}})[0] == "bad-argument"
    made = side("stream", {"start": {"url": WSS, "parameters": dict(list(many.items())[:99])}})
    assert made.fields["Parameter99.Name"] == "p98"


def test_a_parameter_that_a_value_makes_too_long_holds_the_rule_back() -> None:
    start = {"url": WSS, "parameters": {"who": "{{ caller_name }}"}}
    only = held(line("stream", {"start": start}), caller_name="x" * 600)
    assert only.reason == "unsendable"
    assert only.detail == "a parameter of 603 characters; Twilio takes 500"


@pytest.mark.parametrize("option", ["connector", "speech_model", "inbound_label", "outbound_label"])
@pytest.mark.parametrize("text", ["  ", "a\x07", "x" * 5_000])
def test_texts_for_twilio_are_texts(option: str, text: str) -> None:
    name = "siprec" if option == "connector" else "transcribe"
    value = {"start": {option: text}}
    assert refusal(name, value) == ("bad-argument", column(name, value, text))


@pytest.mark.parametrize("hint", ["a,b", " ", "a\x00", "x" * 5_000])
def test_a_hint_is_one_hint(hint: str) -> None:
    value = {"start": {"hints": ["first", hint]}}
    assert refusal("transcribe", value) == ("bad-argument", column("transcribe", value, hint))


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("record", "begin", "unknown-value"),
        ("record", {"stop": True}, "unknown-key"),
        ("record", {"start": {"channels": "stereo"}}, "unknown-value"),
        ("record", {"start": {}, "pause": "skip"}, "bad-argument"),
        ("stream", {"start": {}}, "missing-key"),
        ("siprec", {"start": {"name": "a"}}, "missing-key"),
        ("stream", {"start": {"url": WSS, "track": "inbound_track"}}, "unknown-value"),
        ("transcribe", {"start": {"engine": "whisper"}}, "unknown-value"),
        ("transcribe", {"start": {"language": "en US"}}, "bad-name"),
        ("transcribe", {"start": {"partial_results": "yes"}}, "wrong-type"),
    ],
)
def test_what_is_not_of_the_language(name: str, value: Any, code: str) -> None:
    assert refusal(name, value)[0] == code
