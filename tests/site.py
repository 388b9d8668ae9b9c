"""A whole installation for tests: sandbox, SDK over a real socket, store, engine, one clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from runner.engine.loop import Engine
from runner.engine.poll import Poll
from runner.engine.ports import Entry, Event, HistoryQuery, Listener, Store
from runner.gateway.credentials import Credentials
from runner.gateway.twilio import TwilioGateway, open_gateway
from runner.language.loader import load
from runner.model import FlowSet, Millis
from runner.sandbox import ManualClock, Sandbox
from runner.settings import TwilioSettings
from runner.store.sqlite import SqliteStore

SECOND = 1_000
MINUTE = 60_000


class SandboxTime:
    """The engine's clock, standing on the sandbox's: waiting moves the world, and takes no time."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        #: How far this machine's wall clock is ahead of the far side's.
        self.skew: Millis = 0

    def now(self) -> Millis:
        return self._sandbox.clock.now() + self.skew

    def monotonic(self) -> Millis:
        return self._sandbox.clock.now()

    async def sleep(self, millis: Millis) -> None:
        await self._sandbox.advance(millis)


@dataclass
class Site:
    """What a test holds in its hands."""

    sandbox: Sandbox
    gateway: TwilioGateway
    store: Store
    folder: Path
    time: SandboxTime
    events: list[Event] = field(default_factory=list)
    #: Hear of everything too.
    listeners: list[Listener] = field(default_factory=list)
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """A new engine on the same store: what a new process would be."""
        self.engine = Engine(
            self.sandbox.account_sid,
            self.gateway,
            store=self.store,
            clock=self.time,
            tell=self._tell,
        )

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        for listener in self.listeners:
            listener(event)

    def flows(self, *texts: str) -> FlowSet:
        """Writes flow files, loads them and puts them in force."""
        folder = self.folder / "flows"
        folder.mkdir(exist_ok=True)
        for number, text in enumerate(texts):
            (folder / f"{number:02d}.yaml").write_text(text)
        loaded = load([folder])
        assert loaded.flow_set is not None, loaded.problems
        self.engine.load(loaded.flow_set)
        return loaded.flow_set

    async def poll(self, after: Millis = 0) -> Poll:
        """Lets time pass, polls once, and waits for everything that came of it."""
        await self.sandbox.advance(after)
        poll = await self.engine.tick(self.time.now())
        await self.engine.settle()
        return poll

    async def until_sent(self, updates: int) -> None:
        """Waits until the far side has received so many updates, answered or not."""
        await self.until(lambda: len(self.updates()) >= updates)

    async def until(self, happened: Callable[[], bool]) -> None:
        """Waits, in real time, until that has happened."""
        for _ in range(500):
            if happened():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"it never happened; {len(self.updates())} updates were sent")

    async def history(self) -> list[Entry]:
        """The whole ledger."""
        return list(await self.store.history(HistoryQuery()))

    async def outcomes(self) -> list[tuple[str, str]]:
        """(`flow/rule`, outcome) of every act, oldest first."""
        return [(entry.intent.rule_key, entry.outcome) for entry in await self.history()]

    def told(self, name: str) -> list[Event]:
        """The events of one name."""
        return [event for event in self.events if event.name == name]

    def updates(self) -> list[dict[str, str]]:
        """The form fields of every update that the far side received."""
        return [dict(entry.request.form) for entry in self.sandbox.journal.of("update")]


@asynccontextmanager
async def open_site(folder: Path, *, read_timeout: Millis = 1_000) -> AsyncIterator[Site]:
    """A site whose store and flows lie in `folder`. What hangs is given up after `read_timeout`."""
    async with Sandbox(clock=ManualClock()) as sandbox:
        credentials = Credentials(
            sandbox.account_sid, sandbox.account_sid, password=sandbox.auth_token
        )
        settings = TwilioSettings(
            api_base=sandbox.url, read_timeout=read_timeout, total_timeout=3_000
        )
        gateway = open_gateway(credentials, settings)
        store = await SqliteStore(folder / "store.db").open()
        try:
            yield Site(sandbox, gateway, store, folder, SandboxTime(sandbox))
        finally:
            await gateway.close()
            await store.close()
