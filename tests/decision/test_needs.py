"""Promises of what would have to change: in words, enough to do it, and nothing shorter does."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given

from runner.call import Call
from runner.decision.live import LiveSet
from runner.decision.needs import needs
from runner.decision.tree import Node, Seen, leaves, look
from runner.decision.truth import Truth
from runner.language.windows import Window, Windows
from runner.model import AllOf, AnyOf, Condition, Moment, Not, Test
from runner.problems import Position
from tests.decision.generated import CALLS, CONDITIONS, NOW, call, cond, here

MISSES = cond("from", "prefix", "+1415")


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
