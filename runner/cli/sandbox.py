"""`callflow sandbox`: serves Twilio's live calls on this machine until it is stopped."""

from __future__ import annotations

import asyncio
import errno
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import click

from runner.cli.exits import CLEAN, FINDINGS, Failure
from runner.cli.options import option
from runner.cli.report import as_text
from runner.model import Millis
from runner.sandbox.clock import Clock, ManualClock, RunningClock
from runner.sandbox.fetches import on_loopback
from runner.sandbox.forms import usable
from runner.sandbox.generator import populate
from runner.sandbox.identity import MAIN
from runner.sandbox.scenario import Scenario, enact, read_scenario
from runner.sandbox.service import Sandbox

#: How many calls there are when nobody says.
_SOME = 20


@dataclass(frozen=True, slots=True)
class Crowd:
    """The generated calls: so many live ones, so many more a second, over so many subaccounts."""

    calls: int
    rate: float
    seed: int
    accounts: int
    status_callback: str | None = None


@click.command(
    "sandbox",
    epilog="Example: callflow sandbox --calls 50 --rate 0.5 --speed 10",
    short_help="Serve Twilio's live calls on this machine.",
)
@option(
    "--listen",
    default="127.0.0.1:8700",
    show_default=True,
    metavar="HOST:PORT",
    envvar="CALLFLOW_SANDBOX_LISTEN",  # CALLFLOW_LISTEN is where `callflow run` listens
    help="Where to serve; port 0 takes a free one.",
)
@option("--scenario", metavar="FILE", help="Who calls when, in YAML.")
@option("--calls", type=click.IntRange(0), help="Generated calls in progress at the start.")
@option("--rate", type=click.FloatRange(0), default=0.0, help="Generated calls a second from then.")
@option(
    "--speed",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="Sandbox seconds a second; 0 stands still until the control API moves the clock.",
)
@option(
    "--accounts",
    type=click.IntRange(0, 1_000),
    default=0,
    envvar="CALLFLOW_SANDBOX_ACCOUNTS",  # a runner's accounts are another matter
    help="Subaccounts; generated calls are spread over all accounts.",
)
@option(
    "--status-callback",
    metavar="URL",
    help="Tell this application on this machine of every change of the generated calls.",
)
@option("--seed", type=int, default=0, help="Another seed, other generated calls.")
@option("--allow-remote", is_flag=True, help="Let --listen reach beyond this machine.")
def command(
    listen: str, scenario: str | None, speed: float, allow_remote: bool, **crowd: Any
) -> int:
    """Serve Twilio's live calls on this machine.

    Calls ring, are answered, follow their TwiML and end, and the Calls API shows and changes them
    as Twilio's does. Nothing leaves this machine. Ctrl-C or SIGTERM ends it.
    """
    host, port = _address(listen, allow_remote)
    _check_callback(crowd["status_callback"])
    played = Scenario() if scenario is None else _scenario(scenario)
    if crowd["calls"] is None:
        crowd["calls"] = 0 if scenario is not None or crowd["rate"] else _SOME
    sandbox = Sandbox(clock=_clock(played.start, speed), seed=crowd["seed"], host=host, port=port)
    _populate(sandbox, played, Crowd(**crowd))
    return asyncio.run(_serve(sandbox, listen))


def _address(listen: str, allow_remote: bool) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise click.UsageError(f"--listen {listen!r} is not HOST:PORT, like 127.0.0.1:8700")
    if not allow_remote and not _on_this_machine(host):
        raise Failure(
            f"{host} is not a loopback address: others could reach the sandbox",
            hint="listen on 127.0.0.1, or add --allow-remote if that is meant",
        )
    return host, int(port)


def _on_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _check_callback(url: str | None) -> None:
    if url is None or (usable(url) and on_loopback(url)):
        return
    raise click.UsageError(
        f"--status-callback {url!r} is no http or https URL on this machine, "
        "like http://127.0.0.1:8080/twilio/status"
    )


def _scenario(path: str) -> Scenario:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise Failure(f"can't read {path}: {error.strerror}") from None
    scenario, problems = read_scenario(path, content)
    click.echo(as_text(problems, {path: content.decode("utf-8", "replace")}), err=True, nl=False)
    if any(problem.is_error for problem in problems):
        raise Failure(f"{path} is no sound scenario", code=FINDINGS)
    return scenario


def _clock(start: Millis | None, speed: float) -> Clock:
    first = round(time.time() * 1000) if start is None else start
    return RunningClock(first, time.monotonic, speed) if speed else ManualClock(first)


def _populate(sandbox: Sandbox, scenario: Scenario, crowd: Crowd) -> None:
    enact(sandbox, scenario)
    for number in range(1, crowd.accounts + 1):
        if sandbox.accounts.get(f"sub-{number}") is None:
            sandbox.add_account(f"sub-{number}", parent=MAIN)
    worlds = [tenant.world for tenant in sandbox.accounts]
    told = crowd.status_callback
    populate(worlds, crowd.calls, crowd.rate, seed=crowd.seed, status_callback=told)


async def _serve(sandbox: Sandbox, listen: str) -> int:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    try:
        await sandbox.open()
    except OSError as error:
        raise _cannot_listen(listen, error) from None
    try:
        sandbox.catch_up()
        _introduce(sandbox, click.echo)
        await stopped.wait()
    finally:
        await sandbox.close()
    click.echo("stopped")
    return CLEAN


def _cannot_listen(listen: str, error: OSError) -> Failure:
    if error.errno == errno.EADDRINUSE:
        return Failure(
            f"something is listening on {listen} already",
            hint="stop it, or choose another port: --listen 127.0.0.1:8701",
        )
    return Failure(f"can't listen on {listen}: {error.strerror or error}")


def _introduce(sandbox: Sandbox, say: Callable[[str], None]) -> None:
    live = sum(row.live for tenant in sandbox.accounts for row in tenant.world.shelf)
    say(f"{live} live calls at {sandbox.url}, until Ctrl-C\n")
    if len(sandbox.accounts) > 1:
        say(f"Of {len(sandbox.accounts)} accounts: curl {sandbox.url}/sandbox/accounts\n")
    say("Point callflow at it, in another terminal:\n")
    say(f"  export TWILIO_ACCOUNT_SID={sandbox.account_sid}")
    say(f"  export TWILIO_AUTH_TOKEN={sandbox.auth_token}")
    say(f"  export CALLFLOW_API_BASE={sandbox.url}")
    say("  callflow run --dry-run\n")
    say(f"or Twilio's SDK: client.api.base_url = {sandbox.url!r}")
    say(f"Steer it: curl {sandbox.url}/sandbox/state")
