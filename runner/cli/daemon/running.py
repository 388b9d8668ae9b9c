"""The daemon: everything that `callflow run` puts together, drives and takes apart again."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from runner import __version__
from runner.cli.daemon.braking import brake_on_signal
from runner.cli.daemon.crew import Crew
from runner.cli.daemon.job import Job, leadership_of, open_crew
from runner.cli.daemon.reachable import warn_of_open_url, warn_of_unreachable
from runner.cli.daemon.stopping import Stopping
from runner.cli.daemon.tracing import Tracing
from runner.cli.daemon.watching import Watch, failed
from runner.cli.exits import CLEAN
from runner.console.notify import Notifier
from runner.engine.clock import Clock
from runner.engine.daemon import Daemon
from runner.engine.lease import Leadership
from runner.engine.pausewatch import PauseWatch
from runner.engine.ports import Event
from runner.engine.reload import Reloader
from runner.engine.reloads import Reloads
from runner.engine.retention import Retention
from runner.engine.tasks import cancelled
from runner.engine.watch import Watcher
from runner.model import Millis

if TYPE_CHECKING:
    from runner.cli.daemon.console import Console

#: At the end, so long Twilio may take to fetch what it was told to just before.
LINGER: Millis = 400


async def until_stopped(job: Job, stopping: Stopping, console: Console | None = None) -> int:
    """Runs until a signal says stop. Raises `StoreError` and `CannotListen`."""
    notifier = Notifier(os.environ)
    async with AsyncExitStack() as stack:
        tracing = await stack.enter_async_context(Tracing.of(job.settings))
        watch = Watch(hear=(notifier.hear,)) | tracing.watch
        if console is not None:
            watch |= console.watch
        crew = await stack.enter_async_context(open_crew(job, watch))
        tracing.report_to(crew.tell)
        reloads = _reloads(job, crew)
        store = crew.store if console is None else await stack.enter_async_context(console.store())
        pauses = PauseWatch(store, crew.kill, clock=crew.clock, tell=crew.tell)
        leadership = leadership_of(job, crew)
        daemon = _daemon(job, crew, reloads, leadership)
        fields = _started_fields(job)
        if console is not None:
            console.follow(reloads, pauses, daemon, leadership)
            fields |= await stack.enter_async_context(console.serving(crew, store))
        watcher = stack.enter_context(_watcher(job, reloads))
        _on_signals(daemon, stopping, notifier, crew)
        # What is loaded by now stays: to look through it for garbage again and again would stop
        # polls and the console for 50 ms each time.
        gc.freeze()
        crew.tell(Event("started", crew.clock.now(), fields=fields))
        _warn(job, crew, console)
        beside = (reloads.run(watcher), pauses.run(), _alive(notifier, crew.clock))
        async with going_on(crew, *beside):
            left = await daemon.run()
            if crew.documents is not None:
                await crew.documents.fetched(LINGER)
        level: Literal["info", "warning"] = "warning" if left else "info"
        crew.tell(Event("stopped", crew.clock.now(), level, {"actions_cut_short": left}))
        stopping.over = True
    return CLEAN


def _daemon(job: Job, crew: Crew, reloads: Reloads, leadership: Leadership | None) -> Daemon:
    daemon = Daemon(
        lambda: crew.rounds(reloads, dry_run=job.dry_run),
        leadership,
        grace=job.settings.grace,
        clock=crew.clock,
        tell=crew.tell,
    )
    if job.settings.retention is not None and not job.dry_run:
        retention = Retention(
            crew.store, keep_for=job.settings.retention, clock=crew.clock, tell=crew.tell
        )
        daemon.beside.append(lambda rounds: retention.run([each.engine for each in rounds]))
    return daemon


def _watcher(job: Job, reloads: Reloads) -> Watcher:
    loop = asyncio.get_running_loop()

    def wake() -> None:
        loop.call_soon_threadsafe(reloads.changed.set)

    return Watcher(job.paths, wake)


def _warn(job: Job, crew: Crew, console: Console | None) -> None:
    warn_of_unreachable(crew, job.flow_set)
    warn_of_open_url(crew)
    if console is not None:
        console.warn_where_closed(crew)


def _reloads(job: Job, crew: Crew) -> Reloads:
    """What keeps the flows in force those on disk, and the protection with them."""

    def tell(event: Event) -> None:
        crew.tell(event)
        if event.name == "reload.ok":
            warn_of_unreachable(crew, reloads.current)

    also, poll = job.protection.also, job.settings.interval
    reloader = Reloader(job.paths, job.loaded, also=also, poll=poll)
    reloads = Reloads(reloader, job.flow_set, clock=crew.clock, tell=tell)
    job.protection.follow(reloads)
    return reloads


@asynccontextmanager
async def going_on(crew: Crew, *work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Goes on with these until the block ends, and tells where one ends by a fault."""

    def ended(name: str, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            crew.tell(failed(name, error, crew.clock.now()))

    tasks = [asyncio.ensure_future(each) for each in work]
    for task, each in zip(tasks, work, strict=True):
        task.add_done_callback(partial(ended, getattr(each, "__qualname__", repr(each))))
    try:
        yield
    finally:
        await cancelled(tasks)


async def _alive(notifier: Notifier, clock: Clock) -> None:
    """Shows the service manager that the event loop turns."""
    while notifier.watchdog_interval is not None:
        notifier.watchdog()
        await clock.sleep(notifier.watchdog_interval)


def _on_signals(daemon: Daemon, stopping: Stopping, notifier: Notifier, crew: Crew) -> None:
    """The first signal stops cleanly; the second ends the process at once; one more brakes."""

    def stop() -> None:
        notifier.stopping()
        daemon.stop.set()

    stopping.begin(stop, grace=crew.settings.grace)
    brake_on_signal(crew)


def _started_fields(job: Job) -> dict[str, object]:
    return {
        "account": ", ".join(a.credentials.account_sid for a in job.accounts[:5]),
        "accounts": len(job.accounts),
        "version": __version__,
        "flows": len(job.flow_set.flows),
        "rules": len(job.flow_set.rules),
        "interval_ms": job.settings.interval,
        "store": job.settings.store,
        "dry_run": job.dry_run,
    }
