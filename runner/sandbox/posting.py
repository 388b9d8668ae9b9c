"""Sends status callbacks beside the calls: in order for each call, and nothing waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from runner.model import Millis
from runner.sandbox import callbacks
from runner.sandbox.accounts import Tenant
from runner.sandbox.callbacks import Post
from runner.sandbox.faults import BEHIND, FORGED, LATE, LOST_POST, TWICE, Faults
from runner.sandbox.fetching import Fetcher, NotFetched
from runner.sandbox.journal import Entry, Journal, Request

#: An application has this long to answer, in real seconds.
TIMEOUT_SECONDS = 5.0
#: So many callbacks are under way at once.
AT_ONCE = 50
_WRONG_TOKEN = "0" * 32


class Postman:
    """Takes what worlds want told and sends it. Before `open` nothing leaves."""

    def __init__(self, journal: Journal, faults: Faults, now: Callable[[], Millis]) -> None:
        self._journal = journal
        self._faults = faults
        self._now = now
        self._fetcher = Fetcher(TIMEOUT_SECONDS, afresh=True)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        #: The newest callback of each call that is under way: the next one goes after it.
        self._newest: dict[str, asyncio.Task[None]] = {}
        #: Callbacks that a fault holds back until the next one of their call has gone.
        self._held: dict[str, list[Post]] = {}
        self._opened = False

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._tasks)

    def open(self) -> None:
        """From now on callbacks are sent."""
        self._opened = True

    async def close(self) -> None:
        """Drops what is under way."""
        self._opened = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._fetcher.close()

    async def wait(self) -> None:
        """Waits until each of those under way has been answered, or has failed."""
        await asyncio.gather(*self._tasks)

    def take(self, tenant: Tenant) -> None:
        """Starts sending what a world wants told."""
        if not self._opened:
            return
        posts = tuple(tenant.world.posts)
        tenant.world.posts.clear()
        for post in posts:
            self._route(tenant, post)

    def _route(self, tenant: Tenant, post: Post) -> None:
        """Sends a callback now, or does to it what the faults say."""
        if post.faults is None:
            strikes = self._faults.strikes(tenant.sid)
            post = replace(post, faults=frozenset(strikes) - {LATE})
            if LATE in strikes:
                wait = round(strikes[LATE].seconds * 1000)
                again = partial(tenant.world.posts.append, post)
                tenant.world.timeline.after(wait, again)
                return
        faults = post.faults or ()
        if LOST_POST in faults:
            self._write(tenant, replace(post, at=self._now()), None, LOST_POST)
        elif BEHIND in faults and post.followed:
            self._held.setdefault(post.sid, []).append(post)
        else:
            for each in (post, *self._held.pop(post.sid, ())):
                self._start(tenant, each)

    def _start(self, tenant: Tenant, post: Post) -> None:
        post, before = replace(post, at=self._now()), self._newest.get(post.sid)
        task = asyncio.ensure_future(self._deliver(tenant, post, before))
        self._tasks.add(task)
        self._newest[post.sid] = task
        task.add_done_callback(partial(self._done, post.sid))

    def _done(self, sid: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._newest.get(sid) is task:
            del self._newest[sid]

    async def _deliver(self, tenant: Tenant, post: Post, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        faults = post.faults or ()
        name = FORGED if FORGED in faults else ""
        async with self._slots:
            await self._send(tenant, post, name or (BEHIND if BEHIND in faults else ""))
            if TWICE in faults:
                await self._send(tenant, post, name or TWICE)

    async def _send(self, tenant: Tenant, post: Post, fault: str) -> None:
        token = _WRONG_TOKEN if fault == FORGED else tenant.account.auth_token
        status, why = None, ""
        try:
            status, _ = await self._fetcher.ask(
                post.url, method=post.method, fields=post.fields, token=token
            )
        except NotFetched as reason:
            why = str(reason)
        callbacks.came_back(tenant.world, post, status, why)
        self._write(tenant, post, status, fault)

    def _write(self, tenant: Tenant, post: Post, status: int | None, fault: str) -> None:
        request = Request(
            at=post.at,
            method=post.method,
            path=post.url,
            query={},
            form=post.fields,
            kind="callback",
            sid=post.sid,
            account=tenant.sid,
        )
        self._journal.add(Entry(request, status, fault))
