"""`callflow run`: the daemon, one poll with `--once`, or a rehearsal with `--dry-run`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from runner import __version__
from runner.cli.crew import Crew, open_posts
from runner.cli.exits import CLEAN, FAILURE, FINDINGS, INTERRUPTED, Failure
from runner.cli.logs import event_log, tee
from runner.cli.options import option
from runner.cli.protection import Protection
from runner.cli.wiring import (
    accounts_of,
    config_of,
    config_path,
    flow_paths,
    flows_of,
    settings_from_config,
)
from runner.console.health import CannotListen, Health, serve
from runner.console.notify import Notifier
from runner.engine.clock import Clock, SystemClock
from runner.engine.daemon import Daemon
from runner.engine.holder import identify, is_gone
from runner.engine.killswitch import NAME, KillSwitch
from runner.engine.lease import Leadership
from runner.engine.loop import Poll
from runner.engine.pausewatch import PauseWatch
from runner.engine.ports import Event, Listener, Pause, Store, StoreError
from runner.engine.reload import Reloader
from runner.engine.reloads import Reloads
from runner.engine.retention import Retention
from runner.engine.watch import Watcher
from runner.gateway.accounts import Account
from runner.language.loader import Loaded
from runner.model import FlowSet
from runner.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that one `callflow run` was asked for, checked."""

    settings: RunSettings
    protection: Protection
    accounts: tuple[Account, ...]
    paths: tuple[Path, ...]
    loaded: Loaded
    flow_set: FlowSet
    dry_run: bool


@click.command(
    "run",
    epilog="Example: callflow run flows/ --once --dry-run",
    short_help="Apply the flows to live calls until stopped.",
)
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@option("--config", metavar="FILE", help="Configuration file (default: callflow.yaml, if there).")
@option("--interval", metavar="DURATION", help="From poll to poll (default: 2s).")
@option("--once", is_flag=True, help="One poll, wait for its outcomes, end.")
@option("--dry-run", is_flag=True, help="Decide and say what would be done; send nothing.")
@option("--store", metavar="URL", help="The ledger (default: sqlite:///callflow.db).")
@option("--listen", metavar="HOST:PORT", help="Serve /healthz and /readyz there.")
@option("--api-base", metavar="URL", help="Another server than Twilio's, such as the sandbox.")
@option("--log-format", type=click.Choice(["text", "json"]), help="Default: text.")
@option("--grace", metavar="DURATION", help="Time for actions in flight to end (default: 10s).")
@option("--show-numbers", is_flag=True, default=None, help="Don't mask phone numbers.")
def command(paths: tuple[str, ...], once: bool, dry_run: bool, **options: Any) -> int:
    """Apply the flows to live calls until stopped.

    PATH is a flow file or a folder (default: flows/). SIGTERM or Ctrl-C ends it cleanly: no new
    poll, actions in flight get --grace to end. A second signal ends it at once. SIGUSR1 throws the
    kill switch: nothing is sent until `callflow resume --all`. Of several on one store one acts,
    and the others stand by.
    """
    named = options.pop("config")
    where_config = config_path(named)
    config = config_of(where_config)
    settings = settings_from_config(config, options)
    where = flow_paths(paths, settings)
    flow_set, loaded = flows_of(where, settings)
    accounts = accounts_of(settings)
    protection = Protection(where_config, config, settings.never)
    job = Job(settings, protection, accounts, tuple(where), loaded, flow_set, dry_run)
    try:
        return asyncio.run(_once(job) if once else _until_stopped(job))
    except (StoreError, CannotListen) as error:
        raise Failure(str(error), hint=error.hint) from None


# ---- one poll -------------------------------------------------------------------------------

#: How an act may stand at the end of `--once` that somebody should look at; `retrying` is one
#: that has no outcome until the next run.
_TROUBLE = {"action.failed", "action.unknown", "action.crashed", "action.retrying", "rule.tripped"}


async def _once(job: Job) -> int:
    standing: dict[tuple[object, ...], str] = {}  # act → the last that was said of it

    def watch(event: Event) -> None:
        if event.name.startswith(("action.", "rule.")):
            act = tuple(event.fields.get(key) for key in ("account", "call", "flow", "rule"))
            standing[act] = event.name

    async with _crew(job, watch) as crew:
        leadership = None if job.dry_run else _leadership(job, crew.store, crew.clock)
        if leadership is not None:
            await _lead_now(leadership, job.settings.lease / 1000)
        polls = await _poll_all(crew, job)
        if leadership is not None:
            await leadership.release()
    if any(poll.error is not None for poll in polls):
        return FAILURE
    return FINDINGS if _TROUBLE & set(standing.values()) else CLEAN


async def _poll_all(crew: Crew, job: Job) -> Sequence[Poll]:
    engines = crew.engines()
    for engine in engines:
        engine.load(job.flow_set)
    now = crew.clock.now()
    polls = [(each.rehearse if job.dry_run else each.tick)(now) for each in engines]
    found = await asyncio.gather(*polls)
    for engine in engines:
        await engine.settle()
    return found


async def _lead_now(leadership: Leadership, seconds: float) -> None:
    """Takes the lease, or ends the command where a living runner has it."""
    holders = []
    try:
        # One period shows whether the holder lives; a bit more, since looks come in steps.
        await asyncio.wait_for(leadership.acquire(lambda e: holders.append(e.holder)), seconds * 2)
    except TimeoutError:
        hint = "stop it first, or name another store with --store"
        text = f"another runner acts on this store: {', '.join(holders)}"
        raise Failure(text, hint=hint) from None


# ---- the daemon -----------------------------------------------------------------------------


async def _until_stopped(job: Job) -> int:
    loop = asyncio.get_running_loop()
    intervals = {
        a.credentials.account_sid: a.interval or job.settings.interval for a in job.accounts
    }
    health, notifier = Health(intervals), Notifier(os.environ)
    async with AsyncExitStack() as stack:
        crew = await stack.enter_async_context(_crew(job, health.hear, notifier.hear))
        clock, tell = crew.clock, crew.tell
        reloader = Reloader(job.paths, job.loaded, also=job.protection.also)
        reloads = Reloads(reloader, job.flow_set, clock=clock, tell=tell)
        job.protection.follow(reloads)
        leadership = None if job.dry_run else _leadership(job, crew.store, clock)
        daemon = Daemon(
            lambda: crew.rounds(reloads, dry_run=job.dry_run),
            leadership,
            grace=job.settings.grace,
            clock=clock,
            tell=tell,
        )
        daemon.beside += _beside(job, crew)
        if job.settings.listen:
            await stack.enter_async_context(serve(health, job.settings.listen, clock=clock))

        def wake() -> None:
            loop.call_soon_threadsafe(reloads.changed.set)

        watcher = stack.enter_context(Watcher(job.paths, wake))
        _on_signals(daemon, notifier, crew)
        tell(Event("started", clock.now(), fields=_started_fields(job)))
        async with _going_on(reloads.run(watcher), _alive(notifier, clock)):
            left = await daemon.run()
        tell(Event("stopped", clock.now(), fields={"actions_cut_short": left}))
    return CLEAN


def _beside(job: Job, crew: Crew) -> list[Any]:
    """What goes on beside the polls of a term."""
    watch = PauseWatch(crew.store, crew.kill, clock=crew.clock, tell=crew.tell)
    jobs: list[Any] = [lambda _rounds: watch.run()]
    if job.settings.retention is not None and not job.dry_run:
        retention = Retention(
            crew.store, keep_for=job.settings.retention, clock=crew.clock, tell=crew.tell
        )
        jobs.append(lambda rounds: retention.run([each.engine for each in rounds]))
    return jobs


@asynccontextmanager
async def _going_on(*work: Any) -> AsyncIterator[None]:
    """Goes on with these until the block ends."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _alive(notifier: Notifier, clock: Clock) -> None:
    """Shows the service manager that the event loop turns."""
    while notifier.watchdog_interval is not None:
        notifier.watchdog()
        await clock.sleep(notifier.watchdog_interval)


# ---- what both are made of ------------------------------------------------------------------


@asynccontextmanager
async def _crew(job: Job, *listeners: Listener) -> AsyncIterator[Crew]:
    settings = job.settings
    log = event_log(sys.stderr, settings.log_format, show_numbers=settings.show_numbers)
    store = await _store(job)
    try:
        async with open_posts(job.accounts, settings) as posts:
            yield Crew(
                posts,
                settings,
                store,
                SystemClock(),
                tee(log, *listeners),
                _kill_switch(settings),
                job.protection.current,
            )
    finally:
        await store.close()


def _kill_switch(settings: RunSettings) -> KillSwitch:
    from runner.store.url import beside

    return KillSwitch(beside(settings.store, NAME))


def _leadership(job: Job, store: Store, clock: Clock) -> Leadership:
    return Leadership(store, identify(), period=job.settings.lease, clock=clock, gone=is_gone)


async def _store(job: Job) -> Store:
    from runner.store.url import open_store, open_store_to_read

    opener = open_store_to_read if job.dry_run else open_store
    return await opener(job.settings.store)


def _on_signals(daemon: Daemon, notifier: Notifier, crew: Crew) -> None:
    """The first signal stops cleanly; the second ends the process at once; one more brakes."""
    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        if daemon.stop.is_set():
            os._exit(INTERRUPTED if number == signal.SIGINT else 128 + number)
        notifier.stopping()
        daemon.stop.set()

    def brake() -> None:
        now = crew.clock.now()
        try:
            crew.kill.throw(Pause(reason="signal SIGUSR1", by="signal", at=now))
        except OSError as error:
            text = f"the kill switch is thrown, but its file can't be written: {error}"
            hint = "a restart would act again: mend the folder, or touch the file PAUSED there"
            crew.tell(
                Event(
                    "rule.paused",
                    now,
                    "error",
                    {"scope": "everything", "error": text, "hint": hint},
                )
            )

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    loop.add_signal_handler(signal.SIGUSR1, brake)


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
