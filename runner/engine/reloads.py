"""Keeps the flows in force those on disk: woken by a watcher, waits until they rest, loads, tells.

One object serves any number of engines: each compares `revision` before it polls, and takes
`current` where that has grown.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from runner.engine.clock import Clock
from runner.engine.ports import Event, Listener
from runner.engine.reload import Reading, Reloader, Seen
from runner.engine.watch import Watcher
from runner.model import FlowSet, Millis
from runner.problems import Problem

Result = TypeVar("Result")

#: Behind the watcher, the files are compared this often whatever it reports.
SLOW_LOOK: Millis = 5_000
#: An editor's save is several file events: what was read is believed when it reads the same after
#: this long.
DEBOUNCE: Millis = 100
#: Files that never rest are loaded all the same after this long, and so at most this often.
RESTLESS: Millis = 1_000
#: So long is waited for whoever has begun to write a flow file and holds it open.
LONGEST_WRITE: Millis = 5_000


class Reloads:
    """Runs beside the polls, which it never keeps waiting: files are read on a thread.

    `current` is the last good set, `also` what the reloader's other files held with it, `ok`
    whether they are what lies on disk, `crash` why these could not even be read, `revision` how
    often they were replaced. Whoever notices that files changed sets `changed`, from another thread
    by `loop.call_soon_threadsafe`.
    """

    def __init__(
        self, reloader: Reloader, flow_set: FlowSet, *, clock: Clock, tell: Listener
    ) -> None:
        self._reloader = reloader
        self._clock = clock
        self._tell = tell
        self.crash = ""
        self.current = flow_set
        self.also: Any = reloader.also
        self.ok = True
        #: Of the files as they were read last.
        self.problems: tuple[Problem, ...] = reloader.problems
        self.revision = 0
        self.changed = asyncio.Event()

    async def run(self, watcher: Watcher | None = None) -> None:
        """Until cancelled. With a watcher it also keeps that one watching the right folders."""
        while True:
            await self._either(self._clock.sleep(SLOW_LOOK), self.changed.wait())
            self.changed.clear()
            try:
                self._take(await self._read(watcher))
            except Exception as error:
                self._reloader.crashed()
                self._crashed(f"{type(error).__name__}: {error}")

    async def _read(self, watcher: Watcher | None) -> Reading | None:
        """What the files hold when they rest; None where that is in force already."""

        def look(known: Iterable[str] = ()) -> Seen:
            if watcher is not None:  # first, so that nothing happens between the two unseen
                watcher.refresh(self._reloader.files)
            return self._reloader.look(known)

        began = self._clock.monotonic()
        seen = await on_a_thread(look)
        if not self._reloader.differ(seen):
            return None
        while True:
            await self._clock.sleep(DEBOUNCE)
            self.changed.clear()
            before, seen = seen, await on_a_thread(partial(look, tuple(seen.digests)))
            took = self._clock.monotonic() - began
            writing = watcher is not None and watcher.writing
            if took >= (LONGEST_WRITE if writing else RESTLESS):
                return await on_a_thread(partial(self._reloader.load, seen))
            if seen.digests == before.digests and not writing:
                reading = await on_a_thread(partial(self._reloader.load, seen))
                if reading.loaded.files.items() <= seen.digests.items():
                    return reading
                seen = replace(seen, digests={**seen.digests, **reading.loaded.files})

    def _take(self, reading: Reading | None) -> None:
        """Puts what was loaded in force; after any error nothing changes."""
        loaded = reading and self._reloader.accept(reading)
        if not loaded:
            return
        self.crash = ""
        self.ok, self.problems = loaded.flow_set is not None, tuple(loaded.problems)
        if loaded.flow_set is None:
            self._told("reload.failed", failed_fields(loaded.problems))
            return
        self.current, self.also = loaded.flow_set, self._reloader.also
        self.revision += 1
        counts = {"flows": len(self.current.flows), "rules": len(self.current.rules)}
        self._told("reload.ok", counts)

    def _crashed(self, error: str) -> None:
        self.ok = False
        if error != self.crash:  # it will be met again at every look
            self._told("reload.failed", {"errors": 1, "problems": [error]})
        self.crash = error

    def _told(self, name: str, fields: Mapping[str, object]) -> None:
        self._tell(Event(name, self._clock.now(), "info" if self.ok else "error", fields))

    async def _either(self, *awaitables: Awaitable[object]) -> None:
        tasks = [asyncio.ensure_future(each) for each in awaitables]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()


async def on_a_thread(work: Callable[[], Result]) -> Result:
    """As `asyncio.to_thread`, but a thread that hangs, say on a network share, keeps nobody from
    ending the process.
    """
    future: Future[Result] = Future()

    def body() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    threading.Thread(target=body, name="callflow-reload", daemon=True).start()
    return await asyncio.wrap_future(future)


def failed_fields(problems: Sequence[Problem]) -> dict[str, object]:
    """What a log says of flows that can't be loaded: how many problems, and the first ones."""
    errors = [p for p in problems if p.is_error]
    shown = [f"{p.position}: {p.message} [{p.code}]" for p in errors[:5]]
    return {"errors": len(errors), "problems": shown}
