"""Where the rows of the table "When something fails" are played, and what a case must say of them.

A case is data: what the far side received, to the request; what the ledger holds; what the operator
is told, event for event; and whether the runner counts as ready after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from runner.console.web.health import Health
from runner.engine.reload import Reloader
from runner.engine.reloads import Reloads
from runner.engine.rounds import Pace, Rounds
from runner.gateway.credentials import Credentials
from runner.gateway.twilio import open_gateway
from runner.language.loader import load
from runner.model import LIVE_STATUSES, Millis
from runner.sandbox import ManualClock, Sandbox
from runner.settings import TwilioSettings
from runner.store.sqlite import SqliteStore
from tests.engine.faults_between import Between, shown
from tests.site import SandboxTime, Site

INTERVAL = 2_000
HANG_UP = """
version: 1
flow: f
rules:
  - id: r
    then: [hangup]
"""
SPEAK = HANG_UP.replace("[hangup]", "[{say: hello}, {pause: 9m}]")
OLD = HANG_UP.replace("    then", "    match: {age: {gte: 30m}}\n    then")

#: What a poll asks for when all rules are about calls in progress, and before anything is changed.
LIST = "list in-progress"
ALL = tuple(f"list {status}" for status in LIVE_STATUSES)
LISTS = (LIST, *ALL)
FETCH, HANGUP = "fetch", "update Status=completed"
SAY = 'update Twiml=<Response><Say>hello</Say><Pause length="540" /></Response>'

#: What the operator sees: the event's name, and patterns for some of its fields.
Seen = tuple[str, Mapping[str, str]]
POLL: Seen = ("poll", {})
INTENDED: Seen = ("action.intended", {"attempt": "1"})


def failed(error: str, hint: str = "") -> Seen:
    """A poll that failed, with what its error and its hint say."""
    return ("poll.failed", {"error": error, "hint": hint})


def act(outcome: str, detail: str = "", *, attempt: int = 1) -> Seen:
    """What became of an act, or of one try of it."""
    fields = {"flow": "f", "rule": "r", "attempt": str(attempt)}
    return (f"action.{outcome}", fields | ({"detail": detail} if detail else {}))


@dataclass
class Scene:
    """An installation with something in it that fails."""

    site: Site
    between: Between

    @property
    def sandbox(self) -> Sandbox:
        """The far side."""
        return self.site.sandbox

    async def poll(self, times: int = 1) -> None:
        """Polls on time, so often, and waits for what comes of each."""
        for number in range(times):
            await self.site.poll(after=INTERVAL if number else 0)

    async def go_on(self, polls: int) -> None:
        """The runner's own rounds, until so many polls have ended: it chooses when."""
        site, folder = self.site, self.site.folder / "flows"
        reloader = Reloader([folder], load([folder]))
        flows = site.engine.flow_set
        reloads = Reloads(reloader, flows, clock=site.time, tell=site.events.append)
        pace = Pace(interval=INTERVAL, grace=0)
        rounds = Rounds(site.engine, reloads, pace=pace, clock=site.time, tell=site.events.append)
        running = asyncio.ensure_future(rounds.run())
        while len(site.told("poll")) + len(site.told("poll.failed")) < polls:
            assert not running.done(), running.result()
            await asyncio.sleep(0)  # time itself stands still but where the runner waits
        rounds.stop.set()
        await running
        await site.engine.settle()

    def sent(self) -> list[str]:
        """What went out, answered or not, in order."""
        if self.between.requests:
            return self.between.requests
        entries = self.sandbox.journal
        return [shown(e.request.kind, e.request.query, e.request.form) for e in entries]

    def readiness(self) -> dict[str, object]:
        """What `/readyz` says now."""
        health = Health({self.sandbox.account_sid: INTERVAL})
        for event in self.site.events:
            health.hear(event)
        return health.report(self.site.time.now())[1]

    def waits(self) -> list[Millis]:
        """How long after one list the next was asked for; lists of one poll are at one moment."""
        times = dict.fromkeys(entry.at for entry in self.sandbox.journal.of("list"))
        return [after - before for before, after in pairwise(times)]


@dataclass(frozen=True)
class Case:
    """One way for a row to happen. `row` is its name in the table, `title` what is special here.

    `trouble` is a pattern of what `/readyz` names; with one, the runner is not ready.
    `settings` are those of the gateway; `meddles` puts somebody between the runner and the sandbox.
    """

    row: str
    title: str
    play: Callable[[Scene], Awaitable[None]]
    sent: Sequence[str]
    recorded: Sequence[tuple[str, int, str]]
    seen: Sequence[Seen]
    trouble: str = ""
    flow: str = HANG_UP
    settings: Mapping[str, int] = field(default_factory=dict)
    meddles: bool = False
    #: From one poll to the next, least and most.
    waits: Sequence[tuple[Millis, Millis]] = ()
    #: Some of what `/readyz` says beside that.
    facts: dict[str, object] = field(default_factory=dict)
    #: Two things go on at once: either may be first.
    anyhow: bool = False

    @property
    def name(self) -> str:
        """How pytest calls it."""
        return f"{self.row}: {self.title}"


@asynccontextmanager
async def open_scene(folder: Path, case: Case) -> AsyncIterator[Scene]:
    """A scene for that case, with its flow in force."""
    async with (
        Sandbox(clock=ManualClock()) as sandbox,
        Between(sandbox.url, case.meddles) as between,
    ):
        login = Credentials(sandbox.account_sid, sandbox.account_sid, password=sandbox.auth_token)
        time = SandboxTime(sandbox)
        settings = TwilioSettings(api_base=between.base, **case.settings)
        gateway = open_gateway(login, settings, ticks=time.monotonic)
        store = await SqliteStore(folder / "store.db", patience=0.01).open()
        site = Site(sandbox, gateway, store, folder, time)
        site.flows(case.flow)
        try:
            yield Scene(site, between)
        finally:
            await site.engine.stop(grace=0)
            await gateway.close()
            await store.close()
