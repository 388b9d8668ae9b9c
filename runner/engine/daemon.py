"""Polls until told to stop: absolute times, slower while the far side is ill, reload in between."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass

from runner.engine.clock import Clock
from runner.engine.loop import Engine, Poll
from runner.engine.ports import AccessRefused, Event, Listener, NotProcessed, StoreError
from runner.engine.reload import Reloader
from runner.language.loader import Loaded
from runner.model import Millis
from runner.problems import Problem

#: Behind the watcher, the flows are compared this often whatever it reports.
SLOW_LOOK: Millis = 5_000
#: Credentials that were refused are tried again this often.
REFUSED_RETRY: Millis = 60_000
LONGEST_DELAY: Millis = 60_000
#: An editor's save is several file events; the first one waits for the rest.
DEBOUNCE: Millis = 100


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to poll, how long to wait for what is under way when stopping, and whether to act.

    A dry run decides and tells, and sends nothing.
    """

    interval: Millis
    grace: Millis
    dry_run: bool = False


class Daemon:
    """Drives one engine until `stop` is set."""

    def __init__(
        self, engine: Engine, reloader: Reloader, *, pace: Pace, clock: Clock, tell: Listener
    ) -> None:
        self._engine = engine
        self._reloader = reloader
        self._pace = pace
        self._clock = clock
        self._tell = tell
        self._failures = 0
        self._looked: Millis = clock.monotonic()
        self._loading: asyncio.Future[Loaded | None] | None = None
        self.stop = asyncio.Event()
        self.flows_changed = asyncio.Event()

    async def run(self) -> int:
        """Polls until `stop` is set; returns how many actions were cut short by stopping."""
        due = self._clock.monotonic()
        while not self.stop.is_set():
            poll = await self._poll()
            if self.stop.is_set():
                break
            due = self._next(due, poll)
            await self._wait_until(due)
        return await self._engine.stop(self._pace.grace)

    async def _poll(self) -> Poll | None:
        """One tick; None where the store failed, and so nothing could be done safely."""
        once = self._engine.rehearse if self._pace.dry_run else self._engine.tick
        tick = asyncio.ensure_future(once(self._clock.now()))
        await self._either(tick)
        if not tick.done():
            self._engine.request_stop()
            await asyncio.wait({tick}, timeout=self._pace.grace / 1000)
        if not tick.done():
            tick.cancel()
            await asyncio.wait({tick})
            return None
        try:
            return tick.result()
        except StoreError as error:
            fields = {"account": self._engine.account, "error": str(error), "hint": error.hint}
            self._tell(Event("poll.failed", self._clock.now(), "error", fields))
            return None

    def _next(self, due: Millis, poll: Poll | None) -> Millis:
        """When to poll next. Missed polls are skipped, not replayed."""
        now = self._clock.monotonic()
        if poll is not None and poll.error is None:
            self._failures = 0
            late = max(0, now - due)
            return due + self._pace.interval * (late // self._pace.interval + 1)
        self._failures += 1
        return now + failure_delay(poll, self._failures, self._pace.interval)

    async def _wait_until(self, due: Millis) -> None:
        # First of all: neither a folder that never rests nor one that hangs may stop the polls.
        while not self.stop.is_set() and (now := self._clock.monotonic()) < due:
            look = self._looked + SLOW_LOOK
            if self._loading is not None and self._loading.done():
                self._swap(self._loading)
                self._loading = None
            elif self._loading is not None:
                await self._either(self._clock.sleep(due - now), self._loading)
            elif self.flows_changed.is_set():
                await self._either(self._clock.sleep(min(DEBOUNCE, due - now)))
                self._start_loading()
            elif now >= look:
                self._start_loading()
            else:
                await self._either(
                    self._clock.sleep(min(due, look) - now), self.flows_changed.wait()
                )

    async def _either(self, *awaitables: Awaitable[object]) -> None:
        """Waits for the first of these, or for `stop`."""
        tasks = [asyncio.ensure_future(each) for each in (*awaitables, self.stop.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                if task not in awaitables:  # a task that was given stays its owner's
                    task.cancel()

    def _start_loading(self) -> None:
        self.flows_changed.clear()
        self._looked = self._clock.monotonic()
        self._loading = asyncio.ensure_future(asyncio.to_thread(self._reloader.changed))

    def _swap(self, loading: asyncio.Future[Loaded | None]) -> None:
        """Puts what was loaded in force, between two polls; after any error nothing changes."""
        now = self._clock.now()
        try:
            loaded = loading.result()
        except Exception as error:
            fields = {"errors": 1, "problems": [f"{type(error).__name__}: {error}"]}
            self._tell(Event("reload.failed", now, "error", fields))
            return
        if loaded is None:
            return
        if loaded.flow_set is None:
            self._tell(Event("reload.failed", now, "error", failed_fields(loaded.problems)))
            return
        self._engine.load(loaded.flow_set)
        counts = {"flows": len(loaded.flow_set.flows), "rules": len(loaded.flow_set.rules)}
        self._tell(Event("reload.ok", now, "info", counts))


def failure_delay(poll: Poll | None, failures: int, interval: Millis) -> Millis:
    """How long to wait after so many failed polls in a row: longer each time, with jitter."""
    error = poll.error if poll is not None else None
    if isinstance(error, AccessRefused):
        return max(interval, REFUSED_RETRY)
    if isinstance(error, NotProcessed) and error.retry_after is not None:
        return max(interval, min(error.retry_after, LONGEST_DELAY))
    longest: Millis = min(interval << min(failures - 1, 10), LONGEST_DELAY)
    return max(interval, round(longest * random.uniform(0.9, 1.1)))


def failed_fields(problems: Sequence[Problem]) -> dict[str, object]:
    """What a log says of flows that can't be loaded: how many problems, and the first ones."""
    errors = [p for p in problems if p.is_error]
    shown = [f"{p.position}: {p.message} [{p.code}]" for p in errors[:5]]
    return {"errors": len(errors), "problems": shown}
