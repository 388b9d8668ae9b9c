"""What follows from the ages of calls at one moment, by the date on which they began.

Calls by the thousand began within a few hours, and their dates are whole seconds: so each date is
looked at once, and each call costs a look into a table.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import repeat
from typing import Protocol, TypeAlias

from runner.call import Call
from runner.decision.columns import COLUMNS
from runner.language.dates import TIMES
from runner.model import Millis

Numbers: TypeAlias = Sequence[int]
#: So many dates are remembered: the seconds of four hours, and some more.
REMEMBERED = 16_384


class Bounded(Protocol):
    """Rules by the bounds that an age must keep; none has a bound below `lowest`."""

    lowest: Millis

    def bounded(self, amount: Millis) -> Numbers:
        """The rules whose bounds it keeps."""
        ...


class Ages(dict[str | None, Millis]):
    """By the text of a date: until when nothing changes for calls that began then.

    That is by their age, which leads from one of the amounts `turning` to the next, and never later
    than `until`.
    """

    def __init__(
        self, facts: Bounded, turning: Sequence[Millis], now: Millis, until: Millis
    ) -> None:
        super().__init__()
        self._facts = facts
        self._turning = turning
        self._now = now
        self._until = until
        #: The rules, by the dates that lead to any.
        self._leading: dict[str | None, Numbers] = {}
        #: What stood where a date should, most often nothing.
        self._undated: set[str | None] = set()

    def of(self, calls: Sequence[Call]) -> tuple[list[Numbers], list[Millis]]:
        """Of each call the rules that its age leads to, and until when nothing changes."""
        if len(self) >= REMEMBERED:  # not while calls are gone through: these lead to rules
            self._forget()
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
        self._leading.clear()
        self._undated.clear()

    def __missing__(self, text: str | None) -> Millis:
        now, turning, until = self._now, self._turning, self._until
        began = TIMES[text]
        if began is None:
            self._undated.add(text)
        else:
            age = now - began if began < now else 0  # as `age_of` has it
            if age >= self._facts.lowest and (numbers := self._facts.bounded(age)):
                self._leading[text] = numbers
            if age < turning[-1]:
                turn = now - age + turning[bisect_right(turning, age)]
                until = turn if turn < until else until
        self[text] = until
        return until
