"""The time of a demo: the sandbox's, at the pace of people who watch, and never ahead of the show.

Time moves only here, in small steps, and not while a change is on its way. So a demo shows the same
on every machine; a slow one merely takes longer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from runner.model import Millis
from runner.sandbox import Sandbox

#: What the audience sees at once, in the sandbox's time.
STEP: Millis = 200


class Showtime:
    """Implements `runner.engine.clock.Clock`: whoever waits moves the sandbox on.

    `speed` is how many of its seconds go by in one here, at most. `between` is called after each
    step; `ready`, where there is one, is awaited before.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        speed: float,
        *,
        between: Callable[[], None],
        ready: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._speed = speed
        self._between = between
        self._ready = ready

    def now(self) -> Millis:
        """Wall time in the sandbox."""
        return self._sandbox.clock.now()

    def monotonic(self) -> Millis:
        """The same: it never jumps."""
        return self._sandbox.clock.now()

    async def sleep(self, millis: Millis) -> None:
        """Waits. Of several that wait at once each moves on what the others have left."""
        until = self.now() + millis
        while self.now() < until:
            await asyncio.sleep(min(STEP, until - self.now()) / 1000 / self._speed)
            if self._ready is not None:
                await self._ready()
            await self._sandbox.advance(max(0, min(STEP, until - self.now())))
            self._between()
