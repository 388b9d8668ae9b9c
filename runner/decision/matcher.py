"""Whether a condition holds for a call: true, false, or unknown where the call lacks the field.

Three-valued on purpose: a condition on an empty field never matches, and neither does its
negation, so no call is ever changed because Twilio left something out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runner.call import Call
from runner.durations import format_duration
from runner.language.fields import FIELDS
from runner.language.operators import OPERATORS
from runner.model import AllOf, AnyOf, Condition, Flow, Millis, Moment, Not, Rule, Test

#: True, False, or None for "unknown".
Truth = bool | None
Predicate = Callable[[Call, Moment], Truth]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule that a call fits, and so what its flow says about that call.

    `order` is the flow's place among the loaded flows.
    """

    call: Call
    flow: Flow
    rule: Rule
    order: int


def predicate(condition: Condition) -> Predicate:
    """The condition as one function, built once and asked about every call."""
    match condition:
        case Test():
            return _test(condition)
        case AllOf(items=items):
            return _all([predicate(item) for item in items])
        case AnyOf(items=items):
            return _any([predicate(item) for item in items])
        case Not(item=item):
            return _not(predicate(item))


def _test(test: Test) -> Predicate:
    read = FIELDS[test.field].read
    holds = OPERATORS[test.operator].holds
    wanted = test.value
    if test.operator == "exists":
        return lambda call, moment: holds(read(call, moment), wanted)

    def known(call: Call, moment: Moment) -> Truth:
        actual = read(call, moment)
        return None if actual is None else holds(actual, wanted)

    return known


def _all(parts: list[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]

    def every(call: Call, moment: Moment) -> Truth:
        verdict: Truth = True
        for part in parts:
            truth = part(call, moment)
            if truth is False:
                return False
            if truth is None:
                verdict = None
        return verdict

    return every


def _any(parts: list[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]

    def some(call: Call, moment: Moment) -> Truth:
        verdict: Truth = False
        for part in parts:
            truth = part(call, moment)
            if truth:
                return True
            if truth is None:
                verdict = None
        return verdict

    return some


def _not(part: Predicate) -> Predicate:
    def opposite(call: Call, moment: Moment) -> Truth:
        truth = part(call, moment)
        return None if truth is None else not truth

    return opposite


class Matcher:
    """The loaded flows, ready to be asked about calls."""

    def __init__(self, flows: tuple[Flow, ...]) -> None:
        self._flows = [
            (order, flow, [(rule, predicate(rule.match)) for rule in flow.rules if rule.enabled])
            for order, flow in enumerate(flows)
            if flow.enabled
        ]

    def verdicts(self, call: Call, moment: Moment) -> list[Verdict]:
        """What each flow says about the call, in file order.

        The first rule that matches is the flow's verdict, whether or not it has acted already; a
        rule with `continue: true` lets the flow look further.
        """
        found = []
        for order, flow, rules in self._flows:
            for rule, matches in rules:
                if matches(call, moment):
                    found.append(Verdict(call, flow, rule, order))
                    if not rule.proceed:
                        break
        return found


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


def describe(condition: Condition) -> str:
    """A condition in one line, as its author wrote it."""
    match condition:
        case Test():
            return f"{condition.field} {condition.operator} {_shown(condition.written)}"
        case AllOf(items=items):
            return " and ".join(f"({describe(i)})" for i in items) or "every call"
        case AnyOf(items=items):
            return " or ".join(f"({describe(i)})" for i in items)
        case Not(item=item):
            return f"not ({describe(item)})"


def _reason(test: Test, call: Call, moment: Moment) -> str:
    field = FIELDS[test.field]
    actual = field.read(call, moment)
    if field.type == "duration" and isinstance(actual, int):
        return f"{test.field} {_round(actual)} {test.operator} {_shown(test.written)}"
    if test.operator in ("eq", "in"):
        return f"{test.field} {actual}"
    if actual is None or test.operator == "exists":
        return f"{test.field} {test.operator} {_shown(test.written)}"
    if field.type == "time":
        actual = getattr(call, test.field)
    return f"{test.field} {actual} {test.operator} {_shown(test.written)}"


def _round(millis: Millis) -> str:
    return format_duration(millis - millis % 1000 if millis > 10_000 else millis)


def _shown(written: object) -> str:
    if isinstance(written, (list, tuple)):
        return "[" + ", ".join(map(str, written)) + "]"
    return str(written).lower() if isinstance(written, bool) else str(written)
