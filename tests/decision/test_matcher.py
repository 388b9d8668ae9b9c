"""Promises: three-valued conditions, first match wins, reasons that a person can check."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.call import Call
from runner.decision.describe import reasons
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher
from runner.decision.truth import Truth, predicate
from runner.model import AllOf, AnyOf, Condition, Flow, Moment, Not, Rule, Test
from runner.problems import Position

HERE = Position("x.yaml", 1, 1)
NOW = Moment(1_700_000_000_000)
CALL = Call(sid="CA1", from_="+14155550199", to="", status="in-progress")


def test(field: str, operator: str, value: Any, **more: Any) -> Test:
    return Test(field, operator, value, value, HERE, **more)


test.__test__ = False  # type: ignore[attr-defined]

TRUE = test("from", "eq", "+14155550199")
FALSE = test("from", "eq", "+1")
UNKNOWN = test("caller_name", "eq", "x")
LEG = test("leg", "eq", "child")
VALUES = {True: TRUE, False: FALSE, None: UNKNOWN}


def holds(condition: Condition) -> Truth:
    return predicate(condition)(CALL, NOW)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (TRUE, True),
        (FALSE, False),
        (UNKNOWN, None),
        (test("to", "eq", "x"), None),
        (test("caller_name", "not", "x"), None),
        (test("caller_name", "not_in", frozenset({"x"})), None),
        (test("caller_name", "exists", False), True),
        (test("to", "exists", False), True),
        (test("from", "exists", True), True),
        (Not(UNKNOWN, HERE), None),
        (Not(FALSE, HERE), True),
        (AllOf((), HERE), True),
        (AnyOf((), HERE), False),
    ],
)
def test_missing_data_is_unknown_and_so_is_its_negation(
    condition: Condition, expected: Truth
) -> None:
    assert holds(condition) is expected


@given(st.lists(st.sampled_from([True, False, None]), max_size=5))
def test_all_and_any_are_kleenes(values: list[Truth]) -> None:
    items = tuple(VALUES[value] for value in values)
    expected_all = False if False in values else None if None in values else True
    expected_any = True if True in values else None if None in values else False
    assert holds(AllOf(items, HERE)) is expected_all
    assert holds(AnyOf(items, HERE)) is expected_any
    flipped = {True: False, False: True, None: None}
    assert holds(Not(AllOf(items, HERE), HERE)) is flipped[expected_all]


def flow(*rules: Rule, name: str = "f", **more: Any) -> Flow:
    return Flow(name, rules, HERE, "rev", **more)


def rule(name: str, condition: Condition, **more: Any) -> Rule:
    return Rule(name, "f", condition, (), HERE, **more)


def found(*flows: Flow) -> list[str]:
    return [v.rule.id for v in Matcher(flows).verdicts(CALL, NOW, Holds({}, NOW.now))]


def test_the_first_rule_that_matches_is_the_flows_verdict() -> None:
    assert found(flow(rule("a", FALSE), rule("b", TRUE), rule("c", TRUE))) == ["b"]
    assert found(flow(rule("a", UNKNOWN), rule("b", TRUE))) == ["b"]


def test_continue_looks_further() -> None:
    assert found(flow(rule("a", TRUE, proceed=True), rule("b", TRUE), rule("c", TRUE))) == [
        "a",
        "b",
    ]


def test_disabled_rules_take_nothing_from_those_below() -> None:
    assert found(flow(rule("a", TRUE, enabled=False), rule("b", TRUE))) == ["b"]
    assert found(flow(rule("a", TRUE), enabled=False)) == []


def test_flows_are_independent() -> None:
    assert found(flow(rule("a", TRUE)), flow(rule("b", TRUE), name="g")) == ["a", "b"]


def test_what_was_said_of_one_kind_of_calls_is_said_of_no_other() -> None:
    """More kinds than any account has: as many directions, in both legs, one after another."""
    outward = AllOf((TRUE, Not(test("direction", "eq", "d0"), HERE)), HERE)
    matcher = Matcher((flow(rule("a", outward), rule("b", AllOf((TRUE, LEG), HERE))),))
    calls = [
        Call(f"CA{number}", from_=TRUE.value, direction=direction, parent_call_sid=parent)
        for number, (direction, parent) in enumerate(
            (None if number == 1 else f"d{number}", parent)
            for _ in range(2)
            for number in range(300)
            for parent in (None, "CA1")
        )
    ]
    for call in calls:
        said = [v.rule.id for v in matcher.verdicts(call, NOW, Holds({}, NOW.now))]
        first = ["a"] if call.direction not in (None, "d0") else []
        assert said == (first or (["b"] if call.parent_call_sid else []))


def test_reasons_name_the_value_that_was_seen() -> None:
    condition = AllOf(
        (
            TRUE,
            AnyOf((FALSE, test("from", "prefix", "+1415")), HERE),
            Not(test("from", "suffix", "0"), HERE),
            test("status", "eq", "in-progress", implicit=True),
        ),
        HERE,
    )
    assert reasons(condition, CALL, NOW) == [
        "from +14155550199",
        "from +14155550199 prefix +1415",
        "not (from suffix 0)",
    ]


def test_ages_are_rounded_for_people() -> None:
    call = Call(sid="CA1", start_time="Tue, 14 Nov 2023 21:42:17 +0000")
    assert reasons(test("age", "gte", 1_800_000), call, NOW) == ["age 31m3s gte 1800000"]
