"""`callflow run`: the daemon, one poll with `--once`, or a rehearsal with `--dry-run`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from runner import __version__
from runner.cli.exits import CLEAN, FAILURE, FINDINGS, INTERRUPTED, Failure
from runner.cli.logs import event_log, tee
from runner.cli.options import option
from runner.cli.wiring import credentials_of, flow_paths, flows_of, settings_of
from runner.console.health import CannotListen, Health, serve
from runner.engine.clock import SystemClock
from runner.engine.daemon import Daemon, Pace
from runner.engine.loop import Engine
from runner.engine.ports import Event, Listener, Store, StoreError
from runner.engine.reload import Reloader
from runner.engine.watch import Watcher
from runner.gateway.credentials import Credentials
from runner.language.loader import Loaded
from runner.model import FlowSet
from runner.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Job:
    """Everything that one `callflow run` was asked for, checked."""

    settings: RunSettings
    credentials: Credentials
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
    poll, actions in flight get --grace to end. A second signal ends it at once.
    """
    settings = settings_of(options.pop("config"), options)
    where = flow_paths(paths, settings)
    flow_set, loaded = flows_of(where, settings)
    job = Job(settings, credentials_of(settings), tuple(where), loaded, flow_set, dry_run)
    try:
        return asyncio.run(_once(job) if once else _until_stopped(job))
    except (StoreError, CannotListen) as error:
        raise Failure(str(error), hint=error.hint) from None


#: How an act may stand at the end of `--once` that somebody should look at; `retrying` is one
#: that has no outcome until the next run.
_TROUBLE = {"action.failed", "action.unknown", "action.crashed", "action.retrying"}


async def _once(job: Job) -> int:
    standing: dict[tuple[object, ...], str] = {}  # act → the last that was said of it

    def watch(event: Event) -> None:
        if event.name.startswith("action."):
            act = tuple(event.fields.get(key) for key in ("call", "flow", "rule"))
            standing[act] = event.name

    async with _engine(job, watch) as (engine, clock, _):
        poll = await (engine.rehearse if job.dry_run else engine.tick)(clock.now())
        await engine.settle()
    if poll.error is not None:
        return FAILURE
    return FINDINGS if _TROUBLE & set(standing.values()) else CLEAN


async def _until_stopped(job: Job) -> int:
    health = Health(job.settings.interval)
    async with AsyncExitStack() as stack:
        engine, clock, tell = await stack.enter_async_context(_engine(job, health.hear))
        pace = Pace(job.settings.interval, job.settings.grace, dry_run=job.dry_run)
        reloader = Reloader(job.paths, job.loaded)
        daemon = Daemon(engine, reloader, pace=pace, clock=clock, tell=tell)
        if job.settings.listen:
            await stack.enter_async_context(serve(health, job.settings.listen, clock=clock))
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(daemon.flows_changed.set)

        stack.enter_context(Watcher(job.paths, wake))
        _on_signals(daemon)
        tell(Event("started", clock.now(), fields=_started_fields(job)))
        left = await daemon.run()
        tell(Event("stopped", clock.now(), fields={"actions_cut_short": left}))
    return CLEAN


@asynccontextmanager
async def _engine(
    job: Job, *listeners: Listener
) -> AsyncIterator[tuple[Engine, SystemClock, Listener]]:
    from runner.gateway.twilio import open_gateway

    settings = job.settings
    log = event_log(sys.stderr, settings.log_format, show_numbers=settings.show_numbers)
    tell = tee(log, *listeners)
    clock = SystemClock()
    store = await _store(job)
    gateway = open_gateway(job.credentials, settings.twilio)
    try:
        engine = Engine(job.credentials.account_sid, gateway, store=store, clock=clock, tell=tell)
        engine.stale_after = settings.interval
        engine.load(job.flow_set)
        yield engine, clock, tell
    finally:
        await gateway.close()
        await store.close()


async def _store(job: Job) -> Store:
    from runner.store.url import open_store, open_store_to_read

    opener = open_store_to_read if job.dry_run else open_store
    return await opener(job.settings.store)


def _on_signals(daemon: Daemon) -> None:
    """The first signal stops cleanly; the second ends the process at once."""
    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        if daemon.stop.is_set():
            os._exit(INTERRUPTED if number == signal.SIGINT else 128 + number)
        daemon.stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)


def _started_fields(job: Job) -> dict[str, object]:
    return {
        "account": job.credentials.account_sid,
        "version": __version__,
        "flows": len(job.flow_set.flows),
        "rules": len(job.flow_set.rules),
        "interval_ms": job.settings.interval,
        "store": job.settings.store,
        "dry_run": job.dry_run,
    }
