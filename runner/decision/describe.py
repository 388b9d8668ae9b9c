"""Conditions in words: as their author wrote them, and why they hold for a call."""

from __future__ import annotations

from runner.call import Call
from runner.decision.truth import predicate, reader
from runner.durations import format_duration
from runner.language.fields import FIELDS
from runner.model import AllOf, AnyOf, Condition, Millis, Moment, Not, Test


def describe(condition: Condition) -> str:
    """A condition in one line, as its author wrote it."""
    match condition:
        case Test(field=name) if FIELDS[name].type == "window":
            return f"{name} {_shown(condition.written)}"
        case Test():
            return f"{_name(condition)} {condition.operator} {_shown(condition.written)}"
        case AllOf(items=items):
            return " and ".join(f"({describe(i)})" for i in items) or "every call"
        case AnyOf(items=items):
            return " or ".join(f"({describe(i)})" for i in items)
        case Not(item=item):
            return f"not ({describe(item)})"


def reasons(condition: Condition, call: Call, moment: Moment) -> list[str]:
    """Why a condition holds: each comparison that makes it true, with the value it saw."""
    match condition:
        case Test():
            return [] if condition.implicit else [_reason(condition, call, moment)]
        case AllOf(items=items):
            return [line for item in items for line in reasons(item, call, moment)]
        case AnyOf(items=items):
            true = next(i for i in items if predicate(i)(call, moment))
            return reasons(true, call, moment)
        case Not(item=item):
            return [f"not ({describe(item)})"]


def _reason(test: Test, call: Call, moment: Moment) -> str:
    actual = reader(test)(call, moment)
    kind = FIELDS[test.field].type
    if kind == "duration" and isinstance(actual, int):
        return f"{test.field} {_round(actual)} {test.operator} {_shown(test.written)}"
    if kind == "window":
        return f"{test.field} {_shown(test.written)}"
    if test.operator in ("eq", "in"):
        return f"{_name(test)} {_shown(actual)}"
    if actual is None or test.operator == "exists":
        return f"{_name(test)} {test.operator} {_shown(test.written)}"
    if kind == "time":
        actual = getattr(call, test.field)
    return f"{_name(test)} {actual} {test.operator} {_shown(test.written)}"


def _name(test: Test) -> str:
    return f"{test.field} by {test.by}" if test.by else test.field


def _round(millis: Millis) -> str:
    return format_duration(millis - millis % 1000 if millis > 10_000 else millis)


def _shown(written: object) -> str:
    if isinstance(written, (list, tuple)):
        return "[" + ", ".join(map(str, written)) + "]"
    return str(written).lower() if isinstance(written, bool) else str(written)
