"""Reloading for tests: real files, the real watchdog, and clocks that say who noticed an edit."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from watchdog.observers.api import BaseObserver

from runner.engine.clock import SystemClock
from runner.engine.ports import Event
from runner.engine.reload import Also, Reloader
from runner.engine.reloads import SLOW_LOOK, Reloads
from runner.engine.watch import Watcher
from runner.language.loader import load
from runner.model import Millis

#: Real seconds after which an event that should have come has failed the test.
PATIENCE = 15.0


class OnlyWatching(SystemClock):
    """The slow look never comes: whatever is noticed, the watcher has noticed."""

    async def sleep(self, millis: Millis) -> None:
        await (asyncio.Event().wait() if millis == SLOW_LOOK else super().sleep(millis))


class Hurried(SystemClock):
    """The slow look comes at once, and so does everything else."""

    async def sleep(self, millis: Millis) -> None:
        await super().sleep(min(millis, 2))


class Racing(Hurried):
    """A hundred seconds in one: what has an end comes to it."""

    def monotonic(self) -> Millis:
        return super().monotonic() * 100


@dataclass
class Desk:
    """A flow folder that is edited, and what came of it."""

    folder: Path
    reloads: Reloads
    events: asyncio.Queue[Event]
    heard: list[Event] = field(default_factory=list)

    async def hears(self, name: str) -> Event:
        """The next event, which must be this one."""
        event = await asyncio.wait_for(self.events.get(), PATIENCE)
        self.heard.append(event)
        assert event.name == name, event
        return event

    async def fails(self) -> str:
        """Waits for a reload that fails; returns its problems, a line each."""
        problems = (await self.hears("reload.failed")).fields["problems"]
        assert isinstance(problems, list)
        return "\n".join(problems)

    async def in_force(self, *rules: str) -> None:
        """Waits for one successful reload, after which just these rules are in force."""
        await self.hears("reload.ok")
        assert self.rules == sorted(rules)
        assert self.reloads.ok

    @property
    def rules(self) -> list[str]:
        """`flow/rule` of all that are in force."""
        return sorted(rule.key for rule in self.reloads.current.rules)


def flow(name: str, *rules: str, top: str = "") -> str:
    """A flow with rules of these names."""
    lines = "".join(
        f"  - {{id: {rule}, match: {{from: '+1415555{n:04}'}}, then: [hangup]}}\n"
        for n, rule in enumerate(rules)
    )
    return f"version: 1\nflow: {name}\n{top}rules:\n{lines}"


@asynccontextmanager
async def desk(
    folder: Path,
    *,
    clock: SystemClock | None = None,
    observer: Callable[[], BaseObserver] | None = None,
    also: Also | None = None,
) -> AsyncIterator[Desk]:
    """Loads the flows of the folder, and goes on reloading them."""
    loaded = load([folder])
    assert loaded.flow_set is not None, loaded.problems
    events: asyncio.Queue[Event] = asyncio.Queue()
    reloader = Reloader([folder], loaded, also=also)
    reloads = Reloads(
        reloader, loaded.flow_set, clock=clock or OnlyWatching(), tell=events.put_nowait
    )
    loop = asyncio.get_running_loop()

    def wake() -> None:
        loop.call_soon_threadsafe(reloads.changed.set)

    options = {} if observer is None else {"observer": observer}
    with Watcher([folder], wake, **options) as watcher:
        watcher.refresh(reloader.files)
        task = asyncio.create_task(reloads.run(watcher))
        try:
            yield Desk(folder, reloads, events)
            assert not task.done()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def save(path: Path, text: str) -> None:
    """As most editors do: beside it, then renamed over it."""
    temporary = path.with_name(f".{path.name}.swp")
    temporary.write_text(text)
    temporary.rename(path)


def open_files() -> int:
    """How many file descriptors this process holds."""
    return len(os.listdir("/proc/self/fd"))
