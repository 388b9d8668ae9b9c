"""The sandbox's time: a clock that only tests move, and one that runs at any speed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from runner.model import Millis

#: Tue, 14 Nov 2023 22:13:20 +0000: where manual clocks stand unless told otherwise.
DEFAULT_START: Millis = 1_700_000_000_000


class Clock(Protocol):
    """Says what time it is in the sandbox, and how fast that time goes by."""

    @property
    def speed(self) -> float:
        """Sandbox seconds in one real second; 0 for a clock that stands until it is moved."""
        ...

    def now(self) -> Millis:
        """Milliseconds since the epoch."""
        ...

    def move(self, millis: Millis) -> None:
        """Jumps ahead by this much. Raises ValueError where it is negative."""
        ...


class ManualClock:
    """Stands still until it is moved: every millisecond of a test is asserted, none is waited."""

    speed = 0.0

    def __init__(self, start: Millis = DEFAULT_START) -> None:
        self._now = start

    def now(self) -> Millis:
        """Milliseconds since the epoch."""
        return self._now

    def move(self, millis: Millis) -> None:
        """Jumps ahead by this much."""
        self._now += _forwards(millis)


class RunningClock:
    """Runs by itself: `speed` sandbox seconds in each second of `ticks` (a monotonic clock)."""

    def __init__(self, start: Millis, ticks: Callable[[], float], speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError(f"a clock's speed must be above 0, not {speed}")
        self.speed = speed
        self._start = start
        self._ticks = ticks
        self._zero = ticks()

    def now(self) -> Millis:
        """Milliseconds since the epoch."""
        return self._start + int((self._ticks() - self._zero) * 1000 * self.speed)

    def move(self, millis: Millis) -> None:
        """Jumps ahead by this much, then runs on."""
        self._start += _forwards(millis)


def _forwards(millis: Millis) -> Millis:
    if millis < 0:
        raise ValueError(f"a clock can't be moved back (by {millis} ms)")
    return millis
