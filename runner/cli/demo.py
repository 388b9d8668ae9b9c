"""`callflow demo`: sandbox, example flows and runner in one process; ends by itself."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click

from runner import resources
from runner.cli.exits import CLEAN, FAILURE, Failure
from runner.cli.options import option
from runner.engine.clock import SystemClock
from runner.engine.daemon import Daemon, Pace
from runner.engine.loop import Engine
from runner.engine.ports import Event
from runner.engine.reload import Reloader
from runner.language.loader import Loaded, load
from runner.model import Millis
from runner.sandbox import RunningClock, Sandbox
from runner.sandbox.legs import Happening
from runner.sandbox.scenario import read_scenario

#: Sandbox seconds in a real second, and how many real seconds the show goes on.
SPEED = 6.0
LENGTH = 18.0
#: What people see of a call: its life, what is said, and what others do to it.
_SHOWN = frozenset({"status", "says", "fetches", "told", "fault"})


@click.command(
    "demo",
    epilog="Example: callflow demo --seconds 10",
    short_help="Watch it all work in one minute, without an account.",
)
@option(
    "--seconds",
    type=click.FloatRange(1, 600),
    default=LENGTH,
    show_default=True,
    help="How long to play.",
)
def command(seconds: float) -> int:
    """Watch it all work in one minute, without an account.

    Starts the sandbox (Twilio's live calls, on this machine), applies the example flows to it as
    `callflow run` would, and tells what happens. Nothing leaves this machine.
    """
    return asyncio.run(_show(seconds))


async def _show(seconds: float) -> int:
    folder = resources.tour()
    loaded = load([folder])
    if loaded.flow_set is None:
        raise Failure(f"the example flows in {folder} are damaged: reinstall callflow-runner")
    now = time.time_ns() // 1_000_000
    sandbox = Sandbox(clock=RunningClock(now, time.monotonic, SPEED))
    names = _cast(sandbox, folder)
    async with sandbox:
        stage = Stage(sandbox, names, click.echo)
        stage.introduce(folder, loaded)
        ok = await _play(stage, loaded, folder, seconds)
        stage.summarise()
    return CLEAN if ok else FAILURE


def _cast(sandbox: Sandbox, folder: Path) -> dict[str, str]:
    """Lets the scenario's calls appear; returns their names by SID."""
    path = folder / "tour.scenario.yaml"
    scenario, problems = read_scenario(str(path), path.read_bytes())
    if problems:
        raise Failure(f"{problems[0].position}: {problems[0].message}")
    sandbox.world.people.update(scenario.people)
    sandbox.world.documents.update(scenario.documents)
    sids = sandbox.world.schedule(scenario.plans)
    return {sid: plan.id for sid, plan in zip(sids, scenario.plans, strict=True)}


async def _play(stage: Stage, loaded: Loaded, folder: Path, seconds: float) -> bool:
    """Runs the daemon on the stage for so long; True where no poll and no action failed."""
    from runner.gateway.credentials import Credentials
    from runner.gateway.twilio import open_gateway
    from runner.settings import TwilioSettings
    from runner.store.url import open_store

    sandbox, clock = stage.sandbox, SystemClock()
    login = Credentials(sandbox.account_sid, sandbox.account_sid, password=sandbox.auth_token)
    with tempfile.TemporaryDirectory(prefix="callflow-demo-") as temporary:
        store = await open_store(f"sqlite:///{temporary}/callflow.db")
        gateway = open_gateway(login, TwilioSettings(api_base=sandbox.url))
        engine = Engine(sandbox.account_sid, gateway, store=store, clock=clock, tell=stage.hear)
        assert loaded.flow_set is not None
        engine.load(loaded.flow_set)
        pace = Pace(interval=500, grace=2_000)
        reloader = Reloader([folder], loaded)
        daemon = Daemon(engine, reloader, pace=pace, clock=clock, tell=stage.hear)
        asyncio.get_running_loop().call_later(seconds, daemon.stop.set)
        watching = asyncio.ensure_future(stage.watch())
        try:
            await daemon.run()
        finally:
            watching.cancel()
            await gateway.close()
            await store.close()
    stage.look()
    return not stage.failures


@dataclass
class Stage:
    """Tells the audience what happens to each call, in the order in which it happens."""

    sandbox: Sandbox
    names: dict[str, str]
    say: Callable[[str], None]
    failures: list[Event] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)
    _began: Millis = 0

    def introduce(self, folder: Path, loaded: Loaded) -> None:
        """Who is on the phone, and which rules will look at them."""
        self._began = self.sandbox.clock.now()
        assert loaded.flow_set is not None
        rules = ", ".join(rule.key for rule in loaded.flow_set.rules)
        self.say(f"Twilio's live calls, played on this machine at {self.sandbox.url}")
        self.say(f"flows in {folder}")
        self.say(f"rules: {rules}")
        self.say(f"one second here is {SPEED:.0f} seconds there\n")

    def hear(self, event: Event) -> None:
        """Takes the runner's events."""
        self.look()
        if event.name in ("poll.failed", "action.failed", "action.unknown", "action.crashed"):
            self.failures.append(event)
            self._line("callflow", f"{event.name}: {event.fields.get('error', '')}")
        elif event.name == "action.intended":
            rule = f"{event.fields['flow']}/{event.fields['rule']}"
            then = event.fields["then"]
            actions = ", ".join(then) if isinstance(then, list) else str(then)
            name = self.names.get(str(event.fields["call"]), str(event.fields["call"]))
            self._line(name, f"<- {rule}: {actions}   ({event.fields['why']})")

    async def watch(self) -> None:
        """Tells what the calls do by themselves."""
        while True:
            await asyncio.sleep(0.1)
            self.look()

    def look(self) -> None:
        """Tells what happened since the last look."""
        new: list[tuple[Millis, str, Happening]] = []
        for sid, name in self.names.items():
            if self.sandbox.world.has(sid):
                happenings = self.sandbox.world.transcript(sid)
                new += [(h.at, name, h) for h in happenings[self._seen.get(sid, 0) :]]
                self._seen[sid] = len(happenings)
        for at, name, happening in sorted(new, key=lambda item: item[0]):
            if happening.kind in _SHOWN:
                self._line(name, f"{happening.kind}: {happening.text}", at)

    def summarise(self) -> None:
        """How it ended for each call, and what to try next."""
        self.say("\nwhat became of the calls:")
        for sid, name in self.names.items():
            if not self.sandbox.world.has(sid):
                continue
            heard = " / ".join(self.sandbox.world.heard(sid)) or "nothing"
            status = self.sandbox.world.call(sid).status
            self.say(f"  {name:<12} {status:<12} heard: {heard}")
        self.say(
            "\nnext: callflow init my-flows, then callflow validate, plan and run (see README)"
        )

    def _line(self, name: str, text: str, at: Millis | None = None) -> None:
        at = self.sandbox.clock.now() if at is None else at
        seconds = max(0, at - self._began) // 1000
        self.say(f"{seconds // 60:02d}:{seconds % 60:02d}  {name:<12} {text}")
