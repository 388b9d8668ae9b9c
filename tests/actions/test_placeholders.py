"""Promises: what placeholders say, what a missing value leads to, what is checked first."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from runner.actions.composing import compose
from runner.actions.sequence import check_sequence
from runner.call import Call
from runner.language.fields import FIELDS
from runner.language.placeholders import SELDOM
from runner.language.spoken import values_of
from runner.language.templates import SAYABLE
from runner.model import Update
from tests.actions.rendering import NOW, actions, call, held, made, problems, said, url


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("You are {{ from }}.", "You are +14155550199."),
        ("You are {{ from | spell }}.", "You are 1 4 1 5 5 5 5 0 1 9 9."),
        ("It ends in {{from|last4|spell}}", "It ends in 0 1 9 9"),
        ("'{{ caller_name | default(\"there\") }}!'", "Ada!"),
        ("'{{ forwarded_from | default(\"there\") }}!'", "there!"),
        ("'{{ forwarded_from | spell | upper | default(\"there\") }}!'", "there!"),
        ("'{{ forwarded_from | default(\"there\") | upper }}!'", "THERE!"),
        ("'{{ forwarded_from | default(\"\") }}!'", "!"),
        ("'{{ forwarded_from | default(\"}} <b> {{\") }}!'", "}} <b> {{!"),
        ("'{{ caller_name | upper }} {{ caller_name|lower }}'", "ADA ada"),
        ("for {{ age }}", "for 31 minutes"),
        ("seit {{ age | minutes }} Minuten, {{ age | seconds }} s", "seit 31 Minuten, 1864 s"),
        ("since {{ start_time }}", "since 2 November 2026, 14:28 UTC"),
        ("'{{ direction }}, {{ leg }}, {{ status }}'", "inbound, parent, in-progress"),
        ("'{{ age | default(\"x\") | upper }}'", "31 MINUTES"),
    ],
)
def test_fields_and_filters(text: str, heard: str) -> None:
    fields = {"direction": "inbound", "start_time": "Mon, 02 Nov 2026 14:28:56 +0000"}
    assert said(text, **fields) == heard


@pytest.mark.parametrize(
    ("age", "heard"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (119, "1 minute"),
        (3_600, "1 hour"),
        (3_900, "1 hour 5 minutes"),
        (90_061, "1 day 1 hour"),
    ],
)
def test_a_duration_is_said_as_people_say_it(age: int, heard: str) -> None:
    assert said("'{{ queue_time }}'", queue_time=str(age * 1000)) == heard
    sent = url("https://a.example/?q={{ queue_time }}", queue_time=str(age * 1000))
    assert sent == f"https://a.example/?q={age}"


def test_a_time_in_a_url_is_for_programs() -> None:
    at = {"date_created": "Mon, 02 Nov 2026 14:28:56 +0000"}
    sent = url("https://a.example/?t={{ date_created }}", **at)
    assert sent == "https://a.example/?t=2026-11-02T14%3A28%3A56Z"


def test_every_field_that_can_be_said_is_said_or_missing_and_never_none() -> None:
    full = {name: "7" for name in Call.__struct_fields__ if name != "sid"}
    full |= {"start_time": "Mon, 02 Nov 2026 14:28:56 +0000", "status": "in-progress"}
    full |= {"date_created": full["start_time"], "date_updated": full["start_time"]}
    for name in SAYABLE:
        for fields in (full, dict.fromkeys(full)):
            text = said(f"'{{{{ {name} | default(\"missing\") }}}}'", **fields)
            assert text.strip()
            assert "None" not in text
    assert set(FIELDS) >= SELDOM


@pytest.mark.parametrize("value", [None, "", "   ", "\x00\x07", "\u202e", "\ud800"])
def test_a_missing_value_holds_the_rule_back(value: str | None) -> None:
    only = held("say: 'Hello {{ caller_name }}.'", "hangup", caller_name=value)
    assert only.reason == "unsendable"
    assert only.detail == "caller_name is empty on this call, and its placeholder has no default"
    assert said("'Hello {{ caller_name | default(\"you\") }}.'", caller_name=value) == "Hello you."


def test_saying_nothing_at_all_is_held_back() -> None:
    only = held("say: '{{ caller_name | default(\"\") }}'", "hangup", caller_name=None)
    assert (only.reason, only.detail) == (
        "unsendable",
        "there is nothing to say: the text is empty",
    )


@pytest.mark.parametrize(
    ("written", "detail"),
    [
        ("say: '{{ caller_name }}'", "the TwiML is 10032 characters long"),
        ("say: '{{ caller_name | spell }}'", "the TwiML is 20031 characters long"),
        ("redirect: https://a.example/{{ caller_name }}", "the URL is 10,018 characters long"),
    ],
)
def test_what_grows_too_long_is_held_back_and_never_cut(written: str, detail: str) -> None:
    only = held(written, caller_name="x" * 10_000)
    assert only.reason == "unsendable"
    assert only.detail.startswith(detail)


def test_a_text_is_given_up_before_it_fills_the_memory() -> None:
    only = held("say: '" + "{{ caller_name }}" * 5_000 + "'", caller_name="x" * 10_000)
    assert only.detail == "the text grows beyond 100,000 characters"


def test_only_the_written_part_is_measured_beforehand() -> None:
    assert check_sequence(actions("say: '{{ caller_name }}" + "x" * 3_900 + "'", "hangup")) == []
    found = problems("say: '{{ to }}" + "x" * 4_000 + "'", "hangup")
    assert [problem.code for problem in found if problem.is_error] == ["twiml-too-long"]


def test_every_argument_with_placeholders_is_filled() -> None:
    update = made(
        "redirect: {url: 'https://a.example/{{ to }}', method: GET, "
        "fallback_url: 'https://b.example/{{ from }}'}",
        to="a b",
    )
    assert update == Update(
        url="https://a.example/a%20b",
        method="GET",
        fallback_url="https://b.example/%2B14155550199",
    )
    update = made("play: {url: 'https://a.example/{{ to }}.mp3', loop: 2}", "hangup", to="x&y")
    root = ElementTree.fromstring(update.twiml or "")
    assert (root[0].text, root[0].attrib) == ("https://a.example/x%26y.mp3", {"loop": "2"})


def test_a_rule_without_placeholders_is_composed_once() -> None:
    fixed = actions("say: Goodbye.", "hangup")
    assert compose(fixed, values_of(call(), NOW)) is compose(fixed, values_of(call(), NOW))
