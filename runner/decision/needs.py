"""What would have to change for a condition to hold: the fewest comparisons, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.decision.tree import Node, Seen
from runner.durations import format_duration
from runner.language.fields import FIELDS
from runner.model import Millis

#: Operator → what a value that holds does, and what one that does not hold does.
_WORDS = {
    "eq": ("be {}", "be other than {}"),
    "not": ("be other than {}", "be {}"),
    "in": ("be one of {}", "be none of {}"),
    "not_in": ("be none of {}", "be one of {}"),
    "in_list": ("be in the list {}", "be outside the list {}"),
    "not_in_list": ("be outside the list {}", "be in the list {}"),
    "prefix": ("start with {}", "start with something other than {}"),
    "suffix": ("end with {}", "end with something other than {}"),
    "glob": ("fit the pattern {}", "not fit the pattern {}"),
    "regex": ("fit the expression {}", "not fit the expression {}"),
    "gt": ("be more than {}", "be at most {}"),
    "gte": ("be at least {}", "be less than {}"),
    "lt": ("be less than {}", "be at least {}"),
    "lte": ("be at most {}", "be more than {}"),
    "between": ("be within {}", "be outside {}"),
}
#: The same for times, which come after or before one another.
_TIMES = {
    "gt": ("be after {}", "be no later than {}"),
    "gte": ("be no earlier than {}", "be before {}"),
    "lt": ("be before {}", "be no earlier than {}"),
    "lte": ("be no later than {}", "be after {}"),
}
_EXISTS = ("be there", "be empty")


@dataclass(frozen=True, slots=True)
class Need:
    """One comparison that would have to come out as `wanted`.

    `wait` is how long until it does so by itself, None where waiting alone won't do it.
    """

    seen: Seen
    wanted: bool
    wait: Millis | None = None

    def __str__(self) -> str:
        return f"{self.seen.name} would have to {_wanted(self)} ({_as_it_is(self)})"


def needs(node: Node, wanted: bool = True) -> tuple[Need, ...] | None:
    """The fewest comparisons that would have to change for the condition to come out so.

    None where no call could make it so. Of equally short ways the one that comes by waiting, then
    the one written first.
    """
    if isinstance(node, Seen):
        return () if node.truth is wanted else (Need(node, wanted, _wait(node, wanted)),)
    if node.kind == "not":
        return needs(node.items[0], not wanted)
    ways = [needs(item, wanted) for item in node.items]
    return _together(ways) if (node.kind == "all") is wanted else _nearest(ways)


def _together(ways: Sequence[tuple[Need, ...] | None]) -> tuple[Need, ...] | None:
    found: list[Need] = []
    for way in ways:
        if way is None:
            return None
        found.extend(way)
    return tuple(found)


def _nearest(ways: Sequence[tuple[Need, ...] | None]) -> tuple[Need, ...] | None:
    possible = [way for way in ways if way is not None]
    return min(possible, key=_distance, default=None)


def _distance(way: tuple[Need, ...]) -> tuple[int, int]:
    return len(way), sum(need.wait is None for need in way)


def _wait(seen: Seen, wanted: bool) -> Millis | None:
    """Ages grow by themselves; nothing else of a call comes about by waiting alone."""
    test, value = seen.test, seen.value
    if test.field != "age" or not isinstance(value, int):
        return None
    low, high = test.value if test.operator == "between" else (test.value, test.value)
    at = {
        ("gt", True): low + 1,
        ("gte", True): low,
        ("lt", False): low,
        ("lte", False): low + 1,
        ("between", True): low,
        ("between", False): high + 1,
    }.get((test.operator, wanted))
    return at - value if at is not None and at > value else None


def _wanted(need: Need) -> str:
    test = need.seen.test
    if test.operator == "exists":
        return _EXISTS[test.value is not need.wanted]
    kind = FIELDS[test.field].type
    if kind == "window":
        return f"{'hold' if need.wanted else 'not hold'} for the window {need.seen.wanted}"
    table = _TIMES if kind == "time" and test.operator in _TIMES else _WORDS
    holds, fails = table[test.operator]
    return (holds if need.wanted else fails).format(need.seen.wanted)


def _as_it_is(need: Need) -> str:
    seen = need.seen
    if seen.value is None:
        return "the call has none"
    if need.wait is not None:
        # Rounded up: what is said to have come must have come.
        wait = need.wait if need.wait <= 10_000 else -(-need.wait // 1000) * 1000
        return f"in {format_duration(wait)}"
    if need.wanted and seen.test.field == "age" and seen.test.operator in ("lt", "lte", "between"):
        return f"it is {seen.shown} and only grows"
    return f"it is {seen.shown}"
