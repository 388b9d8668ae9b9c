"""`callflow run`: the daemon, one poll with `--once`, or a rehearsal with `--dry-run`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal

import click

from runner import __version__
from runner.cli.braking import brake_on_signal, hold_brake_signal
from runner.cli.crew import Crew
from runner.cli.exits import CLEAN, Failure
from runner.cli.job import Job, leadership_of, open_crew
from runner.cli.once import once as one_poll
from runner.cli.options import option
from runner.cli.protection import Protection
from runner.cli.reachable import warn_of_open_url, warn_of_unreachable
from runner.cli.stopping import Stopping
from runner.cli.watching import Watch
from runner.cli.wiring import (
    accounts_of,
    config_of,
    config_path,
    flow_paths,
    flows_of,
    settings_from_config,
    signing_keys_of,
)
from runner.console.health import Health
from runner.console.notify import Notifier
from runner.console.server import CannotListen, Site, serve
from runner.engine.clock import Clock
from runner.engine.daemon import Daemon
from runner.engine.pausewatch import PauseWatch
from runner.engine.ports import Event, StoreError
from runner.engine.reload import Reloader
from runner.engine.reloads import Reloads
from runner.engine.retention import Retention
from runner.engine.watch import Watcher
from runner.model import Millis

#: At the end, so long Twilio may take to fetch what it was told to just before.
LINGER: Millis = 400


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
@option("--public-url", metavar="URL", help="Where Twilio reaches what --listen serves.")
@option("--api-base", metavar="URL", help="Another server than Twilio's, such as the sandbox.")
@option("--log-format", type=click.Choice(["text", "json"]), help="Default: text.")
@option("--grace", metavar="DURATION", help="Time for actions in flight to end (default: 10s).")
@option("--show-numbers", is_flag=True, default=None, help="Don't mask phone numbers.")
@option(
    "--check-notifications",
    is_flag=True,
    default=None,
    help="Ask after acts whether Twilio could play what it was given.",
)
def command(paths: tuple[str, ...], once: bool, dry_run: bool, **options: Any) -> int:
    """Apply the flows to live calls until stopped.

    PATH is a flow file or a folder (default: flows/). SIGTERM or Ctrl-C ends it cleanly: no new
    poll, actions in flight get --grace to end. A second signal ends it at once. SIGUSR1 throws the
    kill switch: nothing is sent until `callflow resume --all`. Of several on one store one acts,
    and the others stand by.
    """
    # One poll that never was must not look like one that found nothing.
    stopping = Stopping(early=None if once else CLEAN)
    stopping.install()
    hold_brake_signal()
    named = options.pop("config")
    where_config = config_path(named)
    config = config_of(where_config)
    settings = settings_from_config(config, options)
    where = flow_paths(paths, settings)
    flow_set, loaded = flows_of(where, settings)
    accounts = accounts_of(settings)
    protection = Protection(where_config, config, settings.never)
    keys = signing_keys_of(settings)
    job = Job(settings, protection, accounts, tuple(where), loaded, flow_set, dry_run, keys)
    try:
        return asyncio.run(one_poll(job, stopping) if once else _until_stopped(job, stopping))
    except (StoreError, CannotListen) as error:
        raise Failure(str(error), hint=error.hint) from None


# ---- the daemon -----------------------------------------------------------------------------


async def _until_stopped(job: Job, stopping: Stopping) -> int:
    loop = asyncio.get_running_loop()
    intervals = {
        a.credentials.account_sid: a.interval or job.settings.interval for a in job.accounts
    }
    names = {a.credentials.account_sid: a.alias for a in job.accounts}
    health, notifier = Health(intervals, names), Notifier(os.environ)
    async with AsyncExitStack() as stack:
        watch = Watch(hear=(health.hear, notifier.hear))
        crew = await stack.enter_async_context(open_crew(job, watch))
        clock, tell = crew.clock, crew.tell
        reloads = _reloads(job, crew)
        daemon = Daemon(
            lambda: crew.rounds(reloads, dry_run=job.dry_run),
            leadership_of(job, crew),
            grace=job.settings.grace,
            clock=clock,
            tell=tell,
        )
        daemon.beside += _beside(job, crew)
        if job.settings.listen:
            site = Site(health, clock, crew.documents, tell=tell)
            await stack.enter_async_context(serve(site, job.settings.listen))

        def wake() -> None:
            loop.call_soon_threadsafe(reloads.changed.set)

        watcher = stack.enter_context(Watcher(job.paths, wake))
        _on_signals(daemon, stopping, notifier, crew)
        tell(Event("started", clock.now(), fields=_started_fields(job)))
        warn_of_unreachable(crew, job.flow_set)
        warn_of_open_url(crew)
        async with _going_on(reloads.run(watcher), _alive(notifier, clock)):
            left = await daemon.run()
            if crew.documents is not None:
                await crew.documents.fetched(LINGER)
        level: Literal["info", "warning"] = "warning" if left else "info"
        tell(Event("stopped", clock.now(), level, {"actions_cut_short": left}))
        stopping.over = True
    return CLEAN


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
