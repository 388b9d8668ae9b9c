"""A condition as one call met it: each comparison with the value it saw, and its truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from runner.call import Call
from runner.decision.truth import Truth, predicate, reader
from runner.durations import format_duration
from runner.language.fields import FIELDS
from runner.model import AllOf, AnyOf, Condition, Moment, Not, Test
from runner.problems import Position


@dataclass(frozen=True, slots=True)
class Seen:
    """One comparison.

    `value` is what the call has in the field (milliseconds for durations and times, the moment for
    windows), None where it has nothing; `raw` is a date as Twilio wrote it. `truth` is None where
    the value was missing. `alone` says that the comparison is about the other live calls, which
    nobody listed.
    """

    test: Test
    value: object | None
    truth: Truth
    raw: str = ""
    alone: bool = False

    @property
    def position(self) -> Position:
        """Where the comparison stands."""
        return self.test.position

    @property
    def name(self) -> str:
        """The field, and the one it counts by: `concurrent by from`."""
        return f"{self.test.field} by {self.test.by}" if self.test.by else self.test.field

    @property
    def wanted(self) -> str:
        """The wanted value as it was written."""
        return words_of(self.test.written)

    @property
    def words(self) -> str:
        """The comparison on one line: `age gte 30m`, `during office`."""
        if self.is_window:
            return f"{self.name} {self.wanted}"
        return f"{self.name} {self.test.operator} {self.wanted}"

    @property
    def is_window(self) -> bool:
        """Whether it is about the time of the poll and not about the call."""
        return FIELDS[self.test.field].type == "window"

    @property
    def missing(self) -> str:
        """Why there is no value, "" where there is one."""
        if self.value is not None:
            return ""
        return "the other live calls are not known" if self.alone else "the call has none"

    @property
    def shown(self) -> str:
        """The call's value for people, "" where it has none."""
        kind = FIELDS[self.test.field].type
        if kind == "duration" and isinstance(self.value, int):
            # Whole seconds are enough for anything but the very young.
            return format_duration(self.value - self.value % 1000 * (self.value > 10_000))
        if kind == "time" and self.raw:
            return self.raw
        if kind == "window" and isinstance(self.value, int):
            zone = ZoneInfo(self.test.value.items[0].timezone)
            return datetime.fromtimestamp(self.value // 1000, zone).strftime("%a %Y-%m-%d %H:%M %Z")
        return "" if self.value is None else words_of(self.value)


@dataclass(frozen=True, slots=True)
class Group:
    """`all`, `any` or `not` of what stands in it (`not` has one item)."""

    kind: Literal["all", "any", "not"]
    items: tuple[Node, ...]
    truth: Truth
    position: Position


Node: TypeAlias = Seen | Group


def look(condition: Condition, call: Call, moment: Moment) -> Node:
    """The condition's tree. Every truth in it is the matcher's own."""
    truth = predicate(condition)(call, moment)
    match condition:
        case Test():
            return _seen(condition, call, moment, truth)
        case AllOf(items=items):
            return Group("all", _each(items, call, moment), truth, condition.position)
        case AnyOf(items=items):
            return Group("any", _each(items, call, moment), truth, condition.position)
        case Not(item=item):
            return Group("not", _each((item,), call, moment), truth, condition.position)


def words_of(value: object) -> str:
    """A value on one line, as a flow file would have it."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(words_of, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def leaves(node: Node) -> Iterator[Seen]:
    """Every comparison of a tree, in the order in which they are written."""
    if isinstance(node, Seen):
        yield node
        return
    for item in node.items:
        yield from leaves(item)


def _each(items: tuple[Condition, ...], call: Call, moment: Moment) -> tuple[Node, ...]:
    return tuple(look(item, call, moment) for item in items)


def _seen(test: Test, call: Call, moment: Moment, truth: Truth) -> Seen:
    raw = getattr(call, test.field, None)
    return Seen(
        test,
        reader(test)(call, moment),
        truth,
        raw=raw if isinstance(raw, str) else "",
        alone=FIELDS[test.field].others and moment.live is None,
    )
