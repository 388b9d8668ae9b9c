"""The clock that the engine is given: real in the command line, virtual in tests."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from runner.model import Millis


class Clock(Protocol):
    """Time and waiting, in milliseconds."""

    def now(self) -> Millis:
        """Wall time since the epoch."""
        ...

    def monotonic(self) -> Millis:
        """Time that never jumps, from an arbitrary start."""
        ...

    async def sleep(self, millis: Millis) -> None:
        """Waits."""
        ...


class SystemClock:
    """The machine's own clocks. Only the composition root makes one."""

    def now(self) -> Millis:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> Millis:
        # Linux's other monotonic clock stands still while the machine sleeps, and a lease that
        # ran out meanwhile would seem to be ours.
        if hasattr(time, "CLOCK_BOOTTIME"):
            return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        return time.monotonic_ns() // 1_000_000

    async def sleep(self, millis: Millis) -> None:
        await asyncio.sleep(millis / 1000)
