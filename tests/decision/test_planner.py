"""Promises of plans: the same in turns as at once, and legs are those that a plain look finds."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.call import Call
from runner.decision.bounds import Bounds
from runner.decision.groups import Groups
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher
from runner.decision.once import History, Past
from runner.decision.planner import TURN, Planner, decide
from runner.decision.steps import Plan
from runner.decision.turns import at_once
from runner.guards import UNLIMITED, Burst, Guard, Guards
from runner.model import Action, Flow, Moment
from tests.decision.generated import NOW, SPEAK, call, cond, flow, flow_lists, here, rule
from tests.speed.counting import functions_called

MOMENT = Moment(NOW)
FITS = cond("status", "eq", "in-progress")
FREE = Guard(UNLIMITED, UNLIMITED)
MANY = [call(sid=f"CA{number:04}") for number in range(3 * TURN)]
SIDS = ["CA1", "CA2", "CA3", "CA4", "CA5"]
FAMILIES = st.lists(
    st.builds(
        call,
        sid=st.sampled_from(SIDS),
        parent_call_sid=st.sampled_from([None, None, *SIDS, "CA9"]),
        caller_name=st.sampled_from([None, None, "Ann"]),
    ),
    max_size=5,
    unique_by=lambda each: each.sid,
)


def planned(flows: tuple[Flow, ...], history: History) -> tuple[Plan, int]:
    """The plan, made in turns, and how often that paused."""
    verdicts = decide(Matcher(flows), MANY, MOMENT, Holds({}, NOW))
    turns, pauses = Planner(MANY, MOMENT).plan_in_turns(verdicts, history), 0
    while True:
        try:
            next(turns)
        except StopIteration as end:
            plan: Plan = end.value
            assert plan == Planner(MANY, MOMENT).plan(verdicts, history)
            return plan, pauses
        pauses += 1


@pytest.mark.parametrize("spent", [False, True])
def test_a_plan_of_many_pauses_again_and_again(spent: bool) -> None:
    acts = {each.sid: {"f/a": Past(1, NOW)} for each in MANY} if spent else {}
    flows = (flow(rule("a", FITS, guard=FREE)),)
    plan, pauses = planned(flows, History(acts, now=NOW))
    assert pauses >= len(MANY) // TURN
    assert len(plan.steps) == (0 if spent else len(MANY))
    assert {each.reason for each in plan.held} == ({"once"} if spent else set())


def test_the_first_of_two_flows_acts_and_a_flow_of_higher_priority_before_it() -> None:
    flows = tuple(
        flow(rule("a", FITS, flow=name, guard=FREE, then=SPEAK), name=name, priority=priority)
        for name, priority in (("one", 0), ("two", 0), ("urgent", 5))
    )
    plan, _ = planned(flows, History(now=NOW))
    assert {step.rule.key for step in plan.steps} == {"urgent/a"}
    held = {(each.rule.key, each.reason) for each in plan.held}
    assert held == {("one/a", "outranked"), ("two/a", "outranked")}


@given(
    flow_lists(),
    FAMILIES,
    st.sampled_from([FREE, Guard(Burst(0.2, 1), UNLIMITED)]),
    st.dictionaries(st.sampled_from(SIDS), st.just({"f/r0": Past(1, NOW)})),
)
def test_a_plan_of_one_step_tells_whether_the_whole_does_anything(
    flows: list[Flow], calls: list[Call], guard: Guard, acts: dict[str, dict[str, Past]]
) -> None:
    """By it a poll knows that it has to look at all calls before anything is done."""
    bounds = Bounds(
        protects=lambda each: "named" if each.caller_name else "", guards=Guards(rule=guard)
    )
    verdicts = decide(Matcher(tuple(flows)), calls, MOMENT, Holds({}, NOW))
    history = History(acts, now=NOW)
    whole = Planner(calls, MOMENT, bounds=bounds).plan(verdicts, history)
    planner = Planner(calls, MOMENT, bounds=bounds)
    begun = at_once(planner.plan_in_turns(verdicts, history, whole=False))
    if whole.steps or whole.trips:
        assert len(begun.steps) == 1
    else:
        assert begun == whole


# ---- legs -------------------------------------------------------------------------------------


def plainly(asked: Call, by_sid: Mapping[str, Call]) -> str:
    """The top of a call's legs, climbed step by step."""
    climbed = [asked.sid]
    parent = asked.parent_call_sid
    while parent and parent not in climbed:
        climbed.append(parent)
        parent = by_sid[parent].parent_call_sid if parent in by_sid else None
    return climbed[-1]


@given(FAMILIES)
def test_a_group_is_known_by_who_stands_at_its_top(calls: list[Call]) -> None:
    groups, by_sid = Groups(calls), {each.sid: each for each in calls}
    for each in calls:
        top = plainly(each, by_sid)
        assert groups.of(each) == groups.of_sid(each.sid) == top
        together = [other for other in calls if plainly(other, by_sid) == top]
        assert list(groups.legs(top)) == together or together == [each]
    assert groups.of_sid("CA7") == "CA7"


@given(FAMILIES)
def test_who_has_a_protected_leg_is_told_which(calls: list[Call]) -> None:
    bounds = Bounds(protects=lambda each: "named" if each.caller_name else "")
    planner, by_sid = Planner(calls, MOMENT, bounds=bounds), {each.sid: each for each in calls}
    for each in calls:
        top = plainly(each, by_sid)
        legs = [o.sid for o in calls if o.caller_name and plainly(o, by_sid) == top]
        leg = f"its leg {legs[-1]}: named" if legs else ""
        assert planner.protection(each) == ("named" if each.caller_name else leg)


def test_a_busy_leg_holds_its_whole_group_back() -> None:
    parent, leg = call(sid="CA1"), call(sid="CA2", parent_call_sid="CA1")
    verdicts = decide(Matcher((flow(rule("a", FITS)),)), [parent], MOMENT, Holds({}, NOW))
    for busy in ("CA1", "CA2"):
        planner = Planner([parent, leg], MOMENT, busy=frozenset({busy}))
        (held,) = planner.plan(verdicts, History(now=NOW)).held
        assert held.reason == "in-flight"


# ---- many -------------------------------------------------------------------------------------


def test_what_waits_behind_updates_is_found_without_comparing_each_with_each() -> None:
    record = (Action("record", {"start": {}}, here()),)
    flows = (
        flow(rule("a", FITS, guard=FREE)),
        flow(rule("b", FITS, flow="g", then=record), name="g"),
    )

    def work(calls: list[Call]) -> int:
        verdicts = decide(Matcher(flows), calls, MOMENT, Holds({}, NOW))
        planner, history = Planner(calls, MOMENT), History(now=NOW)
        plans: list[Plan] = []
        count = functions_called(lambda: plans.append(planner.plan(verdicts, history)))
        assert [each.reason for each in plans[0].held] == ["outranked"] * len(calls)
        return count

    work(MANY[:1])
    few = work(MANY[: len(MANY) // 4])
    assert work(MANY) < 5 * few
