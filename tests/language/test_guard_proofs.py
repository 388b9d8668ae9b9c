"""A warning of a guard is a proof: no calls there can be make such a guard trip.

Held to what the planner goes by: whose turn it is (`once`), and what trips (`guarding`).
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.actions.sequence import says_goodbye
from runner.call import Call
from runner.decision.guarding import Load, Wanted, judge
from runner.decision.matcher import Verdict
from runner.decision.once import History, Past, Turn, turn_of
from runner.decision.truth import predicate
from runner.guards import Guard, Guards
from runner.model import Flow, Moment
from tests.language import small_worlds as world
from tests.language.test_guards import CODE, ON, ONE, PER_TO, TWO, burst, flow_of, rate

NOBODY = Guard("unlimited", "unlimited")
CALLS = [
    Call(sid=f"CA{number}", to=f"client:{to}", status="in-progress")
    for number, to in enumerate("aabc")
]
guards = st.sampled_from(
    [burst(max_share=share, at_least=n) for share in ("10%", "100%") for n in range(4)]
    + [rate(max=n, per=per) for per in ("1s", "20s", "30s", "1m") for n in range(5)]
)
limited_rules = st.builds(
    lambda guard, keys: {**guard, **keys},
    guards,
    st.fixed_dictionaries(
        {
            "match": st.sampled_from([ONE["match"], TWO["match"], PER_TO["match"], {}]),
            "once": st.sampled_from(
                [
                    {"per": "to", "within": "20s"},
                    {"every": "20s"},
                    {"every": "20s", "max": 2},
                    "per call",
                    {"per": "direction", "within": "20s"},
                ]
            ),
            "mode": st.sampled_from(["enforce", "enforce", "enforce", "shadow"]),
            "then": st.sampled_from([["hangup"], ["hangup"], [ON]]),
        }
    ),
)
listed = st.just(CALLS) | st.lists(st.sampled_from(CALLS), unique=True)
polls = st.lists(st.tuples(st.sampled_from([20_000, 19_999, 1]), listed), min_size=1, max_size=8)


@settings(max_examples=400, deadline=None)
@given(limited_rules, polls)
def test_what_is_warned_of_never_trips(
    rule: dict[str, Any], polls: list[tuple[int, list[Call]]]
) -> None:
    flow, problems = world.analysed(flow_of(rule))
    trips = trips_of(flow, polls)
    assert not (trips and [problem for problem in problems if problem.code == CODE]), trips


def test_what_is_not_warned_of_does_trip() -> None:
    """The limits of the table above are sharp: one lower, and these polls pass them."""
    calls = [Call(sid=sid, to="client:a", status="in-progress") for sid in ("CA1", "CA2")]
    tight = {**TWO, **rate(max=3, per="1h"), "once": {"every": "20s", "max": 2}}
    flow, _ = world.analysed(flow_of(tight))
    assert trips_of(flow, [(1, calls), (20_000, calls)]) == ["rate"]
    flow, _ = world.analysed(flow_of({**TWO, **burst(at_least=1)}))
    assert trips_of(flow, [(1, calls)]) == ["burst"]


def trips_of(flow: Flow, polls: list[tuple[int, list[Call]]]) -> list[str]:
    """The guards that trip when a flow of one rule meets these calls, by the rules of deciding."""
    [rule] = flow.rules
    acts: dict[str, dict[str, Past]] = {}
    values: dict[tuple[str, str, bool], int] = {}
    ended: list[int] = []
    found, now = [], world.NOON
    for gap, calls in polls:
        now += gap
        steps = turns_of(flow, calls, History(acts, values, now), Moment(now))
        wanted = [Wanted(flow, rule, says_goodbye(rule.then)) for _ in steps]
        load = Load(len(calls), now, {rule.key: ended})
        trips = judge(wanted, Guards(NOBODY, NOBODY), load)
        found += [trip.guard for trip in trips]
        for verdict, turn in () if trips else steps:
            acts[verdict.call.sid] = {rule.key: Past(turn.number, now)}
            values[rule.key, turn.value, False] = now
            ended += [now] if says_goodbye(rule.then) else []
    return found


def turns_of(
    flow: Flow, calls: list[Call], history: History, moment: Moment
) -> list[tuple[Verdict, Turn]]:
    [rule] = flow.rules
    if rule.mode.name == "shadow":
        return []
    taken: set[tuple[str, str, bool]] = set()
    found = []
    for call in calls:
        verdict = Verdict(call, flow, rule, 0)
        if predicate(rule.match)(call, moment) is not True:
            continue
        turn = turn_of(verdict, history, moment, taken)
        if isinstance(turn, Turn):
            found.append((verdict, turn))
            if turn.value:
                taken.add((rule.key, turn.value, False))
    return found
