"""What a call's fields are in words: the values that placeholders are filled with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from runner.actions.templates import Measured, Value
from runner.language.fields import FIELDS
from runner.language.words import counted
from runner.model import Millis, Moment

if TYPE_CHECKING:
    from runner.call import Call

_UNITS = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"))
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def values_of(call: Call, moment: Moment) -> Callable[[str], Value | None]:
    """What placeholders read from this call at this moment."""

    def read(name: str) -> Value | None:
        row = FIELDS[name]
        value = row.read(call, moment)
        if isinstance(value, int):
            return _duration(value) if row.type == "duration" else _time(value)
        return None if value is None else str(value)

    return read


def _duration(millis: Millis) -> Measured:
    """`1 hour 5 minutes`: the two largest units, from a minute up without the seconds."""
    words, rest = [], millis
    for size, unit in _UNITS:
        number, rest = divmod(rest, size)
        if number:
            words.append(counted(number, unit))
    seconds = millis // 1000
    return Measured(" ".join(words[:2]) or counted(seconds, "second"), str(seconds), millis)


def _time(millis: Millis) -> Measured:
    at = datetime.fromtimestamp(millis // 1000, UTC)
    spoken = f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} UTC"
    return Measured(spoken, f"{at:%Y-%m-%dT%H:%M:%SZ}", millis)
