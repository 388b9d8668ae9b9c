"""What a test says of the world beside its calls: conferences, and how calls to numbers begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.timeline.records import Act
from tests.timeline.plays import HEAD, acts, played, problems, written

FLOW = """\
version: 1
flow: f
rules:
  - id: go
    match: {{age: {{gte: 30m}}}}
    then: {then}
"""
ANNOUNCE = FLOW.format(then='[{announce: "https://example.com/soon"}]')
RESTART = FLOW.format(then="[restart]")
NUMBER = "+14155550100"


def one(
    folder: Path, call: str, *, flow: str = RESTART, rest: str = "", head: str = HEAD
) -> list[Act]:
    """What is done to a call that is old enough at the first poll."""
    test = f"name: t\nuntil: 30s\ncalls: [{{id: ann, age: 30m, {call}}}]\n{rest}"
    return list(played(folder, test, flow=flow, head=head).acts)


# ---- conferences ------------------------------------------------------------------------------


def test_a_call_in_a_conference_hears_an_announcement(tmp_path: Path) -> None:
    (act,) = one(tmp_path, "conference: standup", flow=ANNOUNCE)
    assert (act.then, act.outcome) == (("announce",), "done")


def test_a_call_in_none_does_not(tmp_path: Path) -> None:
    (act,) = one(tmp_path, "to: x", flow=ANNOUNCE)
    assert (act.outcome, "in no conference" in act.detail) == ("failed", True)


def test_a_call_that_is_changed_leaves_its_conference(tmp_path: Path) -> None:
    flow = """\
version: 1
flow: f
rules:
  - id: move
    match: {age: {gte: 30m, lt: 31m}}
    then: [{redirect: "https://example.com/menu"}]
  - id: tell
    match: {age: {gte: 31m}}
    then: [{announce: "https://example.com/soon"}]
"""
    call = "{id: ann, age: 30m, conference: standup}"
    test = f"name: t\nuntil: 2m\ncalls: [{call}]"
    assert acts(tmp_path, test, flow=flow) == ["0s ann move done", "60s ann tell failed"]


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ("accepted", "done"),
        ("{code: 21220}", "failed"),
        ("{code: 20404}", "failed"),
        ("dropped", "unknown"),
        ("lost", "unknown"),
        ("[{code: 20429}, accepted]", "done"),
    ],
)
@pytest.mark.parametrize("then", ['announce: "https://example.com/soon"', "record: start"])
def test_answers_are_met_by_what_is_sent_beside_the_update(
    tmp_path: Path, then: str, answers: str, outcome: str
) -> None:
    call = f"conference: standup, answers: {answers}"
    (act,) = one(tmp_path, call, flow=FLOW.format(then=f"[{{{then}}}]"))
    assert act.outcome == outcome


# ---- numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "request_"),
    [
        ("https://example.com/voice", {"Url": "https://example.com/voice"}),
        (
            "{voice_url: https://example.com/voice, voice_method: GET,"
            " voice_fallback_url: https://b.example/, voice_fallback_method: POST}",
            {
                "Url": "https://example.com/voice",
                "Method": "GET",
                "FallbackUrl": "https://b.example/",
                "FallbackMethod": "POST",
            },
        ),
    ],
)
def test_a_call_begins_again_as_its_number_says(
    tmp_path: Path, number: str, request_: dict[str, str]
) -> None:
    rest = f'numbers: {{"{NUMBER}": {number}}}'
    (act,) = one(tmp_path, f'to: "{NUMBER}"', rest=rest)
    assert (act.outcome, act.request) == ("done", request_)


@pytest.mark.parametrize(
    ("call", "number", "words"),
    [
        ('to: "+14155550177"', "https://example.com/voice", "name it under `numbers`"),
        (f'to: "{NUMBER}"', "{voice_url: ''}", "has no voice URL"),
        (f'to: "{NUMBER}"', "{trunk_sid: TK1}", "hands its calls to a SIP trunk"),
        (
            f'to: "{NUMBER}"',
            "https://webhooks.twilio.com/v1/Accounts/AC1/Flows/FW1",
            "a Studio flow",
        ),
        (f'to: "{NUMBER}", direction: outbound-api', "https://example.com/", "outbound-api"),
    ],
)
def test_where_there_is_no_url_the_act_says_why(
    tmp_path: Path, call: str, number: str, words: str
) -> None:
    (act,) = one(tmp_path, call, rest=f'numbers: {{"{NUMBER}": {number}}}')
    assert (act.outcome, act.request) == ("failed", {})
    assert words in act.detail


def test_numbers_of_the_file_hold_for_tests_that_name_none(tmp_path: Path) -> None:
    ours = f'numbers: {{"{NUMBER}": "https://file.example/"}}\n'
    head = HEAD.replace("tests:", f"{ours}tests:")
    (act,) = one(tmp_path, f'to: "{NUMBER}"', head=head)
    assert act.request["Url"] == "https://file.example/"
    own = f'numbers: {{"{NUMBER}": "https://test.example/"}}'
    (act,) = one(tmp_path, f'to: "{NUMBER}"', head=head, rest=own)
    assert act.request["Url"] == "https://test.example/"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ('numbers: {"14155550100": "https://a.example/"}', "8:15 bad-phone-number"),
        (f'numbers: {{"{NUMBER}": {{voice_uri: x}}}}', "8:32 unknown-key"),
        (f'numbers: {{"{NUMBER}": {{voice_method: PUT}}}}', "8:46 unknown-value"),
        (f'numbers: {{"{NUMBER}": ""}}', "8:31 empty-value"),
        ("numbers: {}", "8:14 empty-value"),
    ],
)
def test_what_is_wrong_with_numbers_has_its_place(tmp_path: Path, lines: str, found: str) -> None:
    test = f"name: t\nuntil: 1m\ncalls: [{{id: ann}}]\n{lines}"
    assert problems(written(tmp_path, test)) == [found]


def test_a_conference_has_a_name(tmp_path: Path) -> None:
    test = "name: t\nuntil: 1m\ncalls: [{id: ann, conference: ''}]"
    assert problems(written(tmp_path, test)) == ["7:35 empty-value"]
