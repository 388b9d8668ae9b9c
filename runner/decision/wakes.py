"""Until when what conditions say of a call stands, while the call stays as it is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runner.call import Call
from runner.language.conditions import tests_of
from runner.language.fields import FIELDS
from runner.model import Condition, Millis, Moment, Test

#: Later than any moment.
NEVER: Millis = 1 << 62
MINUTE: Millis = 60_000


@dataclass(frozen=True, slots=True)
class Turns:
    """When a condition may change by itself: at these ages of the call, and at each new minute."""

    ages: Sequence[Millis] = ()
    minute: bool = False


def turns_of(condition: Condition) -> Turns:
    """The turns of a condition; what it asks of the other live calls is not looked at."""
    tests = [*tests_of(condition)]
    return Turns(
        [age for test in tests if FIELDS[test.field].clock == "age" for age in _ages(test)],
        any(FIELDS[test.field].clock == "minute" for test in tests),
    )


class Wakes:
    """The turns of many conditions together."""

    def __init__(self, turns: Iterable[Turns]) -> None:
        each = [*turns]
        self._ages = sorted({age for one in each for age in one.ages})
        self._minute = any(one.minute for one in each)

    def after(self, call: Call, moment: Moment) -> Millis:
        """The first time after this moment at which one of them may have changed."""
        until = (moment.now // MINUTE + 1) * MINUTE if self._minute else NEVER
        age = FIELDS["age"].read(call, moment) if self._ages else None
        if isinstance(age, int):
            at = bisect_right(self._ages, age)
            if at < len(self._ages):
                return min(until, moment.now - age + self._ages[at])
        return until


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
