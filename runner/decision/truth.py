"""Whether a condition holds for a call: true, false, or unknown where the call lacks the field.

Three-valued on purpose: a condition on an empty field never matches, and neither does its
negation, so no call is ever changed because Twilio left something out.
"""

from __future__ import annotations

from collections.abc import Callable

from runner.call import Call
from runner.language.fields import FIELDS, Read
from runner.language.operators import OPERATORS
from runner.model import AllOf, AnyOf, Condition, Moment, Not, Test

#: True, False, or None for "unknown".
Truth = bool | None
Predicate = Callable[[Call, Moment], Truth]


def reader(test: Test) -> Read:
    """What reads the value that the test compares."""
    field = FIELDS[test.field]
    return field.read if field.read_by is None else field.read_by(test.by)


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
    read = reader(test)
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
