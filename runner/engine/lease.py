"""One active runner per store: a lease that is renewed while its holder lives.

No two clocks are compared. A waiting runner takes over when it has seen no renewal for a whole
period of its own clock; the holder stops acting when it has not managed to renew for as long. The
store refuses whatever a former holder still wants to write, by the lease's fence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from runner.engine.clock import Clock
from runner.engine.ports import Lease, LeaseLost, Store, StoreError
from runner.model import Millis

#: Renewals in one period: one that fails, or comes late, costs nothing.
RENEWALS = 3
#: How often a waiting runner looks, in one period.
LOOKS = 4
#: So long a store may take to take a lease back; a runner that stops must not hang on it.
GIVING_BACK: Millis = 300


def nobody_is_gone(_holder: str) -> bool:
    """Knows of no holder that it is dead."""
    return False


class Leadership:
    """One runner's claim to be the one that acts.

    `holder` names the runner, uniquely. `gone(holder)` may say that a holder is surely dead, which
    spares the wait for its lease to run out; it must never guess.
    """

    def __init__(
        self,
        store: Store,
        holder: str,
        *,
        period: Millis,
        clock: Clock,
        gone: Callable[[str], bool] = nobody_is_gone,
    ) -> None:
        self.holder = holder
        self.period = period
        self._store = store
        self._clock = clock
        self._gone = gone
        self._until: Millis | None = None  # on the monotonic clock
        #: What kept the lease from being renewed, where it was not another runner.
        self.trouble: StoreError | None = None

    @property
    def valid(self) -> bool:
        """Whether acting is still this runner's: nobody else can have taken over yet."""
        return self._until is not None and self._clock.monotonic() < self._until

    async def acquire(self, waiting: Callable[[Lease], None]) -> None:
        """Returns once the lease is ours. `waiting` hears, once for each, whom we wait for.

        Raises `StoreError` where the store can't be read or written.
        """
        seen, since = await self._store.lease(), self._clock.monotonic()
        told = None
        while not await self._took(seen, since):
            if seen is not None and seen.fence != told:
                told = seen.fence
                waiting(seen)
            await self._clock.sleep(max(1, self.period // LOOKS))
            found = await self._store.lease()
            if found != seen:
                seen, since = found, self._clock.monotonic()

    async def keep(self) -> None:
        """Renews for as long as it can; returns, with the lease lost, when it could not."""
        self.trouble = None
        while True:
            await self._clock.sleep(max(1, self.period // RENEWALS))
            began = self._clock.monotonic()
            try:
                await self._store.renew(self._clock.now())
            except LeaseLost:
                break
            except StoreError as error:
                if not self.valid:
                    self.trouble = error
                    break  # too long without: by now somebody else may have it
                continue
            self._until = began + self.period
        self._until = None

    async def release(self) -> None:
        """Gives the lease back, so that whoever waits need not wait longer.

        Where the store can't be written to right now, it runs out by itself.
        """
        self._until = None
        with suppress(StoreError, TimeoutError):
            await asyncio.wait_for(self._store.release(), GIVING_BACK / 1000)

    async def _took(self, seen: Lease | None, since: Millis) -> bool:
        began = self._clock.monotonic()
        free = seen is None or began - since >= self.period or self._is_over(seen.holder)
        if free and await self._store.take(self.holder, over=seen, at=self._clock.now()):
            self._until = began + self.period
            return True
        return False

    def _is_over(self, holder: str) -> bool:
        """Whether the holder surely acts no more: it is dead, or our own term that has ended."""
        return holder == self.holder or self._gone(holder)
