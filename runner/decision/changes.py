"""When what a condition says of a call may change by itself, while the call stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from runner.language.conditions import tests_of
from runner.language.fields import FIELDS
from runner.model import Condition, Millis

#: Operator → the ages from which a comparison says another thing than just before.
AGES: dict[str, Callable[[Any], Sequence[Millis]]] = {
    "gt": lambda value: (value + 1,),
    "gte": lambda value: (value,),
    "lt": lambda value: (value,),
    "lte": lambda value: (value + 1,),
    "between": lambda value: (value[0], value[1] + 1),
    "exists": lambda value: (),
}


@dataclass(frozen=True, slots=True)
class Changes:
    """At these ages of the call, and with `minute` whenever a minute begins."""

    ages: Sequence[Millis] = ()
    minute: bool = False


#: The changes of what no age and no minute changes.
UNCHANGING = Changes()


def changes_of(condition: Condition) -> Changes:
    """The changes of a condition, but for what it asks of the other live calls."""
    ages: list[Millis] = []
    minute = False
    for test in tests_of(condition):
        match FIELDS[test.field].clock:
            case "age":
                ages += AGES[test.operator](test.value)
            case "minute":
                minute = True
    return Changes(ages, minute) if ages or minute else UNCHANGING
