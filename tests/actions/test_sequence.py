"""Promises: a `then` becomes exactly the update that the language says, or is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.actions import ACTIONS, BadArgument, twiml
from runner.actions.base import Verb
from runner.actions.composing import compose, update_of
from runner.actions.sequence import (
    applicable_statuses,
    check_sequence,
    ends_call,
    says_goodbye,
)
from runner.model import Action, Update
from runner.problems import Position

HERE = Position("x.yaml", 1, 1)
DEFAULTS = {"voice": "Polly.Joanna", "language": "en-US"}


def actions(*written: Any, defaults: dict[str, str] | None = None) -> list[Action]:
    made = []
    for item in written:
        name, value = (item, None) if isinstance(item, str) else next(iter(item.items()))
        made.append(Action(name, ACTIONS[name].prepare(value, defaults or {}), HERE))
    return made


@pytest.mark.parametrize(
    ("written", "update"),
    [
        (["hangup"], Update(status="completed")),
        (["cancel"], Update(status="canceled")),
        ([{"redirect": "https://a.example/x"}], Update(url="https://a.example/x")),
        (
            [
                {
                    "redirect": {
                        "url": "https://a.example/x",
                        "method": "GET",
                        "fallback_url": "https://a.example/f",
                        "fallback_method": "GET",
                    }
                }
            ],
            Update(
                url="https://a.example/x",
                method="GET",
                fallback_url="https://a.example/f",
                fallback_method="GET",
            ),
        ),
        (
            [{"say": "Bye & thanks"}, "hangup"],
            Update(twiml="<Response><Say>Bye &amp; thanks</Say><Hangup /></Response>"),
        ),
        (
            [
                {"pause": "1m5s"},
                {"redirect": {"url": "https://a.example/?a=1&b=2", "method": "GET"}},
            ],
            Update(
                twiml='<Response><Pause length="65" /><Redirect method="GET">'
                "https://a.example/?a=1&amp;b=2</Redirect></Response>"
            ),
        ),
        (
            [{"play": {"url": "https://a.example/a.mp3", "loop": 2}}, {"play": {"digits": "1w#"}}],
            Update(
                twiml='<Response><Play loop="2">https://a.example/a.mp3</Play>'
                '<Play digits="1w#" /></Response>'
            ),
        ),
        ([{"twiml": " <Response/> "}], Update(twiml="<Response/>")),
    ],
)
def test_a_list_becomes_one_update(written: list[Any], update: Update) -> None:
    made = actions(*written)
    assert check_sequence(made) == []
    assert update_of(compose(made)) == update


def test_defaults_fill_in_what_say_leaves_open() -> None:
    made = actions({"say": {"text": "Hi", "voice": "alice"}}, defaults=DEFAULTS)
    update = update_of(compose(made))
    assert update is not None
    assert update.twiml == '<Response><Say language="en-US" voice="alice">Hi</Say></Response>'


@pytest.mark.parametrize(
    ("written", "index", "code"),
    [
        (["hangup", {"say": "x"}], 1, "unreachable-action"),
        ([{"redirect": "https://a.example"}, "hangup"], 1, "unreachable-action"),
        ([{"say": "x"}, "cancel"], 1, "exclusive-action"),
        ([{"say": "x"}, {"twiml": "<Response/>"}], 1, "exclusive-action"),
        (
            [
                {"say": "x"},
                {"redirect": {"url": "https://a.example", "fallback_url": "https://b.example"}},
            ],
            1,
            "exclusive-action",
        ),
        ([{"say": "x" * 2500}, {"say": "y" * 1500}], 0, "twiml-too-long"),
    ],
)
def test_impossible_company_is_refused(written: list[Any], index: int, code: str) -> None:
    assert [(f.index, f.code) for f in check_sequence(actions(*written))] == [(index, code)]


@pytest.mark.parametrize(
    ("name", "value", "code", "key"),
    [
        ("say", "  ", "bad-argument", None),
        ("say", "bell \x07", "bad-argument", None),
        ("say", {"text": "\x00"}, "bad-argument", "text"),
        ("pause", "500ms", "bad-duration", None),
        ("pause", "0s", "bad-duration", None),
        ("redirect", "/relative", "bad-url", None),
        ("redirect", "https://a b.example", "bad-url", None),
        ("redirect", "ftp://a.example", "bad-url", None),
        ("redirect", "https://[::1", "bad-url", None),
        ("redirect", {"url": "https://a.example", "fallback_method": "GET"}, "bad-argument",
         "fallback_method"),
        ("redirect", {"url": "https://a.example", "fallback_url": "b"}, "bad-url", "fallback_url"),
        ("play", {"digits": "12x"}, "bad-argument", "digits"),
        ("play", {}, "bad-argument", None),
        ("play", {"url": "https://a.example", "digits": "1"}, "bad-argument", None),
        ("twiml", "<Response>", "bad-twiml", None),
        ("twiml", "<Say>x</Say>", "bad-twiml", None),
        ("twiml", "<Response/>" + " " * 10 + "x", "bad-twiml", None),
        ("twiml", "<Response>" + "x" * 4000 + "</Response>", "bad-twiml", None),
        (
            "twiml",
            '<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Response>&b;</Response>',
            "bad-twiml",
            None,
        ),
    ],
)  # fmt: skip
def test_a_bad_value_names_its_key(name: str, value: Any, code: str, key: str | None) -> None:
    with pytest.raises(BadArgument) as caught:
        ACTIONS[name].prepare(value, {})
    assert (caught.value.code, caught.value.key) == (code, key)


def test_statuses_in_which_a_list_can_act() -> None:
    assert applicable_statuses(actions("hangup")) == {"queued", "ringing", "in-progress"}
    assert applicable_statuses(actions("cancel")) == {"queued", "ringing"}
    assert applicable_statuses(actions({"say": "x"}, "hangup")) == {"in-progress"}


@pytest.mark.parametrize(
    ("written", "ends", "says"),
    [
        ([{"say": "x"}], True, False),
        ([{"say": "x"}, "hangup"], True, True),
        (["cancel"], True, True),
        ([{"say": "x"}, {"redirect": "https://a.example"}], False, False),
    ],
)
def test_whether_the_call_is_over_afterwards(written: list[Any], ends: bool, says: bool) -> None:
    made = actions(*written)
    assert (ends_call(made), says_goodbye(made)) == (ends, says)


_XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
)


@given(st.lists(st.tuples(_XML_TEXT, _XML_TEXT), max_size=4))
def test_what_is_built_is_well_formed_and_as_long_as_measured(pairs: list[tuple[str, str]]) -> None:
    verbs = [Verb("Say", {"voice": voice}, text) for voice, text in pairs]
    built = twiml.build(verbs)
    assert twiml.length(verbs) == len(built)
    assert twiml.fault_of(built) == ""
