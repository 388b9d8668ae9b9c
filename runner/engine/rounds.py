"""Polls one account, again and again, until told to stop: its own pace, its own failures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

from runner.engine.clock import Clock
from runner.engine.loop import Engine
from runner.engine.poll import Poll
from runner.engine.ports import Event, LeaseLost, Listener, StoreError
from runner.engine.reloads import Reloads
from runner.engine.tempo import Tempo
from runner.model import Millis


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to poll, how long to wait for what is under way when stopping, and whether to act.

    A dry run decides and tells, and sends nothing. `offset` puts the first poll off: many accounts
    are not all asked at the same moment.
    """

    interval: Millis
    grace: Millis
    dry_run: bool = False
    offset: Millis = 0


class Rounds:
    """Drives one engine. `stop`, when set, ends it after the poll under way."""

    def __init__(
        self, engine: Engine, reloads: Reloads, *, pace: Pace, clock: Clock, tell: Listener
    ) -> None:
        self.engine = engine
        self._reloads = reloads
        self._revision = -1
        self._pace = pace
        self._tempo = Tempo(pace.interval)
        self._clock = clock
        self._tell = tell
        self.stop = asyncio.Event()
        engine.nudges.outdated = self._are_flows_outdated

    async def run(self) -> None:
        """Until `stop` is set. Raises `LeaseLost` where another runner has taken over."""
        due = self._clock.monotonic() + self._pace.offset
        await self._wait_until(due)
        while not self.stop.is_set():
            self._take_flows()
            poll = await self._poll()
            due = self._tempo.next(due, self._clock.monotonic(), poll)
            await self._wait_until(due)

    def _take_flows(self) -> None:
        """Puts flows that were loaded meanwhile in force: between two polls, never during one."""
        if self._are_flows_outdated():
            self._revision = self._reloads.revision
            self.engine.load(self._reloads.current)

    def _are_flows_outdated(self) -> bool:
        return self._revision != self._reloads.revision

    async def _poll(self) -> Poll | None:
        """One tick; None where the store failed, and so nothing could be done safely."""
        once = self.engine.rehearse if self._pace.dry_run else self.engine.tick
        tick = asyncio.ensure_future(once(self._clock.now()))
        try:
            await self._either(tick)
            if not tick.done():
                self.engine.request_stop()
                await asyncio.wait({tick}, timeout=self._pace.grace / 1000)
        finally:
            if not tick.done():
                tick.cancel()
                await asyncio.wait({tick})
        return self._result(tick)

    def _result(self, tick: asyncio.Future[Poll]) -> Poll | None:
        if tick.cancelled():
            return None
        try:
            return tick.result()
        except LeaseLost:
            raise
        except StoreError as error:
            self._failed(str(error), error.hint)
        except Exception as error:
            # One account's trouble must not end the polls of all others; it is shown each time.
            hint = "this is a fault in callflow; please report it"
            self._failed(f"{type(error).__name__}: {error}", hint)
        return None

    def _failed(self, error: str, hint: str) -> None:
        fields = {"account": self.engine.account, "error": error, "hint": hint}
        self._tell(Event("poll.failed", self._clock.now(), "error", fields))

    async def _wait_until(self, due: Millis) -> None:
        now = self._clock.monotonic()
        if now < due:
            await self._either(self._clock.sleep(due - now))

    async def _either(self, awaitable: Awaitable[object]) -> None:
        """Waits for this, or for `stop`."""
        tasks = [asyncio.ensure_future(awaitable), asyncio.ensure_future(self.stop.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                if task is not awaitable:  # a task that was given stays its owner's
                    task.cancel()
