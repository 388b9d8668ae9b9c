"""The last hour in steps of ten seconds: how many calls were live, and what was done.

Kept on the monotonic clock, so that a wall clock that jumps neither loses nor doubles anything.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.engine.clock import Clock
from runner.model import Millis

STEP: Millis = 10_000
STEPS = 360


@dataclass(slots=True)
class Point:
    """One step. `calls` is the most that were live, `held` the most that were held back."""

    number: int
    calls: int = 0
    held: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


class Ring:
    """The steps of the last hour; those in which nobody looked are not there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._points: deque[Point] = deque(maxlen=STEPS)

    def sample(self, *, calls: int, held: int) -> None:
        """So many calls are live now, and so many verdicts are held back."""
        point = self._now()
        point.calls, point.held = max(point.calls, calls), max(point.held, held)

    def count(self, outcome: str) -> None:
        """A part of an act ended so."""
        self._now().outcomes[outcome] += 1

    def points(self) -> list[tuple[Millis, Point]]:
        """Each step with the wall time at which it began, oldest first."""
        ahead = self._clock.now() - self._clock.monotonic()
        return [(point.number * STEP + ahead, point) for point in self._recent()]

    def totals(self) -> Mapping[str, int]:
        """How many parts of acts ended how, in the last hour."""
        totals: Counter[str] = Counter()
        for point in self._recent():
            totals.update(point.outcomes)
        return totals

    def _recent(self) -> list[Point]:
        first = self._clock.monotonic() // STEP - STEPS
        return [point for point in self._points if point.number > first]

    def _now(self) -> Point:
        number = self._clock.monotonic() // STEP
        if not self._points or self._points[-1].number < number:
            self._points.append(Point(number))
        return self._points[-1]
