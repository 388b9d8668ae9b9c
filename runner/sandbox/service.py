"""The sandbox as one object: accounts with their worlds, a clock, a server, in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from aiohttp import web

from runner.model import Millis
from runner.sandbox import playing, together
from runner.sandbox.accounts import Accounts, Tenant
from runner.sandbox.clock import Clock
from runner.sandbox.control import control_routes
from runner.sandbox.door import Door
from runner.sandbox.faults import LOST, Fault, Faults
from runner.sandbox.fetches import Fetch
from runner.sandbox.fetching import Fetcher, NotFetched
from runner.sandbox.front import Front
from runner.sandbox.identity import Account
from runner.sandbox.journal import Journal
from runner.sandbox.numbers import (
    Application,
    ApplicationPlan,
    Number,
    NumberPlan,
    application_plan,
    number_plan,
)
from runner.sandbox.plans import CallPlan
from runner.sandbox.posting import Postman
from runner.sandbox.rows import API_VERSION, Row
from runner.sandbox.server import ApiServer, leave_undated
from runner.sandbox.world import World

#: A running world is looked at this often at least, in real seconds.
_LONGEST_NAP = 0.25


class Sandbox:
    """Twilio's live calls on this machine.

    `async with Sandbox(clock=ManualClock()) as sandbox:` serves on a free loopback port until the
    block ends. With a manual clock nothing moves but by `advance`; a running one plays by itself.
    It has one account, the main one, until `add_account` brings others. Wherever an account is
    named, its name and its SID do alike.
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
        self.accounts = Accounts(account or Account(), clock.now(), seed=seed)
        self.journal = Journal()
        self.faults = Faults(seed)
        self._fetcher = Fetcher()
        self._fetches: set[asyncio.Task[None]] = set()
        self._player: asyncio.Task[None] | None = None
        front = Front(self.accounts)
        self._postman = Postman(self.journal, self.faults, clock.now)
        self._server = ApiServer(
            front, self.journal, self.faults, self._catch_up_with, self._post_for
        )
        self._door = Door(host, port, self._application)

    # ---- what clients need ------------------------------------------------------------------

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, where Twilio's would be `https://api.twilio.com`."""
        return self._door.url

    @property
    def account_sid(self) -> str:
        """The main account."""
        return self.accounts.main.sid

    @property
    def auth_token(self) -> str:
        """The password that goes with the main account's SID."""
        return self.accounts.main.account.auth_token

    @property
    def world(self) -> World:
        """The calls of the main account."""
        return self.accounts.main.world

    def account(self, name: str = "") -> Account:
        """An account with its credentials; the main one for "". Raises ValueError."""
        return self.accounts.find(name).account

    def world_of(self, name: str) -> World:
        """The calls of one account. Raises ValueError."""
        return self.accounts.find(name).world

    # ---- what tests do ----------------------------------------------------------------------

    def add_account(
        self, name: str, *, parent: str | None = None, api_key: bool = False
    ) -> Account:
        """A new account; with `parent` a subaccount of that one. Raises ValueError.

        Its credentials come from the sandbox's seed and the name. `api_key` gives it a key too.
        """
        return self.accounts.add(name, self.clock.now(), parent=parent, api_key=api_key).account

    def add_number(self, number: str, /, **fields: str) -> Number:
        """A phone number of an account, or a known one changed. Raises ValueError.

        Fields are `NumberPlan`'s and `Voice`'s: `add_number("+14155550100", voice_url=…)`.
        """
        return self.place_number(number_plan(number, **fields))

    def place_number(self, plan: NumberPlan) -> Number:
        """The same for a plan. Raises ValueError."""
        return self.accounts.find(plan.account).world.book.add(plan, self.clock.now())

    def add_application(self, name: str, /, **fields: str) -> Application:
        """An application, which numbers can name. Raises ValueError."""
        return self.place_application(application_plan(name, **fields))

    def place_application(self, plan: ApplicationPlan) -> Application:
        """The same for a plan. Raises ValueError."""
        return self.accounts.find(plan.account).world.book.add_application(plan, self.clock.now())

    def set_status(self, name: str, status: str) -> None:
        """Makes an account `suspended`, `closed` or `active` again. Raises ValueError."""
        self.accounts.set_status(name, status, self.clock.now())

    def add_call(self, plan: CallPlan | None = None, /, *, account: str = "", **fields: Any) -> Row:
        """Lets a call appear now. Takes a plan, or a plan's fields. Raises ValueError."""
        planned = plan or CallPlan(**fields)
        tenant = self.accounts.find(account or planned.account)
        self._catch_up_with(tenant.sid)
        row = tenant.world.add(planned)
        self._post(tenant)
        return row

    def schedule(self, plans: Iterable[CallPlan]) -> list[str]:
        """Lets calls appear when their plans say. Returns their SIDs. Raises ValueError."""
        self.catch_up()
        placed = [(self.accounts.find(plan.account).world, plan) for plan in plans]
        return [sid for world, plan in placed for sid in world.schedule([plan])]

    def set_fault(self, name: str, *, account: str = "", **fields: Any) -> int:
        """Puts a fault in force; fields are `Fault`'s. Returns its number. Raises ValueError."""
        sid = self.accounts.find(account).sid if account else ""
        return self.faults.set(Fault(name, account=sid, **fields))

    def lose_answers(self, chance: float, *, seed: int = 0, account: str = "") -> int:
        """Breaks connections at random, before or after the request is processed."""
        return self.set_fault(LOST, chance=chance, seed=seed, account=account)

    async def advance(self, millis: Millis) -> None:
        """Moves the clock; documents that are wanted on the way are fetched when they are.

        Status callbacks are told on the way, and nothing waits until they are: see `delivered`.
        """
        target = self.clock.now() + millis
        await self.settle()
        while (stopped := together.advance(self._worlds(), target)) is not None:
            self.clock.move(max(0, stopped - self.clock.now()))
            await self.settle()
        self.clock.move(max(0, target - self.clock.now()))

    async def settle(self) -> None:
        """Waits until every document that is being fetched has come, or has not."""
        self.catch_up()
        while self._fetches:
            await asyncio.gather(*self._fetches)

    async def delivered(self) -> None:
        """Waits until every status callback that is due was answered, or has failed.

        `advance` doesn't: an application that is slow to answer holds up no call.
        """
        self.catch_up()
        while self.undelivered:
            await self._postman.wait()
            self.catch_up()

    @property
    def undelivered(self) -> int:
        """How many status callbacks are under way."""
        return len(self._postman)

    def catch_up(self) -> Millis:
        """Plays up to the clock's now, which it returns, and starts the fetches that came up."""
        now = self.clock.now()
        for tenant in self.accounts:
            self._play_on(tenant, now)
        return now

    def _catch_up_with(self, sid: str) -> Millis:
        """The same for one account alone: what the others do doesn't concern its requests."""
        now = self.clock.now()
        tenant = self.accounts.get(sid)
        if tenant is not None:
            self._play_on(tenant, now)
        return now

    def _play_on(self, tenant: Tenant, now: Millis) -> None:
        world = tenant.world
        world.advance(now)
        self._post(tenant)
        if not world.outbox:
            return
        fetches, world.outbox = world.outbox, []
        for fetch in fetches:
            task = asyncio.ensure_future(self._fetch(tenant, fetch))
            self._fetches.add(task)
            task.add_done_callback(self._fetches.discard)

    def _post(self, tenant: Tenant) -> None:
        if tenant.world.posts:
            self._postman.take(tenant)

    def _post_for(self, sid: str) -> None:
        tenant = self.accounts.get(sid)
        if tenant is not None:
            self._post(tenant)

    async def _fetch(self, tenant: Tenant, fetch: Fetch) -> None:
        try:
            text = await self._fetcher.get(fetch, tenant.account.auth_token)
        except NotFetched as reason:
            playing.refuse(tenant.world, fetch, str(reason))
        else:
            playing.deliver(tenant.world, fetch, text)

    def _worlds(self) -> list[World]:
        return [tenant.world for tenant in self.accounts]

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
        await self._door.open()
        self._postman.open()
        if self.clock.speed and self._player is None:
            self._player = asyncio.ensure_future(self._play())

    async def close(self) -> None:
        """Stops serving and playing."""
        tasks = [*self._fetches, *([self._player] if self._player is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._server.closing.set()
        await self._door.shut()
        await self._fetcher.close()
        await self._postman.close()

    async def go_away(self) -> None:
        """Breaks every connection and refuses new ones; the calls go on."""
        self._server.closing.set()
        await self._door.shut(keep=True)

    async def come_back(self) -> None:
        """Serves again, on the same port."""
        self._server.closing = asyncio.Event()
        await self._door.open()

    def _application(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", f"/{API_VERSION}/{{rest:.*}}", self._server.handle)
        app.router.add_routes(control_routes(self))
        app.on_response_prepare.append(leave_undated)
        return app

    async def _play(self) -> None:
        """Keeps running worlds up with their clock."""
        while True:
            now = self.catch_up()
            due = together.next_due(self._worlds())
            nap = _LONGEST_NAP if due is None else (due - now) / 1000 / self.clock.speed
            await asyncio.sleep(min(max(nap, 0.001), _LONGEST_NAP))
