"""`callflow demo`: sandbox, flows and runner in one process; ends by itself."""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click

from runner import resources
from runner.cli.exits import CLEAN, FAILURE, FINDINGS, USAGE, Failure
from runner.cli.options import option
from runner.cli.report import as_text
from runner.cli.show.neighbours import Neighbours
from runner.cli.show.showtime import Showtime
from runner.cli.show.stage import Stage
from runner.engine.daemon import Daemon
from runner.engine.loop import Engine
from runner.engine.reload import Reloader
from runner.engine.reloads import Reloads
from runner.engine.rounds import Pace, Rounds
from runner.language.loader import Loaded, load
from runner.model import FlowSet
from runner.sandbox import ManualClock, Sandbox
from runner.sandbox.scenario import Scenario, enact, read_scenario

#: Sandbox seconds in a real second, and how many real seconds the show goes on.
SPEED = 6.0
LENGTH = 18.0
#: Sandbox milliseconds between polls: what `run` does by default.
INTERVAL = 2_000

_EPILOG = """\b
Examples:
  callflow demo --seconds 10
  callflow demo examples/toll-fraud --speed 10
"""


@dataclass(frozen=True, slots=True)
class Play:
    """A folder's flows, and the scenario they are played against."""

    folder: Path
    loaded: Loaded
    flow_set: FlowSet
    scenario: Scenario


@click.command(
    "demo", epilog=_EPILOG, short_help="Watch it all work in one minute, without an account."
)
@click.argument(
    "folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@option(
    "--seconds",
    type=click.FloatRange(1, 600),
    default=LENGTH,
    show_default=True,
    help="How long to play.",
)
@option(
    "--speed",
    type=click.FloatRange(0.1, 1000),
    default=SPEED,
    show_default=True,
    envvar="CALLFLOW_DEMO_SPEED",  # CALLFLOW_SPEED is the sandbox's
    help="Sandbox seconds a second.",
)
def command(folder: Path | None, seconds: float, speed: float) -> int:
    """Watch it all work in one minute, without an account.

    Starts the sandbox (Twilio's live calls, on this machine), lets the calls of a scenario appear
    in it, applies flows to them as `callflow run` would, and tells what happens. Nothing leaves
    this machine. FOLDER holds the flows and one *.scenario.yaml, like those in examples/; a short
    tour is played where none is given.
    """
    return asyncio.run(_show(_prepare(folder or resources.tour()), seconds, speed))


def _prepare(folder: Path) -> Play:
    """Reads flows and scenario; prints every problem before one of them ends the command."""
    path = _scenario_path(folder)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Failure(f"can't read {path}: {error.strerror}") from None
    loaded = load([folder])
    scenario, problems = read_scenario(str(path), content)
    texts = {**loaded.texts, str(path): content.decode("utf-8", "replace")}
    problems = sorted([*loaded.problems, *problems])
    click.echo(as_text(problems, texts), err=True, nl=False)
    if loaded.flow_set is None or any(problem.is_error for problem in problems):
        raise Failure(f"{folder} can't be played", code=FINDINGS)
    return Play(folder, loaded, loaded.flow_set, scenario)


def _scenario_path(folder: Path) -> Path:
    found = sorted(folder.glob("*.scenario.yaml"))
    if not found:
        hint = "name a folder like examples/toll-fraud, with flows and a *.scenario.yaml"
        raise Failure(f"there is no scenario in {folder}", hint=hint, code=USAGE)
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        hint = "keep one beside the flows; `callflow sandbox --scenario FILE` plays any"
        raise Failure(f"{folder} has several scenarios: {names}", hint=hint, code=USAGE)
    return found[0]


async def _show(play: Play, seconds: float, speed: float) -> int:
    start = play.scenario.start
    now = time.time_ns() // 1_000_000 if start is None else start
    sandbox = Sandbox(clock=ManualClock(now))
    names = _cast(sandbox, play.scenario)
    async with sandbox:
        stage = Stage(sandbox, names, click.echo)
        stage.introduce(play.folder, play.flow_set, speed)
        ok = await _play(stage, play, seconds, speed)
        stage.summarise()
    return CLEAN if ok else FAILURE


def _cast(sandbox: Sandbox, scenario: Scenario) -> dict[str, str]:
    """Lets the scenario's calls appear; returns their names by SID."""
    sids = enact(sandbox, scenario)
    return {sid: plan.id or plan.to for sid, plan in zip(sids, scenario.plans, strict=True)}


async def _play(stage: Stage, play: Play, seconds: float, speed: float) -> bool:
    """Runs the daemon on the stage for so long; True where no poll and no action failed."""
    from runner.gateway.credentials import Credentials
    from runner.gateway.twilio import open_gateway
    from runner.settings import TwilioSettings
    from runner.store.url import open_store

    sandbox = stage.sandbox
    end = sandbox.clock.now() + round(seconds * speed * 1000)

    def between() -> None:
        stage.look()
        if sandbox.clock.now() >= end:
            daemon.stop.set()

    clock = Showtime(sandbox, speed, between=between)
    login = Credentials(sandbox.account_sid, sandbox.account_sid, password=sandbox.auth_token)
    with tempfile.TemporaryDirectory(prefix="callflow-demo-") as temporary:
        store = await open_store(f"sqlite:///{temporary}/callflow.db")
        settings = TwilioSettings(api_base=sandbox.url)
        gateway = open_gateway(login, settings, ticks=clock.monotonic)
        engine = Engine(sandbox.account_sid, gateway, store=store, clock=clock, tell=stage.hear)
        around = Neighbours(sandbox, stage.posted)
        engine.reach(web=around, publish=around.publish)
        reloads = Reloads(
            Reloader([play.folder], play.loaded), play.flow_set, clock=clock, tell=stage.hear
        )
        # Only the polls wait for changes to end: a change that waited for itself never would.
        patient = Showtime(sandbox, speed, between=between, ready=engine.settle)
        pace = Pace(interval=INTERVAL, grace=2_000)
        rounds = Rounds(engine, reloads, pace=pace, clock=patient, tell=stage.hear)
        daemon = Daemon(lambda: [rounds], None, grace=pace.grace, clock=clock, tell=stage.hear)
        try:
            await daemon.run()
        finally:
            await gateway.close()
            await store.close()
    stage.look()
    return not stage.failures
