"""A desk for tests: the console's, beside an engine with a store, a board and the sandbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from runner.cli.daemon.crew import Crew, Post
from runner.cli.daemon.desk import RunningDesk
from runner.cli.looking.cases import Asked, Inquiry, asked_case
from runner.cli.looking.explained import as_data
from runner.cli.looking.planned import Report
from runner.cli.looking.recorded import blank_of
from runner.console.picture.board import Board, Flows
from runner.decision.effects import legs_of
from runner.engine.killswitch import NAME, KillSwitch
from runner.engine.pausewatch import PauseWatch
from runner.engine.poll import Poll
from runner.engine.ports import Event, HistoryQuery, Store
from runner.gateway.accounts import Account
from runner.gateway.credentials import Credentials
from runner.model import FlowSet, Millis
from runner.settings import RunSettings
from runner.store.sqlite import SqliteStore
from tests.site import Site, open_site


@dataclass
class Desking:
    """What a test holds in its hands."""

    site: Site
    crew: Crew
    desk: RunningDesk
    board: Board
    store: Store
    flow_set: FlowSet = field(default_factory=FlowSet)

    @property
    def account(self) -> str:
        """The SID of the one account."""
        return self.site.sandbox.account_sid

    def flows(self, *texts: str) -> None:
        """Puts flows in force."""
        self.put(self.site.flows(*texts))

    def put(self, flow_set: FlowSet) -> None:
        """Puts these in force."""
        self.flow_set = flow_set
        self.site.engine.load(flow_set)

    async def poll(self, after: Millis = 0) -> Poll:
        """Polls, and shows the board what was seen."""
        return await self.site.poll(after)

    def requests(self) -> int:
        """How many requests the far side has had."""
        return len(self.site.sandbox.journal)

    async def why(self, sid: str, rule: str = "", *, show_numbers: bool = False) -> dict[str, Any]:
        """What the desk says of a call."""
        return await self.desk.why(sid, rule=rule, show_numbers=show_numbers)

    async def command(self, sid: str) -> dict[str, Any]:
        """What `callflow why` says of it at this moment, with a look at Twilio of its own."""
        post, settings = self.crew.posts[0], self.crew.settings
        blank = replace(blank_of(post.account, settings), now=self.site.time.now())
        asked = Asked(self.site.gateway, self.store, blank, self.crew.kill)
        entries = await self.store.history(HistoryQuery(call_sid=sid))
        case = await asked_case(Inquiry(sid, self.flow_set, settings), asked, entries)
        return as_data(case, Report(legs_of(case.live), False, case.conferences))


@asynccontextmanager
async def open_desk(
    folder: Path, settings: RunSettings | None = None, *, dry_run: bool = False, alias: str = ""
) -> AsyncIterator[Desking]:
    """A desk whose store, flows and kill switch lie in `folder`."""
    async with open_site(folder) as site:
        sid = site.sandbox.account_sid
        account = Account(alias, Credentials(sid, sid, password=site.sandbox.auth_token))
        settings = settings or RunSettings()
        board = Board({sid: (alias, settings.interval)}, site.time)

        def tell(event: Event) -> None:
            site.events.append(event)
            board.hear(event)

        kill = KillSwitch(folder / NAME)
        never = settings.never
        crew = Crew(
            [Post(account, site.gateway)],
            settings,
            site.store,
            site.time,
            tell,
            kill,
            lambda: never,
            see=board.see,
        )
        (site.engine,) = crew.engines()
        watch = PauseWatch(site.store, kill, clock=site.time, tell=tell)
        store = await SqliteStore(folder / "store.db", read_only=dry_run).open()
        desk = RunningDesk(crew, store, board, changed=watch.look, dry_run=dry_run)
        found = Desking(site, crew, desk, board, store)
        board.pauses = lambda: watch.standing
        board.flows = lambda: Flows(found.flow_set)
        try:
            yield found
        finally:
            await store.close()
