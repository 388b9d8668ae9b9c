"""Promises of `dial`, `enqueue`, `restart` and `limit`: hostile values, and what is said of them.

Whatever stands in a field is refused where it stands, or arrives as it was written and as nothing
else. What comes out is read back by another parser than made it.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.actions import ACTIONS
from runner.actions.composing import compose, update_of
from runner.actions.sequence import check_sequence
from runner.actions.templates import clean
from runner.emergency import is_emergency
from runner.model import Update
from tests.actions.rendering import actions, held, made, problems
from tests.actions.test_hostile import HOSTILE

MARK = "MARK"
URL = "https://a.example/x"
#: Each field, in an action that is sound but for it, and where it arrives: an element, and one of
#: its attributes or "" for its text.
FIELDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "dial": ({"dial": MARK}, "Number", ""),
    "number": ({"dial": {"number": MARK}}, "Number", ""),
    "sip": ({"dial": {"sip": MARK}}, "Sip", ""),
    "client": ({"dial": {"client": MARK}}, "Client", ""),
    "conference": ({"dial": {"conference": MARK}}, "Conference", ""),
    "conference.name": ({"dial": {"conference": {"name": MARK}}}, "Conference", ""),
    "conference.wait_url": (
        {"dial": {"conference": {"name": "a", "wait_url": MARK}}},
        "Conference",
        "waitUrl",
    ),
    "queue": ({"dial": {"queue": MARK}}, "Queue", ""),
    "caller_id": ({"dial": {"client": "a", "caller_id": MARK}}, "Dial", "callerId"),
    "record": ({"dial": {"client": "a", "record": MARK}}, "Dial", "record"),
    "timeout": ({"dial": {"client": "a", "timeout": MARK}}, "Dial", "timeout"),
    "time_limit": ({"dial": {"client": "a", "time_limit": MARK}}, "Dial", "timeLimit"),
    "whisper": ({"dial": {"client": "a", "whisper": MARK}}, "Client", "url"),
    "greeting": ({"dial": {"queue": "a", "whisper": MARK}}, "Queue", "url"),
    "action": ({"dial": {"client": "a", "action": MARK}}, "Dial", "action"),
    "method": ({"dial": {"client": "a", "action": URL, "method": MARK}}, "Dial", "method"),
    "enqueue": ({"enqueue": MARK}, "Enqueue", ""),
    "enqueue.queue": ({"enqueue": {"queue": MARK}}, "Enqueue", ""),
    "enqueue.wait_url": ({"enqueue": {"queue": "a", "wait_url": MARK}}, "Enqueue", "waitUrl"),
    "enqueue.action": ({"enqueue": {"queue": "a", "action": MARK}}, "Enqueue", "action"),
    "restart": ({"restart": MARK}, "Redirect", ""),
    "limit": ({"limit": MARK}, "Dial", ""),
}
#: Fields that take any text of which every character can be seen.
NAMES = {"client", "conference", "conference.name", "queue", "enqueue", "enqueue.queue"}
URLS = {name for name, (_, _, attribute) in FIELDS.items() if attribute.lower().endswith("url")}
URLS |= {"action", "enqueue.action"}
MORE = [
    *("</Response>", "a & b", "'\"", "..", "%2e%2e/x", "\u202eabc", "a\nb", "a\tb", "x" * 5_000),
    *("javascript:alert(1)", "https://a.example/?a=1&b='2'", "https://a.example/%3C/Dial%3E"),
    *("https://a.example/</Dial>", "https://a.example/" + "x" * 5_000, "https://a.example/\u202e"),
    *("sip:a@b.example&x=1", "sip:a@b.example?X=1&Y=2", "sip:a@b.example\n", "sip:%zz@b.example"),
    *("client:a\u200bb", "+14155550100</Number>", "+١٤١٥٥٥٥٠١٠٠", "+14155550100\n", " "),
]
#: Half characters can't be written in a file at all.
LISTED = [value for value in (*HOSTILE, *MORE) if "\ud800" not in value]
values = st.one_of(
    st.sampled_from(LISTED), st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
)


def line_of(written: dict[str, Any], value: str) -> str:
    return json.dumps(written).replace(json.dumps(MARK), quoted(value))


def quoted(value: str) -> str:
    """The value as JSON and YAML both write it; what YAML can't carry unescaped is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in text)


def arrived(update: Update, element: str, attribute: str) -> str:
    """What stands at one place of the document, which has nothing beside what was written."""
    assert update.twiml is not None
    root = ElementTree.fromstring(update.twiml)
    assert [node.tag for node in root.iter()][:1] == ["Response"]
    assert len(list(root.iter())) <= 3
    (node,) = root.iter(element)
    return (node.get(attribute) if attribute else node.text) or ""


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", LISTED)
def test_a_hostile_value_is_refused_in_its_place_or_arrives(name: str, value: str) -> None:
    check(name, value)


@given(st.sampled_from(sorted(FIELDS)), values)
def test_any_value_is_refused_in_its_place_or_arrives(name: str, value: str) -> None:
    check(name, value)


def check(name: str, value: str) -> None:
    written, element, attribute = FIELDS[name]
    line = line_of(written, value)
    found = [each for each in problems(line) if each.is_error]
    if found:
        assert {each.position.line for each in found} == {6}
        column = len("      - ") + line.index(quoted(value)) + 1
        whole = found[0].code == "twiml-too-long" or found[0].position.column < column
        assert all(each.position.column >= column for each in found) or whole
        return
    sent = update_of(compose(actions(line)))
    assert sent is not None
    if name == "dial":
        element = {"sip": "Sip", "client": "Client"}.get(value.partition(":")[0], element)
    got = arrived(sent, element, attribute)
    if element == "Client" and not attribute:
        assert got == value.strip().removeprefix("client:").strip()
    else:
        assert got == (value.strip() if name in NAMES else value)
    assert clean(got) == got


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize("value", ["</Response>", 'Bob "B" & Söhne', "]]>", "&amp;", "a'b", "日本"])
def test_a_name_arrives_escaped_exactly_once(name: str, value: str) -> None:
    written, element, attribute = FIELDS[name]
    assert arrived(made(line_of(written, value)), element, attribute) == value


@pytest.mark.parametrize("name", sorted(NAMES))
@pytest.mark.parametrize("value", ["\u202eabc", "a\nb", "a\x07", "x" * 300, " "])
def test_a_name_that_nobody_could_read_is_refused(name: str, value: str) -> None:
    written, _, _ = FIELDS[name]
    assert {each.code for each in problems(line_of(written, value))} == {"bad-argument"}


@pytest.mark.parametrize("name", sorted(URLS))
@pytest.mark.parametrize("value", [each for each in HOSTILE if clean(each).strip()])
def test_a_caller_can_change_no_url(name: str, value: str) -> None:
    written, element, attribute = FIELDS[name]
    line = line_of(written, "https://a.example/v?a=1&n={{ caller_name }}")
    got = arrived(made(line, caller_name=value), element, attribute)
    parts = urlsplit(got)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "a.example", "/v")
    assert parse_qsl(parts.query) == [("a", "1"), ("n", clean(value))]


@pytest.mark.parametrize("name", sorted(URLS))
def test_a_missing_value_holds_the_rule_back(name: str) -> None:
    line = line_of(FIELDS[name][0], "https://a.example/{{ caller_name }}")
    assert held(line, caller_name=None).reason == "unsendable"


@pytest.mark.parametrize("name", sorted(set(FIELDS) - URLS))
def test_no_caller_chooses_whom_the_call_goes_to(name: str) -> None:
    (problem,) = problems(line_of(FIELDS[name][0], "{{ from }}"))
    assert problem.code in ("placeholder", "unknown-value", "bad-duration")


EMERGENCIES = ["911", "112", "999", "+911", "+44999", "+49110", "9-1-1", "(911)", "933", "000"]


@pytest.mark.parametrize("number", EMERGENCIES)
@pytest.mark.parametrize(
    "written",
    [
        "dial: '{}'",
        "dial: {{number: '{}'}}",
        "dial: {{number: ['+14155550100', '{}']}}",
        "dial: 'sip:{}@pbx.example.com'",
        "dial: {{sip: 'sip:{};user=phone@pbx.example.com'}}",
        "dial: {{client: a, caller_id: '{}'}}",
    ],
)
def test_no_flow_dials_an_emergency_number(number: str, written: str) -> None:
    (problem,) = problems(written.format(number))
    assert (problem.code, problem.is_error) == ("emergency-number", True)


@given(st.text(alphabet="+0123456789-(). ", max_size=18))
def test_what_passes_for_a_number_is_no_emergency_number(value: str) -> None:
    try:
        arguments = ACTIONS["dial"].prepare(value, {})
    except ValueError:
        return
    assert arguments == {"number": [value]}
    assert not is_emergency(value)


# ---- restart --------------------------------------------------------------------------------

VOICE = {"url": "https://a.example/v?a='1'&b=</Response>", "method": "GET"}


def test_what_is_looked_up_arrives_escaped_exactly_once() -> None:
    (alone,) = compose(actions("restart"), found={"voice": {**VOICE, "fallback_url": URL}})
    assert alone.update == Update(url=VOICE["url"], method="GET", fallback_url=URL)
    after = update_of(compose(actions("say: Hello.", "restart"), found={"voice": VOICE}))
    assert after is not None
    assert arrived(after, "Redirect", "") == VOICE["url"]


def test_a_document_that_what_is_looked_up_makes_too_long_is_not_sent() -> None:
    then = actions("say: Hello.", "restart")
    assert check_sequence(then) == []
    with pytest.raises(ValueError, match="Twilio takes 4,000"):
        compose(then, found={"voice": {"url": "https://a.example/" + "x" * 4_000}})


def test_where_nothing_is_found_nothing_is_sent() -> None:
    (part,) = compose(actions("restart"), found={"voice": "the number has no voice URL"})
    assert (part.update, part.fault) == (None, "the number has no voice URL")


# ---- what is said of them -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("dial: '+14155550100'", "connects it with +14155550100"),
        ("dial: 'client:ann'", "connects it with ann"),
        (
            "dial: {number: ['+14155550100', '+14155550101']}",
            "connects it with the first to answer of +14155550100, +14155550101",
        ),
        ("dial: {conference: desk}", "takes it into the conference desk"),
        ("dial: {queue: desk}", "connects it with whoever has waited longest in queue desk"),
        ("enqueue: desk", "puts it into the queue desk"),
        ("restart", "begins again with the voice URL of the number that was called"),
    ],
)
def test_what_is_told_of_it(written: str, told: str) -> None:
    (action,) = actions(written)
    tell = ACTIONS[action.name].effects
    assert tell is not None
    assert tell(action.arguments) == (told,)
