"""Time that passes only while everybody waits: an event loop and a clock for whole days in no time.

The loop is asyncio's own. Where it would sleep until its next timer it moves its time there
instead, so what is tested waits, retries and overlaps exactly as it does on a real clock.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from runner.engine.tasks import run_to_end
from runner.model import Millis

T = TypeVar("T")


class StandsStill(Exception):
    """Everybody waits for something that no time brings about."""


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing: what would be waiting becomes time that has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0  # seconds

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise StandsStill("every task waits, and no timer is set")
        self.passed += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time()` begins at 0 and jumps. It serves no sockets and no threads."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed


class VirtualClock:
    """Implements `runner.engine.clock.Clock` on the running loop; `start` is its wall time at 0."""

    def __init__(self, start: Millis) -> None:
        self._start = start

    def now(self) -> Millis:
        """Wall time since the epoch."""
        return self._start + self.monotonic()

    def monotonic(self) -> Millis:
        """Milliseconds since the loop began."""
        return round(asyncio.get_running_loop().time() * 1000)

    async def sleep(self, millis: Millis) -> None:
        """Waits."""
        await asyncio.sleep(millis / 1000)

    async def until(self, moment: Millis) -> None:
        """Waits for a moment on the monotonic clock; at once where it is over."""
        ahead = moment - self.monotonic()
        if ahead > 0:
            await self.sleep(ahead)


def run_virtually(work: Callable[[], Awaitable[T]]) -> T:
    """Runs `work` on a loop of its own, from 0; not from within another loop."""

    async def main() -> T:
        return await work()

    return run_to_end(main(), VirtualLoop)
