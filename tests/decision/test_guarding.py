"""Promises of guards: what trips, what does not, and whom the guard over all flows counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.decision.guarding import Load, Trip, Wanted, judge
from runner.guards import NO_GUARD, UNLIMITED, Burst, Guard, Guards, Rate
from runner.model import AllOf, Flow, Rule
from runner.problems import Position

HERE = Position("f.yaml", 1, 1)
NOW = 1_000_000_000


def wanted(name: str, calls: int, *, guard: Guard = NO_GUARD, ends: bool = True) -> list[Wanted]:
    rule = Rule(name, "f", AllOf((), HERE), (), HERE, guard=guard)
    return [Wanted(Flow("f", (rule,), HERE, ""), rule, ends)] * calls


def tripped(trips: list[Trip]) -> dict[str, tuple[str, bool]]:
    return {trip.rule.id: (trip.guard, trip.together) for trip in trips}


@pytest.mark.parametrize(
    ("calls", "live", "trips"),
    [(10, 10, False), (11, 11, True), (11, 43, True), (11, 44, False), (25, 100, False)],
)
def test_a_burst_is_a_share_of_the_live_calls_once_more_than_ten(
    calls: int, live: int, trips: bool
) -> None:
    found = judge(wanted("r", calls, ends=False), Guards(), Load(live, NOW))
    assert tripped(found) == ({"r": ("burst", False)} if trips else {})


def test_a_share_is_exact_in_decimal_numbers() -> None:
    guard = Guard(Burst(0.29, 0))
    assert judge(wanted("r", 29, guard=guard, ends=False), Guards(), Load(100, NOW)) == []
    assert judge(wanted("r", 30, guard=guard, ends=False), Guards(), Load(100, NOW)) != []


@pytest.mark.parametrize(
    ("before", "calls", "trips"), [(29, 1, False), (30, 1, True), (0, 30, False), (0, 31, True)]
)
def test_a_rate_counts_calls_ended_in_the_window(before: int, calls: int, trips: bool) -> None:
    ended = {"f/r": [NOW - 59_999] * before + [NOW - 60_000] * 100}
    found = judge(wanted("r", calls), Guards(), Load(1_000, NOW, ended))
    assert tripped(found) == ({"r": ("rate", False)} if trips else {})


def test_a_clock_that_was_set_back_does_not_empty_the_window() -> None:
    ended = {"f/r": [NOW + 3_600_000] * 30}
    assert judge(wanted("r", 1), Guards(), Load(1_000, NOW, ended)) != []


def test_what_does_not_end_calls_is_not_rated() -> None:
    ended = {"f/r": [NOW] * 30}
    assert judge(wanted("r", 5, ends=False), Guards(), Load(1_000, NOW, ended)) == []


def test_all_flows_together_trip_every_rule_that_has_a_part_in_it() -> None:
    both = wanted("a", 10) + wanted("b", 10)
    assert judge(wanted("a", 10), Guards(), Load(40, NOW)) == []
    found = judge(both, Guards(), Load(40, NOW))
    assert tripped(found) == {"a": ("burst", True), "b": ("burst", True)}
    assert found[0].detail.startswith("all flows together: 20 calls of 40 live ones")


def test_a_rule_that_tripped_by_itself_does_not_drag_others_along() -> None:
    found = judge(wanted("wrong", 40) + wanted("right", 5), Guards(), Load(100, NOW))
    assert tripped(found) == {"wrong": ("burst", False)}


def test_limits_that_are_spelled_out_replace_both_defaults() -> None:
    free = Guard(UNLIMITED, UNLIMITED)
    all_of_them = wanted("r", 100, guard=free)
    assert judge(all_of_them, Guards(), Load(100, NOW)) == []
    ended = {"f/r": [NOW] * 500}
    load = Load(1_000, NOW, ended, spelled_out={"f/r": free})
    assert judge(wanted("other", 1), Guards(), load) == []


def test_a_configured_guard_over_all_flows_binds_even_the_unlimited() -> None:
    guards = Guards(together=Guard(rate=Rate(5, 60_000)))
    found = judge(wanted("r", 6, guard=Guard(UNLIMITED, UNLIMITED)), guards, Load(1_000, NOW))
    assert tripped(found) == {"r": ("rate", True)}


def test_the_configuration_sets_the_limits_of_rules_that_name_none() -> None:
    guards = Guards(rule=Guard(Burst(0.5, 2), Rate(3, 60_000)))
    assert judge(wanted("r", 3, ends=False), guards, Load(6, NOW)) == []
    found = judge(wanted("r", 4, ends=False), guards, Load(6, NOW))
    assert tripped(found) == {"r": ("burst", False)}
    own = Guard(rate=Rate(100, 60_000))  # says nothing of bursts
    found = judge(wanted("r", 4, guard=own, ends=False), guards, Load(6, NOW))
    assert tripped(found) == {"r": ("burst", False)}


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=4),
    st.integers(0, 200),
    st.integers(0, 40),
)
def test_whatever_passes_is_within_every_limit(
    batches: list[tuple[str, int]], live: int, before: int
) -> None:
    calls = [each for name, number in batches for each in wanted(name, number)]
    ended = {"f/a": [NOW - 1] * before}
    trips = tripped(judge(calls, Guards(), Load(live, NOW, ended)))
    left = [each for each in calls if each.rule.id not in trips]
    for name in {each.rule.id for each in left}:
        number = sum(each.rule.id == name for each in left)
        assert number <= max(10, live // 4)
        assert number + (before if name == "a" else 0) <= 30
    assert len(left) <= max(10, live // 4)
    assert not left or len(left) + before <= 30
