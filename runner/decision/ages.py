"""What follows from the ages of calls at one moment, by the date on which they began.

Calls by the thousand began within a few hours, and their dates are whole seconds: so each date is
looked at once, and each call costs a look into a table.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import TypeAlias

from runner.call import Call
from runner.decision.columns import COLUMNS
from runner.language.dates import time_of
from runner.model import Millis

Numbers: TypeAlias = Sequence[int]
#: So many dates are remembered: the seconds of four hours, and some more.
REMEMBERED = 16_384
#: And no more of them once they lead to so many rules together: eight megabytes.
LED_TO = 1 << 20


class Ages(dict[str | None, Millis]):
    """By the text of a date: until when nothing changes for calls that began then.

    That is until their age comes to the next of the amounts `turning`, and never later than
    `until`. `leading` tells the rules that an age leads to, which between two of these amounts are
    always the same.
    """

    def __init__(
        self,
        leading: Callable[[Millis], Numbers],
        turning: Sequence[Millis],
        now: Millis,
        until: Millis,
    ) -> None:
        super().__init__()
        self._find = leading
        self._turning = turning
        self._now = now
        self._until = until
        # By how many of the amounts an age has come to, and by the dates that lead to any.
        self._found: dict[int, Numbers] = {}
        self._leading: dict[str | None, Numbers] = {}
        self._led_to = 0
        #: What stood where a date should, most often nothing.
        self._undated: set[str | None] = set()

    def of(self, calls: Sequence[Call]) -> tuple[list[Numbers], list[Millis]]:
        """Of each call the rules that its age leads to, and until when nothing changes."""
        if len(self) >= REMEMBERED or self._led_to >= LED_TO:
            self._forget()  # not while calls are gone through: these lead to rules
        dates = COLUMNS["start_time"](calls)
        untils = [*map(self.__getitem__, dates)]
        if self._undated and not self._undated.isdisjoint(dates):
            for place, text in enumerate(dates):
                if text in self._undated:
                    dates[place] = calls[place].date_created
                    untils[place] = self[dates[place]]
        return [*map(self._leading.get, dates, repeat(()))], untils

    def _forget(self) -> None:
        self.clear()
        self._found.clear()
        self._leading.clear()
        self._undated.clear()
        self._led_to = 0

    def __missing__(self, text: str | None) -> Millis:
        began, now, until = time_of(text), self._now, self._until
        if began is None:
            self._undated.add(text)
        else:
            age = now - began if began < now else 0  # as `age_of` has it
            passed = bisect_right(self._turning, age)
            numbers = self._found.get(passed)
            if numbers is None:
                numbers = self._found[passed] = tuple(self._find(age))
                self._led_to += len(numbers)
            if numbers:
                self._leading[text] = numbers
            if passed < len(self._turning):
                turn = now - age + self._turning[passed]
                until = turn if turn < until else until
        self[text] = until
        return until
