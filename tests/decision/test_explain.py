"""Promises of explain: never another verdict than the plan's; the fewest changes, that do it."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.call import Call
from runner.decision.explain import Explanation, Scene, explain, explain_all
from runner.decision.holds import Holds, hold_key
from runner.decision.live import LiveSet
from runner.decision.matcher import Matcher
from runner.decision.needs import needs
from runner.decision.once import History, Past, Turn
from runner.decision.planner import Planner, decide
from runner.decision.tree import Group, Node, Seen, leaves, look
from runner.decision.truth import Truth, predicate
from runner.language.windows import Window, Windows
from runner.model import AllOf, AnyOf, Condition, Flow, Mode, Moment, Not, Once, Test
from runner.problems import Position
from tests.decision.generated import (
    CALLS,
    CONDITIONS,
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
) -> Scene:
    """One poll, decided as the engine decides."""
    history = history or History(now=NOW)
    moment = Moment(NOW, LiveSet(calls, NOW))
    holds = Holds(before or {}, NOW)
    verdicts = decide(Matcher(tuple(flows)), calls, moment, holds)
    plan = Planner(calls, moment, busy=busy).plan(verdicts, history)
    return Scene(calls, moment, holds, plan, history)


def told(found: list[Explanation]) -> list[tuple[str, str]]:
    return [(each.rule.id, each.fate) for each in found]


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


# ---- what would have to change ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (MISSES, "from would have to start with +1415 (it is +12125550100)"),
        (
            cond("age", "gte", 1_800_000, written="30m"),
            "age would have to be at least 30m (in 4m12s)",
        ),
        (
            cond("age", "lt", 60_000, written="1m"),
            "age would have to be less than 1m (it is 25m48s and only grows)",
        ),
        (cond("caller_name", "eq", "Ann"), "caller_name would have to be Ann (the call has none)"),
        (
            cond("from", "in_list", frozenset({"+1"}), written="partners"),
            "from would have to be in the list partners (it is +12125550100)",
        ),
        (
            cond("from", "in", frozenset({"+1", "+2"}), written=["+1", "+2"]),
            "from would have to be one of [+1, +2] (it is +12125550100)",
        ),
        (
            cond("caller_name", "exists", True),
            "caller_name would have to be there (the call has none)",
        ),
        (
            Not(cond("from", "suffix", "0100"), Position("x.yaml", 1, 1)),
            "from would have to end with something other than 0100 (it is +12125550100)",
        ),
        (
            cond("start_time", "gte", NOW, written="2023-11-14T22:13:20Z"),
            "start_time would have to be no earlier than 2023-11-14T22:13:20Z "
            "(it is Tue, 14 Nov 2023 21:47:32 +0000)",
        ),
    ],
)
def test_needs_are_said_in_words(condition: Condition, words: str) -> None:
    seen = call(start_time="Tue, 14 Nov 2023 21:47:32 +0000")
    found = needs(look(condition, seen, Moment(NOW)))
    assert found is not None
    assert [str(need) for need in found] == [words]


OFFICE = Windows((Window("office", "America/New_York", frozenset(range(5)), 9 * 60, 17 * 60),))


def test_a_window_says_when_it_opens_and_closes() -> None:
    during = Test("during", "in", OFFICE, "office", here())
    (need,) = needs(look(during, call(), Moment(NOW))) or ()
    assert str(need) == "the time would have to be during office (in 15h46m40s)"
    assert look(during, call(), Moment(NOW)) == need.seen
    assert (need.seen.words, need.seen.shown) == ("during office", "Tue 2023-11-14 17:13 EST")
    friday = NOW + 3 * 24 * 3_600_000  # the next opening is on Monday, by the wall's clock
    (need,) = needs(look(during, call(), Moment(friday))) or ()
    assert need.wait == (2 * 24 + 15) * 3_600_000 + 46 * 60_000 + 40_000
    outside = Test("outside", "not_in", OFFICE, ["office"], here())
    assert needs(look(outside, call(), Moment(NOW))) == ()
    (need,) = needs(look(outside, call(), Moment(NOW)), wanted=False) or ()
    assert str(need) == "the time would have to be during [office] (in 15h46m40s)"


def test_what_nobody_listed_is_not_called_empty() -> None:
    busy = cond("concurrent", "gt", 10, by="from")
    (need,) = needs(look(busy, call(), Moment(NOW))) or ()
    assert str(need) == (
        "concurrent by from would have to be more than 10 (the other live calls are not known)"
    )
    live = Moment(NOW, LiveSet([call()], NOW))
    (need,) = needs(look(busy, call(), live)) or ()
    assert str(need) == "concurrent by from would have to be more than 10 (it is 1)"
    (need,) = needs(look(busy, call(from_=None), live)) or ()
    assert str(need).endswith("(the call has none)")


def test_of_any_the_nearest_branch_is_named() -> None:
    far = AllOf((MISSES, cond("caller_name", "eq", "Ann")), here())
    near = cond("age", "gte", 1_800_000, written="30m")
    tree = look(AnyOf((far, MISSES, near), here()), call(start_time="x"), Moment(NOW))
    assert [n.seen.test for n in needs(tree) or ()] == [MISSES]
    young = call(start_time="Tue, 14 Nov 2023 21:47:32 +0000")
    tree = look(AnyOf((far, MISSES, near), here()), young, Moment(NOW))
    assert [n.seen.test for n in needs(tree) or ()] == [near]


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
    return flows, calls, scene(flows, calls, before=before, history=history, busy=busy)


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
    assert said("shadow") == {(s.call.sid, s.rule.key) for s in plan.shadows}
    for reason in {held.reason for held in plan.held}:
        held = {(h.call.sid, h.rule.key) for h in plan.held if h.reason == reason}
        assert said(reason) == held
    for each in found:
        assert each.match.truth is predicate(each.rule.match)(each.call, seen.moment)
        assert each.needs is None or (each.needs == ()) is (each.match.truth is True)
        assert each.step is None or each.step.rule is each.rule


@given(CONDITIONS, CALLS)
def test_needs_are_enough_and_nothing_shorter_is(condition: Condition, one: Call) -> None:
    tree = look(condition, one, Moment(NOW))
    found = needs(tree)
    spots = list(leaves(tree))
    if found is None:
        assert not any(changed(tree, dict(way)) for way in ways(spots, len(spots)))
        return
    assert changed(tree, {id(need.seen): need.wanted for need in found})
    if found:
        assert not any(changed(tree, dict(way)) for way in ways(spots, len(found) - 1))


def ways(spots: list[Seen], longest: int) -> list[list[tuple[int, bool]]]:
    """Every way of deciding at most so many comparisons anew."""
    return [
        [(id(spot), bool(bits >> at & 1)) for at, spot in enumerate(chosen)]
        for size in range(longest + 1)
        for chosen in combinations(spots, size)
        for bits in range(2**size)
    ]


def changed(node: Node, instead: dict[int, bool]) -> bool:
    return kleene(node, instead) is True


def kleene(node: Node, instead: dict[int, bool]) -> Truth:
    """The truth of a tree with some comparisons decided anew: written apart from the matcher."""
    if isinstance(node, Seen):
        return instead.get(id(node), node.truth)
    truths = [kleene(item, instead) for item in node.items]
    if node.kind == "not":
        return None if truths[0] is None else not truths[0]
    short = node.kind == "any"
    if short in truths:
        return short
    return None if None in truths else not short
