"""Whether a condition holds for a call: true, false, or unknown where the call lacks the field.

Three-valued on purpose: a condition on an empty field never matches, and neither does its
negation, so no call is ever changed because Twilio left something out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from runner.call import Call
from runner.language.fields import FIELDS, Read
from runner.language.operators import OPERATORS
from runner.model import AllOf, AnyOf, Condition, Moment, Not, Test

#: True, False, or None for "unknown".
Truth = bool | None
Predicate = Callable[[Call, Moment], Truth]
#: Comparisons by what they compare.
Shared = dict[tuple[str, str, Any, str], Predicate]


def reader(test: Test) -> Read:
    """What reads the value that the test compares."""
    field = FIELDS[test.field]
    return field.read if field.read_by is None else field.read_by(test.by)


def predicate(condition: Condition, shared: Shared | None = None) -> Predicate:
    """The condition as one function, built once and asked about every call.

    `shared` takes up each comparison that is met, for others to use: what many rules ask for is
    then one function, and stays where the processor finds it.
    """
    shared = {} if shared is None else shared
    match condition:
        case Test():
            key = (condition.field, condition.operator, condition.value, condition.by)
            if key not in shared:
                shared[key] = _test(condition)
            return shared[key]
        case AllOf(items=items):
            return every_of([predicate(item, shared) for item in items])
        case AnyOf(items=items):
            return _any([predicate(item, shared) for item in items])
        case Not(item=item):
            return _not(predicate(item, shared))


def conjuncts(condition: Condition) -> list[Condition]:
    """What must all be true for the condition to be true, and any of which makes it false."""
    if not isinstance(condition, AllOf):
        return [condition]
    found: list[Condition] = []
    for item in condition.items:
        if isinstance(item, AllOf):
            found += conjuncts(item)
        else:
            found.append(item)
    return found


def _test(test: Test) -> Predicate:
    read = reader(test)
    holds = OPERATORS[test.operator].holds
    wanted = test.value
    if test.operator == "exists":
        return lambda call, moment: holds(read(call, moment), wanted)
    if FIELDS[test.field].plain:
        return _plain_test(test)

    def known(call: Call, moment: Moment) -> Truth:
        actual = read(call, moment)
        return None if actual is None else holds(actual, wanted)

    return known


def _plain_test(test: Test) -> Predicate:
    """As the others, by a shorter way: most comparisons of most flows are such."""
    get = attrgetter(FIELDS[test.field].of)
    holds = OPERATORS[test.operator].holds
    wanted = test.value
    if test.operator == "eq":
        return lambda call, moment: (get(call) == wanted) if get(call) else None

    def known(call: Call, moment: Moment) -> Truth:
        actual = get(call)
        return holds(actual, wanted) if actual else None

    return known


def every_of(parts: Sequence[Predicate]) -> Predicate:
    """True where all of these are true, and false where any is false."""
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
