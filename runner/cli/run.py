"""`callflow run`: the daemon, one poll with `--once`, or a rehearsal with `--dry-run`."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from runner.cli.daemon.braking import hold_brake_signal
from runner.cli.daemon.job import Job
from runner.cli.daemon.once import once as one_poll
from runner.cli.daemon.protection import Protection
from runner.cli.daemon.running import until_stopped
from runner.cli.daemon.stopping import Stopping
from runner.cli.exits import CLEAN, Failure
from runner.cli.options import option
from runner.cli.wiring import (
    accounts_of,
    config_of,
    config_path,
    flow_paths,
    flows_of,
    settings_from_config,
    signing_keys_of,
)
from runner.console.web.server import CannotListen
from runner.engine.ports import StoreError


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
@option("--listen", metavar="HOST:PORT", help="Serve the console, metrics and health there.")
@option("--public-url", metavar="URL", help="Where Twilio reaches what --listen serves.")
@option("--api-base", metavar="URL", help="Another server than Twilio's, such as the sandbox.")
@option("--log-format", type=click.Choice(["text", "json"]), help="Default: text.")
@option("--traces", is_flag=True, default=None, help="Send OpenTelemetry traces (OTEL_…).")
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
    hold_brake_signal()
    stopping.install()
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
        return asyncio.run(one_poll(job, stopping) if once else _daemon(job, stopping))
    except (StoreError, CannotListen) as error:
        raise Failure(str(error), hint=error.hint) from None


async def _daemon(job: Job, stopping: Stopping) -> int:
    if not job.settings.listen:
        return await until_stopped(job, stopping)
    from runner.cli.daemon.console import Console

    return await until_stopped(job, stopping, Console(job))
