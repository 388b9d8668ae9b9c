"""When what a condition says of a call may change by itself, while the call stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.language.conditions import tests_of
from runner.language.fields import FIELDS
from runner.model import Condition, Millis, Test


@dataclass(frozen=True, slots=True)
class Changes:
    """At these ages of the call, and with `minute` whenever a minute begins."""

    ages: Sequence[Millis] = ()
    minute: bool = False


def changes_of(condition: Condition) -> Changes:
    """The changes of a condition, but for what it asks of the other live calls."""
    ages: list[Millis] = []
    minute = False
    for test in tests_of(condition):
        match FIELDS[test.field].clock:
            case "age":
                ages += _ages(test)
            case "minute":
                minute = True
    return Changes(ages, minute) if ages or minute else _NONE


def _ages(test: Test) -> Sequence[Millis]:
    """The ages from which the comparison says another thing than just before."""
    value = test.value
    match test.operator:
        case "gte" | "lt":
            return (value,)
        case "gt" | "lte":
            return (value + 1,)
        case "between":
            return value[0], value[1] + 1
    return ()


_NONE = Changes()
