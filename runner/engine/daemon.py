"""Runs while it may: waits for the lease, drives every account, and stops as it was asked to.

A term lasts from taking the lease to losing it. Each term starts with new engines: what another
runner did meanwhile is in the store, and nowhere in the memory of this process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeAlias

from runner.engine.clock import Clock
from runner.engine.lease import Leadership
from runner.engine.loop import Engine
from runner.engine.ports import Event, Lease, LeaseLost, Listener, StoreError
from runner.engine.rounds import Rounds
from runner.engine.tasks import cancelled
from runner.model import Millis

#: Work that goes on beside the polls of a term, until it is cancelled.
Beside: TypeAlias = Callable[[Sequence[Rounds]], Coroutine[Any, Any, None]]


class Daemon:
    """Drives the crew that `muster` gives for each term, until `stop` is set.

    Without a `leadership` (a dry run writes nothing) there is one term, and nobody to wait for.
    """

    def __init__(
        self,
        muster: Callable[[], Sequence[Rounds]],
        leadership: Leadership | None,
        *,
        grace: Millis,
        clock: Clock,
        tell: Listener,
    ) -> None:
        self._muster = muster
        self._leadership = leadership
        self._grace = grace
        self._clock = clock
        self._say = tell
        self.beside: list[Beside] = []
        #: Whether the store could be used: what is wrong with it after that is waited out.
        self._began = False
        #: What polls in this term; nothing between two terms, and once it is to stop.
        self.crew: Sequence[Rounds] = ()
        self.stop = asyncio.Event()

    async def run(self) -> int:
        """Until `stop` is set; returns how many actions were cut short by stopping.

        Raises `StoreError` where the store can't be used to begin with.
        """
        try:
            while await self._lead():
                cut_short = await self._term()
                if cut_short is not None:
                    return cut_short
            return 0
        finally:
            if self.stop.is_set() and self._leadership is not None:
                await self._leadership.release()

    def engine_of(self, account: str) -> Engine | None:
        """What looks after this account in this term; None between two, and once it is to stop."""
        engines = (rounds.engine for rounds in self.crew)
        return next((engine for engine in engines if engine.account == account), None)

    # ---- between terms ----------------------------------------------------------------------

    async def _lead(self) -> bool:
        """True once this runner is the one that acts; False when it is to stop before."""
        leadership = self._leadership
        while leadership is not None and not self.stop.is_set():
            attempt = asyncio.ensure_future(leadership.acquire(self._stand_by))
            await self._until_stop(attempt)
            if not attempt.done():
                attempt.cancel()
                await asyncio.wait({attempt})
                return False
            try:
                attempt.result()
                self._began = True
                break
            except StoreError as error:
                if not self._began:
                    raise
                self._stalled(error)
                await self._until_stop(self._clock.sleep(leadership.period))
        if leadership is not None and not self.stop.is_set():
            self._tell("leading", "info", holder=leadership.holder)
        return not self.stop.is_set()

    def _stand_by(self, lease: Lease) -> None:
        self._began = True
        self._tell("standby", "info", holder=lease.holder)

    # ---- a term -----------------------------------------------------------------------------

    async def _term(self) -> int | None:
        """Polls until told to stop, or until the lease is lost, which gives None."""
        self.crew = crew = self._muster()
        work = [asyncio.ensure_future(rounds.run()) for rounds in crew]
        beside = [asyncio.ensure_future(job(crew)) for job in self.beside]
        if self._leadership is not None:
            beside.append(asyncio.ensure_future(self._leadership.keep()))
        try:
            await self._until_stop(*work, *beside)
            self.crew = ()
            if self.stop.is_set():
                return await self._stop(crew, work)
            _raise_faults([*work, *beside])
            self._tell_of_the_end()
            return None
        finally:
            self.crew = ()
            await cancelled([*work, *beside])
            await asyncio.gather(*(rounds.engine.abandon() for rounds in crew))

    def _tell_of_the_end(self) -> None:
        """Why a term ended that nobody stopped: the store, or another runner."""
        trouble = self._leadership.trouble if self._leadership is not None else None
        if trouble is not None:
            self._stalled(trouble)
        else:
            self._tell("standby", "warning", error="another runner has taken over")

    def _stalled(self, error: StoreError) -> None:
        self._tell("stalled", "error", error=str(error), hint=error.hint)

    async def _stop(self, crew: Sequence[Rounds], work: Sequence[asyncio.Future[None]]) -> int:
        """No new poll; what is under way gets the grace to end, polls and acts together."""
        deadline = self._clock.monotonic() + self._grace
        for rounds in crew:
            rounds.stop.set()
        if work:
            await asyncio.wait(work)  # each ends its own poll within the grace
        left = max(0, deadline - self._clock.monotonic())
        return sum(await asyncio.gather(*(rounds.engine.stop(left) for rounds in crew)))

    # ---- helpers ----------------------------------------------------------------------------

    async def _until_stop(self, *awaitables: Awaitable[object]) -> None:
        """Waits for the first of these, or for `stop`."""
        stopping = asyncio.ensure_future(self.stop.wait())
        tasks = [asyncio.ensure_future(each) for each in awaitables]
        try:
            await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            for task, given in zip(tasks, awaitables, strict=True):
                if task is not given:
                    task.cancel()

    def _tell(self, name: str, level: Any, **fields: object) -> None:
        self._say(Event(name, self._clock.now(), level, fields))


def _raise_faults(tasks: Sequence[asyncio.Future[None]]) -> None:
    """Lets out what ended the work, but for the loss of the lease."""
    for task in tasks:
        error = task.exception() if task.done() and not task.cancelled() else None
        if error is not None and not isinstance(error, LeaseLost):
            raise error
