"""What would have to change for a condition to hold: the fewest comparisons, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from runner.decision.tree import Node, Seen
from runner.durations import format_duration
from runner.language.fields import FIELDS
from runner.model import Millis

if TYPE_CHECKING:
    from runner.language.windows import Window

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
    "over": ("be over {}", "be at most {}"),
}
#: The same for times, which come after or before one another.
_TIMES = {
    "gt": ("be after {}", "be no later than {}"),
    "gte": ("be no earlier than {}", "be before {}"),
    "lt": ("be before {}", "be no earlier than {}"),
    "lte": ("be no later than {}", "be after {}"),
}
#: A window that opens once a week, but for a holiday.
_DAYS_AHEAD = 16
_EXISTS = ("be there", "be empty")
_WINDOWS = {"in": ("be during {}", "be outside {}"), "not_in": ("be outside {}", "be during {}")}


@dataclass(frozen=True, slots=True)
class Need:
    """One comparison that would have to come out as `wanted`.

    `wait` is how long until it does so by itself, None where waiting alone won't do it.
    """

    seen: Seen
    wanted: bool
    wait: Millis | None = None

    def __str__(self) -> str:
        subject = "the time" if self.seen.is_window else self.seen.name
        return f"{subject} would have to {_wanted(self)} ({_as_it_is(self)})"


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
    """Ages grow and windows open by themselves; nothing else comes about by waiting alone."""
    test, value = seen.test, seen.value
    if seen.is_window and isinstance(value, int):
        is_open = wanted is (test.operator == "in")
        turns = (at for at in _turns(test.value.items, value) if (at in test.value) is is_open)
        return next((at - value for at in turns), None)
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


def _turns(windows: Iterable[Window], now: Millis) -> list[Millis]:
    """When the windows begin or end on the coming days, in order."""
    found = set()
    for window in windows:
        today = datetime.fromtimestamp(now // 1000, ZoneInfo(window.timezone))
        midnight = today.replace(hour=0, minute=0, second=0)
        for day in range(-1, _DAYS_AHEAD):
            for minute in (window.start, window.end):
                turn = midnight + timedelta(days=day, minutes=minute)  # on the wall's clock
                found.add(round(turn.timestamp() * 1000))
    return sorted(at for at in found if at > now)


def _wanted(need: Need) -> str:
    test = need.seen.test
    if test.operator == "exists":
        return _EXISTS[test.value is not need.wanted]
    table = _WORDS
    if need.seen.is_window:
        table = _WINDOWS
    elif FIELDS[test.field].type == "time" and test.operator in _TIMES:
        table = _TIMES
    holds, fails = table[test.operator]
    return (holds if need.wanted else fails).format(need.seen.wanted)


def _as_it_is(need: Need) -> str:
    seen = need.seen
    if seen.value is None:
        return seen.missing
    if need.wait is not None:
        # Rounded up: what is said to have come must have come.
        wait = need.wait if need.wait <= 10_000 else -(-need.wait // 1000) * 1000
        return f"in {format_duration(wait)}"
    if need.wanted and seen.test.field == "age" and seen.test.operator in ("lt", "lte", "between"):
        return f"it is {seen.shown} and only grows"
    return f"it is {seen.shown}"
