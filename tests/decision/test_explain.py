"""Promises of explain: never another verdict than the plan's; the fewest changes, that do it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runner.call import Call
from runner.decision.bounds import Bounds
from runner.decision.explain import Explanation, Scene, explain, explain_all
from runner.decision.holds import Holds, hold_key
from runner.decision.live import LiveSet
from runner.decision.matcher import Matcher
from runner.decision.once import History, Past, Turn
from runner.decision.planner import Planner, Step, decide
from runner.decision.tree import Group, leaves, look
from runner.decision.truth import predicate
from runner.guards import DEFAULT_GUARD, Burst, Guard, Guards, Rate
from runner.model import AllOf, AnyOf, Flow, Mode, Moment, Not, Once, Rule
from runner.pauses import Pause
from tests.decision.generated import (
    LISTS,
    NOW,
    SPEAK,
    call,
    cond,
    flow,
    flow_lists,
    here,
    rule,
)


def scene(
    flows: list[Flow],
    calls: list[Call],
    *,
    before: dict[tuple[str, str], int] | None = None,
    history: History | None = None,
    busy: frozenset[str] = frozenset(),
    bounds: Bounds | None = None,
) -> Scene:
    """One poll, decided as the engine decides."""
    history = history or History(now=NOW)
    moment = Moment(NOW, LiveSet(calls, NOW))
    holds = Holds(before or {}, NOW)
    verdicts = decide(Matcher(tuple(flows)), calls, moment, holds)
    bounds = bounds or Bounds()
    plan = Planner(calls, moment, busy=busy, bounds=bounds).plan(verdicts, history)
    return Scene(calls, moment, holds, plan, history, bounds=bounds)


def told(found: list[Explanation]) -> list[tuple[str, str]]:
    return [(each.rule.id, each.fate) for each in found]


RATE = Rate(2, 60_000)
FITS = cond("status", "eq", "in-progress")
MISSES = cond("from", "prefix", "+1415")


# ---- what each rule says ----------------------------------------------------------------------


def test_a_tree_shows_value_wanted_truth_and_place() -> None:
    inner = AnyOf((MISSES, cond("caller_name", "eq", "Ann")), here())
    tree = look(AllOf((FITS, Not(inner, here())), here()), call(), Moment(NOW))
    assert isinstance(tree, Group)
    assert (tree.kind, tree.truth) == ("all", None)
    status, sender, name = leaves(tree)
    assert (status.name, status.wanted, status.shown, status.truth) == (
        "status",
        "in-progress",
        "in-progress",
        True,
    )
    assert (sender.value, sender.truth, sender.position) == (
        "+12125550100",
        False,
        MISSES.position,
    )
    assert (name.value, name.shown, name.truth) == (None, "", None)


def test_the_first_rule_that_matches_takes_the_call_from_those_below() -> None:
    flows = [
        flow(
            rule("log", FITS, proceed=True, then=()),
            rule("off", FITS, enabled=False),
            rule("rehearsal", FITS, mode=Mode("shadow", 0.0)),
            rule("vip", FITS),
            rule("other", MISSES),
            rule("all", FITS),
        )
    ]
    found = explain(flows[0], call(), scene(flows, [call()]))
    assert told(found) == [
        ("log", "records"),
        ("off", "disabled"),
        ("rehearsal", "shadow"),
        ("vip", "acts"),
        ("other", "no-match"),
        ("all", "taken"),
    ]
    assert [each.behind for each in found] == ["", "", "", "", "f/vip", "f/vip"]
    assert "f/vip" in found[-1].detail
    assert not found[2].in_cohort
    assert found[2].step is not None


def test_a_hold_says_how_far_it_is() -> None:
    waiting = rule("wait", FITS, hold=120_000)
    flows = [flow(waiting, rule("below", FITS))]
    seen = scene(flows, [call()], before={("CA1", hold_key(waiting)): NOW - 30_000})
    first, second = explain(flows[0], call(), seen)
    assert (first.fate, first.held, first.matches) == ("hold", 30_000, False)
    assert first.detail == "its conditions have held for 30s; it wants 2m"
    assert second.fate == "acts"


def test_once_gives_the_turn_or_why_there_is_none() -> None:
    again = rule("again", FITS, once=Once(every=60_000, limit=3))
    other = rule("other", FITS, flow="g")
    flows = [flow(again), flow(other, name="g")]
    acts = {"CA1": {"f/again": Past(1, NOW - 90_000), "g/other": Past(1, NOW - 90_000)}}
    seen = scene(flows, [call()], history=History(acts, now=NOW))
    first, second = explain_all(flows, call(), seen)
    assert (first.fate, first.once) == ("acts", Turn(2))
    assert second.fate == "once"
    assert second.once == second.detail == "the rule has acted on this call (once per call)"


def test_what_the_planner_holds_back_keeps_its_word() -> None:
    flows = [flow(rule("a", FITS), priority=1), flow(rule("b", FITS, flow="g"), name="g")]
    assert [e.fate for e in explain_all(flows, call(), scene(flows, [call()]))] == [
        "acts",
        "outranked",
    ]
    busy = scene(flows, [call()], busy=frozenset({"CA1"}))
    assert [e.fate for e in explain_all(flows, call(), busy)] == ["in-flight", "in-flight"]
    child = call("CA2", parent_call_sid="CA1")
    legs = scene(flows, [call(), child])
    assert [e.fate for e in explain_all(flows, child, legs)] == ["leg-group", "leg-group"]
    ringing = call(status="ringing")
    rings = [flow(rule("a", cond("status", "eq", "ringing"), then=SPEAK))]
    assert explain(rings[0], ringing, scene(rings, [ringing]))[0].fate == "status"


def test_what_is_not_in_force_says_so() -> None:
    flows = [flow(rule("a", FITS), enabled=False)]
    assert explain(flows[0], call(), scene(flows, [call()]))[0].fate == "flow-disabled"
    away = flow(rule("a", FITS), accounts=("AC9",))
    moment = Moment(NOW)
    elsewhere = Scene([call()], moment, Holds({}, NOW), Planner([], moment).plan([], History()))
    foreign = Scene(
        elsewhere.calls, moment, elsewhere.holds, elsewhere.plan, flows=frozenset({"g"})
    )
    (found,) = explain(away, call(), foreign)
    assert (found.fate, found.detail) == ("other-account", "the flow is for AC9")
    gone = Scene([], moment, elsewhere.holds, elsewhere.plan)
    assert explain(flow(rule("a", FITS)), call(), gone)[0].fate == "unlisted"


def test_what_no_call_can_meet_has_no_needs() -> None:
    nobody = flow(rule("a", Not(AllOf((), here()), here())))
    (found,) = explain(nobody, call(), scene([nobody], [call()]))
    assert (found.needs, found.detail) == (None, "no call can meet these conditions")


# ---- for any flows and calls ------------------------------------------------------------------


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[Flow], list[Call], Scene]:
    flows, calls = draw(flow_lists()), draw(LISTS)
    every = [each for one in flows for each in one.rules]
    past = st.builds(Past, st.integers(1, 2), st.sampled_from([NOW - 5_000, NOW - 90_000]))
    acts = {c.sid: {r.key: draw(past) for r in every if draw(st.booleans())} for c in calls}
    before = {
        (c.sid, hold_key(r)): NOW - draw(st.sampled_from([0, 10_000, 60_000]))
        for c in calls
        for r in every
        if r.hold and draw(st.booleans())
    }
    values = {(r.key, "+14155550199", False): NOW - 60_000 for r in every if draw(st.booleans())}
    busy = draw(st.sampled_from([frozenset[str](), frozenset({"CA2"})]))
    history = History(acts, values, NOW)
    bounds = draw(bounds_for(every))
    seen = scene(flows, calls, before=before, history=history, busy=busy, bounds=bounds)
    return flows, calls, seen


@st.composite
def bounds_for(draw: st.DrawFn, every: list[Rule]) -> Bounds:
    pauses = st.builds(
        Pause,
        flow=st.sampled_from(["f", "g"]),
        rule=st.sampled_from(["", "r0", "r1"]),
        until=st.sampled_from([None, NOW - 1, NOW + 1]),
        tripped=st.booleans(),
    )
    small = Guard(draw(st.sampled_from([None, Burst(0.3, 1)])), draw(st.sampled_from([None, RATE])))
    return Bounds(
        now=NOW,
        pauses=draw(st.lists(pauses, max_size=2)),
        protects=lambda call: "why" if call.caller_name == "Ben" else "",
        guards=Guards(small.over(DEFAULT_GUARD), draw(st.sampled_from([None, small]))),
        ended={r.key: (NOW - 1_000,) for r in every if draw(st.booleans())},
        spelled_out={r.key: r.guard for r in every},
    )


@given(scenes())
def test_explain_says_acts_if_and_only_if_the_plan_has_that_step(
    drawn: tuple[list[Flow], list[Call], Scene],
) -> None:
    flows, calls, seen = drawn
    found = [each for one in calls for each in explain_all(flows, one, seen)]
    plan = seen.plan

    def said(*fates: str) -> set[tuple[str, str]]:
        return {(e.call.sid, e.rule.key) for e in found if e.fate in fates}

    assert said("acts") == {(s.call.sid, s.rule.key) for s in plan.steps}
    demoted = {(h.call.sid, h.rule.key) for h in plan.held if h.reason == "tripped"}
    assert said("shadow") == {(s.call.sid, s.rule.key) for s in plan.shadows} - demoted
    for reason in {held.reason for held in plan.held}:
        held = {(h.call.sid, h.rule.key) for h in plan.held if h.reason == reason}
        assert said(reason) == held
    for each in found:
        assert each.match.truth is predicate(each.rule.match)(each.call, seen.moment)
        assert each.needs is None or (each.needs == ()) is (each.match.truth is True)
        assert each.step is None or each.step.rule is each.rule
        assert each.fate != "protected" or each.protection
        assert (each.fate not in ("paused", "tripped")) or each.pause is not None
        assert each.fate != "acts" or not (each.pause or each.protection)
        _adds_up(each, seen)


def _adds_up(found: Explanation, seen: Scene) -> None:
    """What is said to be used of each guard trips exactly the rules that the plan says trip."""
    ending = sum(h.rule.key == found.rule.key for h in (*seen.plan.steps, *seen.plan.held)
                 if isinstance(h, Step) or h.reason == "guard")  # fmt: skip
    trips = {t.guard for t in seen.plan.trips if t.rule.key == found.rule.key and not t.together}
    burst = next(use for use in found.limits if use.guard == "burst" and not use.together)
    assert burst.used == ending
    assert ("burst" in trips) is (burst.allowed is not None and burst.used > burst.allowed)
    for use in found.limits:
        if use.guard == "rate" and not use.together and "burst" not in trips:
            assert use.allowed is not None
            assert ("rate" in trips) is (ending > 0 and use.used + ending > use.allowed)
