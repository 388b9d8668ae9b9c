"""The sandbox as one object: a world, its clock and its server, in the running event loop."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

from aiohttp import web

from runner.model import Millis
from runner.sandbox import playing
from runner.sandbox.api import Api
from runner.sandbox.clock import Clock
from runner.sandbox.control import control_routes
from runner.sandbox.faults import Fault, Faults
from runner.sandbox.fetches import Fetch
from runner.sandbox.fetching import Fetcher, NotFetched
from runner.sandbox.identity import Account
from runner.sandbox.journal import Journal
from runner.sandbox.plans import CallPlan
from runner.sandbox.rows import API_VERSION, Row
from runner.sandbox.server import ApiServer
from runner.sandbox.world import World

#: A running world is looked at this often at least, in real seconds.
_LONGEST_NAP = 0.25


class Sandbox:
    """Twilio's live calls on this machine.

    `async with Sandbox(clock=ManualClock()) as sandbox:` serves on a free loopback port until the
    block ends. With a manual clock nothing moves but by `advance`; a running one plays by itself.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        account: Account | None = None,
        seed: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.clock = clock
        self.account = account or Account()
        self.world = World(clock.now(), account_sid=self.account.sid, seed=seed)
        self.journal = Journal()
        self.faults = Faults(seed)
        self._address = (host, port)
        self._fetcher = Fetcher(self.account.auth_token)
        self._fetches: set[asyncio.Task[None]] = set()
        self._player: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None
        self._server: ApiServer | None = None

    # ---- what clients need ------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, where Twilio's would be `https://api.twilio.com`."""
        if self._runner is None or not self._runner.addresses:
            raise RuntimeError("the sandbox is not open; use `async with`")
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def account_sid(self) -> str:
        """The account that it serves."""
        return self.account.sid

    @property
    def auth_token(self) -> str:
        """The password that goes with the account's SID."""
        return self.account.auth_token

    # ---- what tests do ----------------------------------------------------------------------

    def add_call(self, plan: CallPlan | None = None, /, **fields: Any) -> Row:
        """Lets a call appear now. Takes a plan, or a plan's fields. Raises ValueError."""
        self.catch_up()
        return self.world.add(plan or CallPlan(**fields))

    def set_fault(self, name: str, **fields: Any) -> int:
        """Puts a fault in force; fields are `Fault`'s. Returns its number. Raises ValueError."""
        return self.faults.set(Fault(name, **fields))

    async def advance(self, millis: Millis) -> None:
        """Moves the clock; documents that are wanted on the way are fetched when they are."""
        target = self.clock.now() + millis
        await self.settle()
        while not self.world.advance(target, until_fetch=True):
            self.clock.move(max(0, self.world.now - self.clock.now()))
            await self.settle()
        self.clock.move(max(0, target - self.clock.now()))

    async def settle(self) -> None:
        """Waits until every document that is being fetched has come, or has not."""
        self.catch_up()
        while self._fetches:
            await asyncio.gather(*self._fetches)

    def catch_up(self) -> Millis:
        """Plays up to the clock's now, which it returns, and starts the fetches that came up."""
        now = self.clock.now()
        self.world.advance(now)
        fetches, self.world.outbox = self.world.outbox, []
        for fetch in fetches:
            task = asyncio.ensure_future(self._fetch(fetch))
            self._fetches.add(task)
            task.add_done_callback(self._fetches.discard)
        return now

    async def _fetch(self, fetch: Fetch) -> None:
        try:
            text = await self._fetcher.get(fetch)
        except NotFetched as reason:
            playing.refuse(self.world, fetch, str(reason))
        else:
            playing.deliver(self.world, fetch, text)

    # ---- opening and closing ----------------------------------------------------------------

    async def __aenter__(self) -> Sandbox:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Starts serving. Raises OSError where the port can't be had."""
        api = Api(self.account, self.world)
        self._server = ApiServer(api, self.journal, self.faults, self.catch_up)
        app = web.Application()
        app.router.add_route("*", f"/{API_VERSION}/{{rest:.*}}", self._server.handle)
        app.router.add_routes(control_routes(self))
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await self._runner.setup()
        host, port = self._address
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            await self.close()
            raise
        if self.clock.speed:
            self._player = asyncio.ensure_future(self._play())

    async def close(self) -> None:
        """Stops serving and playing."""
        tasks = [*self._fetches, *([self._player] if self._player is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            self._server.closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
        await self._fetcher.close()

    async def _play(self) -> None:
        """Keeps a running world up with its clock."""
        while True:
            now = self.catch_up()
            due = self.world.timeline.due
            nap = _LONGEST_NAP if due is None else (due - now) / 1000 / self.clock.speed
            await asyncio.sleep(min(max(nap, 0.001), _LONGEST_NAP))
