"""Many accounts for tests: one sandbox, one store, one virtual clock; an engine for each account.

They are built as `callflow run` builds them, from a `callflow.yaml`.
"""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from runner.cli.daemon.crew import Crew, naming, open_posts
from runner.cli.wiring import config_of, settings_from_config
from runner.engine.killswitch import KillSwitch
from runner.engine.loop import Engine
from runner.engine.poll import Poll
from runner.engine.ports import Event, HistoryQuery
from runner.engine.reload import Reloader
from runner.engine.reloads import Reloads
from runner.engine.rounds import Rounds
from runner.gateway.accounts import read_accounts
from runner.language.loader import load
from runner.model import Millis
from runner.sandbox import ManualClock, Sandbox
from runner.store.sqlite import SqliteStore

#: Real seconds after which requests that should have ended have failed the test.
PATIENCE = 15.0


class Turns:
    """A clock on which any number of tasks sleep; `play` wakes each exactly when it is due."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._sleepers: list[tuple[Millis, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> Millis:
        return self._sandbox.clock.now()

    def monotonic(self) -> Millis:
        return self._sandbox.clock.now()

    async def sleep(self, millis: Millis) -> None:
        awake = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now() + millis, next(self._numbers), awake))
        await awake

    async def play(self, millis: Millis, *, awake: int) -> None:
        """Lets so much time pass, one sleeper after the other.

        It only moves on while so many sleep: the others have their requests to wait for.
        """
        until = self.now() + millis
        while True:
            await self._until_asleep(awake)
            due = self._sleepers[0][0]
            if due > until:
                break
            await self._sandbox.advance(max(0, due - self.now()))
            heapq.heappop(self._sleepers)[2].set_result(None)
        await self._sandbox.advance(until - self.now())

    async def _until_asleep(self, sleepers: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self._alive()) < sleepers:  # noqa: ASYNC110  # sockets are outside of time
                await asyncio.sleep(0.001)

    def _alive(self) -> list[tuple[Millis, int, asyncio.Future[None]]]:
        self._sleepers = [each for each in self._sleepers if not each[2].done()]
        heapq.heapify(self._sleepers)
        return self._sleepers


@dataclass
class Many:
    """What a test holds in its hands."""

    sandbox: Sandbox
    store: SqliteStore
    folder: Path
    crew: Crew
    clock: Turns
    events: list[Event]
    engines: dict[str, Engine] = field(default_factory=dict)

    def restart(self) -> None:
        """New engines on the same store: what a new process would be."""
        aliases = [post.account.alias for post in self.crew.posts]
        self.engines = dict(zip(aliases, self.crew.engines(), strict=True))

    def flows(self, *texts: str) -> Reloads:
        """Writes flow files and puts them in force for every account."""
        where = self.folder / "flows"
        where.mkdir(exist_ok=True)
        for number, text in enumerate(texts):
            (where / f"{number:02d}.yaml").write_text(text)
        loaded = load([where])
        assert loaded.flow_set is not None, loaded.problems
        for engine in self.engines.values():
            engine.load(loaded.flow_set)
        reloader = Reloader([where], loaded)
        return Reloads(reloader, loaded.flow_set, clock=self.clock, tell=self.events.append)

    def rounds(self, reloads: Reloads) -> dict[str, Rounds]:
        """The polls of each account, by alias, as `callflow run` spreads them."""
        aliases = [post.account.alias for post in self.crew.posts]
        return dict(zip(aliases, self.crew.rounds(reloads, dry_run=False), strict=True))

    async def poll(self, *aliases: str, after: Millis = 0) -> list[Poll]:
        """Lets time pass and polls these accounts, or all, one after another."""
        await self.sandbox.advance(after)
        polls = []
        for alias in aliases or self.engines:
            polls.append(await self.engines[alias].tick(self.clock.now()))
            await self.engines[alias].settle()
        return polls

    def sid(self, alias: str) -> str:
        return self.sandbox.account(alias).sid

    async def outcomes(self) -> dict[str, list[tuple[str, str]]]:
        """Account SID → (`flow/rule`, outcome) of every act, oldest first."""
        found: dict[str, list[tuple[str, str]]] = {}
        for entry in await self.store.history(HistoryQuery()):
            act = (entry.intent.rule_key, entry.outcome)
            found.setdefault(entry.intent.account, []).append(act)
        return found

    def lists(self, alias: str) -> list[Millis]:
        """When this account was listed; the lists of one poll are asked for at one moment."""
        entries = self.sandbox.journal.of("list", account=self.sid(alias))
        return sorted({entry.at for entry in entries})

    def told(self, name: str, alias: str) -> list[Event]:
        """The events of one name about one account."""
        sid = self.sid(alias)
        return [e for e in self.events if e.name == name and e.fields.get("account") == sid]


def add_accounts(
    sandbox: Sandbox, accounts: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Makes them in the sandbox; what `callflow.yaml` says of them, and the variables it names."""
    told: dict[str, Any] = {}
    environ = {}
    for number, (alias, more) in enumerate(accounts.items()):
        if alias != "main":
            sandbox.add_account(alias, parent=more.get("parent"))
        account = sandbox.account(alias)
        told[alias] = {"sid": account.sid, **more}
        if "parent" not in more:
            told[alias]["auth_token"] = {"env": f"TOKEN_{number}"}
            environ[f"TOKEN_{number}"] = account.auth_token
    return told, environ


@asynccontextmanager
async def open_many(
    folder: Path, accounts: Mapping[str, Mapping[str, Any]], **settings: Any
) -> AsyncIterator[Many]:
    """These accounts by alias, each with its keys of `callflow.yaml`; `main` is the sandbox's."""
    async with Sandbox(clock=ManualClock()) as sandbox:
        told, environ = add_accounts(sandbox, accounts)
        patient = {"read_timeout": "5m", "total_timeout": "10m", "list_timeout": "10m"}
        data = {"version": 1, "accounts": told, "twilio": patient, **settings}
        (folder / "callflow.yaml").write_text(json.dumps(data))
        read = settings_from_config(
            config_of(folder / "callflow.yaml"), {"api_base": sandbox.url, "store": None}
        )
        posts = read_accounts(read.accounts, environ, api_base=sandbox.url)
        store = await SqliteStore(folder / "store.db").open()
        clock, events, kill = Turns(sandbox), list[Event](), KillSwitch(folder / "PAUSED")
        try:
            async with open_posts(posts, read) as opened:
                tell = naming(posts, events.append)
                crew = Crew(opened, read, store, clock, tell, kill, lambda: read.never)
                many = Many(sandbox, store, folder, crew, clock, events)
                many.restart()
                yield many
        finally:
            await store.close()
