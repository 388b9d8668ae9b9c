"""Whatever a test file gets wrong has its place, its code, and the nearest right word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.actions import ACTIONS
from runner.call import Call
from runner.cli.report import as_text
from runner.language.fields import FIELDS
from runner.language.schema import text_of
from runner.timeline.reader import read_tests
from tests.timeline.plays import HEAD, problems, written

CALLS = "calls: [{id: ann}, {id: ben}]"


def test_every_problem_comes_at_once_with_its_nearest_word(tmp_path: Path) -> None:
    test = """
name: t
calls:
  - {id: ann, apears: 0s}
  - {id: ben, then_at: {1m: {answered_bi: fax}}}
  - {id: cat, direction: inbuond, from: +14155550100}
  - {id: dan, parent: nobody}
expect:
  - {at: 55s, call: anne, rule: caps/cutt}
  - {at: 1m, call: ann, rule: cut, then: [hangupp]}
  - {at: 1m, call: ann, rule: warn, outcome: dun}
"""
    path = written(tmp_path, test)
    read = read_tests(path)
    text = as_text(read.problems, read.texts).replace(str(tmp_path) + "/", "")
    for said in (
        'flow.test.yaml:7:19: error: unknown key "apears" in call; did you mean "appears"? '
        "[unknown-key]\n  7 |       - {id: ann, apears: 0s}\n    |                   ^~~~~~\n",
        '8:34: error: unknown key "answered_bi" in change; did you mean "answered_by"?',
        '9:30: error: `direction` can\'t be the text "inbuond"; did you mean "inbound"?',
        "9:45: error: `from` must be text, and +14155550100 without quotes is a number to YAML; "
        'write "+14155550100" [number-as-text]',
        "12:14: error: there is no poll at 55s: they are every 10s; write 50s or 1m [no-poll]",
        '12:25: error: this test has no call "anne"; did you mean "ann"? [unknown-call]',
        '12:37: error: there is no rule "caps/cutt" in these flows; did you mean "caps/cut"?',
        '13:47: error: unknown action "hangupp"; did you mean "hangup"? [unknown-action]',
        '14:50: error: `outcome` can\'t be the text "dun"; known values are',
    ):
        assert said in text
    assert read.file is None


@pytest.mark.parametrize(
    ("test", "found"),
    [
        (f"name: t\n{CALLS}", ["5:11 missing-key"]),
        ("name: t\nuntil: 1m\ncalls: [{id: a}, {id: a}]", ["7:27 duplicate-call"]),
        ("name: t\nuntil: 1m\ncalls: [{id: a, sid: X}, {id: b, sid: X}]", ["7:43 duplicate-call"]),
        ("name: t\nuntil: 1m\ncalls: [{id: a, parent: b}, {id: b}]", ["7:29 unknown-call"]),
        (
            "name: t\nuntil: 1m\ncalls: [{id: a}, {id: b, parent: a, parent_call_sid: x}]",
            ["7:38 exclusive-key"],
        ),
        ("name: t\nuntil: 5m\ncalls: [{id: a, appears: 2m, ends: 1m}]", ["7:40 contradiction"]),
        ("name: t\nuntil: 5m\ncalls: [{id: a, vanishes: 0s}]", ["7:31 contradiction"]),
        (
            "name: t\nuntil: 5m\ncalls: [{id: a, appears: 2m, then_at: {1m: {status: ringing}}}]",
            ["7:44 contradiction"],
        ),
        (
            "name: t\nuntil: 5m\ncalls: [{id: a, then_at: {1m: {to: x}, 60s: {to: y}}}]",
            ["7:44 duplicate-key"],
        ),
        ("name: t\nuntil: 5m\ncalls: [{id: a, then_at: {1x: {to: x}}}]", ["7:31 bad-duration"]),
        ("name: t\nuntil: 5m\ncalls: [{id: a, ends: soon}]", ["7:27 bad-end"]),
        ("name: t\nuntil: 5m\ncalls: [{id: a, status: completed}]", ["7:29 unknown-value"]),
        ("name: t\nuntil: 5m\ncalls: [{id: a, answers: [lots]}]", ["7:31 unknown-value"]),
        (
            "name: t\nuntil: 5m\ncalls: [{id: a, answers: {kode: 1}}]",
            ["7:21 missing-key", "7:31 unknown-key"],
        ),
        ("name: t\nuntil: 5m\ncalls: [{id: a, from_country: US}]", ["7:21 unknown-key"]),
        ("name: t\nuntil: 400d\ncalls: [{id: a}]", ["6:12 out-of-range"]),
        ("name: t\npoll: 0s\nuntil: 5m\ncalls: [{id: a}]", ["6:11 out-of-range"]),
        ("name: t\npoll: 1ms\nuntil: 1h\ncalls: [{id: a}]", ["7:12 out-of-range"]),
        ("name: t\nuntil: 5m\nstart: 2026-13-01T00:00:00Z\ncalls: []", ["7:12 bad-time"]),
        ("name: t\nuntil: 5m\nstart: 0001-01-01T00:00:00Z\ncalls: []", ["7:12 out-of-range"]),
        (
            f"name: t\nuntil: 1m\n{CALLS}\nexpect: [{{at: 2m, call: ann, rule: caps/cut}}]",
            ["8:19 no-poll"],
        ),
        (
            f"name: t\n{CALLS}\nexpect: [{{at: 2m, call: ann, rule: caps/cut, twiml: <Say/>}}]",
            ["7:57 bad-twiml"],
        ),
        (
            f"name: t\n{CALLS}\nexpect: [{{at: 2m, call: ann, rule: caps/cut, "
            "request: {Twiml: <Say>}}]",
            ["7:67 bad-twiml"],
        ),
        (
            f"name: t\n{CALLS}\nexpect: [{{at: 2m, call: ann, rule: caps/cut, "
            "request: {Ulr: x}}]",
            ["7:60 unknown-key"],
        ),
        (
            f"name: t\n{CALLS}\nexpect: "
            "[{at: 2m, call: ann, rule: caps/cut, shadow: true, outcome: done}]",
            ["7:73 contradiction"],
        ),
        (
            f"name: t\n{CALLS}\ntrips: [{{at: 2m, rule: caps/cutt, guard: burst}}]",
            ["7:28 unknown-rule"],
        ),
        (
            f"name: t\nuntil: 1m\n{CALLS}\ntrips: [{{at: 5s, rule: caps/cut, guard: rate}}, "
            "{at: 2m, rule: caps/cut, guard: rate}]",
            ["8:18 no-poll", "8:57 no-poll"],
        ),
        (
            f"name: t\n{CALLS}\ntrips: [{{at: 2m, rule: caps/cut, guard: brust}}]",
            ["7:45 unknown-value"],
        ),
        (f"name: t\n{CALLS}\ntrips: [{{rule: caps/cut, guard: rate}}]", ["7:13 missing-key"]),
    ],
)
def test_what_cannot_be_played_is_refused(tmp_path: Path, test: str, found: list[str]) -> None:
    path = written(tmp_path, test)
    assert problems(path) == found


def test_two_tests_of_one_name_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, f"name: t\nuntil: 1m\n{CALLS}")
    path.write_text(path.read_text() + f"  - {{name: t, until: 1m, {CALLS}}}\n")
    assert problems(path) == ["8:12 duplicate-test"]


def test_flows_are_looked_for_beside_the_test(tmp_path: Path) -> None:
    path = written(tmp_path, f"name: t\nuntil: 1m\n{CALLS}", head=HEAD.replace("flow.y", "flwo.y"))
    assert problems(path) == ["2:9 no-such-path"]
    path = written(
        tmp_path, f"name: t\nuntil: 1m\n{CALLS}", head=HEAD.replace("flow.y", "flow.test.y")
    )
    assert problems(path) == ["2:8 no-flows"]


def test_a_broken_flow_is_shown_at_its_own_place(tmp_path: Path) -> None:
    test = f"name: t\n{CALLS}\nexpect: [{{at: 0s, call: anne, rule: caps/anything}}]"
    path = written(tmp_path, test, flow="version: 1\nflow: f\nrules: [{id: a, then: [hangupp]}]\n")
    read = read_tests(path)
    # Which rules there are is not known, so nothing is said of the rule.
    assert [(p.position.path, p.code) for p in read.problems] == [
        (str(tmp_path / "flow.test.yaml"), "unknown-call"),
        (str(tmp_path / "flow.yaml"), "unknown-action"),
    ]
    assert set(read.texts) == {p.position.path for p in read.problems}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty-file"),
        ("[]\n", "wrong-type"),
        ("version: 2\nflows: [flow.yaml]\ntests: [{name: t, calls: []}]\n", "unknown-value"),
        ("version: 1\ntests: [{name: t, calls: []}]\n", "missing-key"),
        ("version: 1\nflows: []\ntests: [{name: t, calls: []}]\n", "empty-value"),
        ("version: 1\nflows: [flow.yaml]\ntests: []\n", "empty-value"),
        ("version: 1\nflows: [flow.yaml]\ntests: 3\n", "wrong-type"),
        ("version: 1\nflows: flow.yaml\ntests: [{name: t, calls: []}]\n", "wrong-type"),
        ("version: 1\nflows: [flow.yaml\n", "yaml-syntax"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, text: str, code: str) -> None:
    path = written(tmp_path, f"name: t\n{CALLS}")
    path.write_text(text)
    assert any(code in line for line in problems(path))


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert problems(tmp_path / "no.test.yaml") == ["1:1 unreadable"]


# ---- the schema keeps up with the language ----------------------------------------------------

SCHEMA = json.loads(text_of("test"))["definitions"]


def test_every_action_can_be_expected() -> None:
    named = SCHEMA["expectation"]["properties"]["then"]["items"]["enum"]
    assert sorted(named) == sorted(ACTIONS)


def test_every_field_that_a_call_has_can_be_given() -> None:
    of_calls = {name.removesuffix("_") for name in Call.__struct_fields__} & set(FIELDS)
    assert of_calls <= set(SCHEMA["call"]["properties"])
    assert of_calls - {"sid", "parent_call_sid"} <= set(SCHEMA["change"]["properties"])


def test_everything_has_words_for_editors() -> None:
    def silent(schema: dict[str, object]) -> bool:
        target = SCHEMA.get(str(schema.get("$ref", "")).rpartition("/")[2], {})
        return not (schema.get("description") or target.get("description"))

    groups = ("test", "call", "change", "answerError", "expectation")
    without = [
        f"{group}.{name}"
        for group in groups
        for name, part in SCHEMA[group]["properties"].items()
        if silent(part)
    ]
    assert without == []
