"""Far sides and stores that answer when a test lets them: what a poll knows is old by then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from runner.call import Call, CallQuery
from runner.engine.ports import Entry, Gateway, Intent, Listing
from runner.store.memory import MemoryStore
from runner.store.sqlite import SqliteStore
from tests.site import Site


class Gate:
    """Is open, or held: then whoever comes waits, and `reached` says that somebody does."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self.reached = asyncio.Event()

    async def pass_through(self) -> None:
        """Waits while it is held."""
        if not self._open.is_set():
            self.reached.set()
        await self._open.wait()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds it while the block lasts."""
        self.reached.clear()
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()


class LateGateway:
    """A real gateway whose answers can be kept back once they are there: rows grow old so."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.lists, self.fetches = Gate(), Gate()
        self.voices: dict[str, Gate] = {}  # by the number that was called

    async def list_calls(self, query: CallQuery) -> Listing:
        listing = await self._gateway.list_calls(query)
        if query.statuses:  # and not the legs of one call
            await self.lists.pass_through()
        return listing

    async def fetch_call(self, sid: str) -> Call:
        call = await self._gateway.fetch_call(sid)
        await self.fetches.pass_through()
        return call

    async def voice_of(self, call: Call) -> Mapping[str, str]:
        if gate := self.voices.get(call.to or ""):
            await gate.pass_through()
        return await self._gateway.voice_of(call)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gateway, name)


class LateStore(SqliteStore):
    """A real store whose claims can be kept back, before they are made and once they are."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.claims, self.claimed = Gate(), Gate()

    async def claim(self, intents: Sequence[Intent]) -> Sequence[Entry]:
        await self.claims.pass_through()
        entries = await super().claim(intents)
        await self.claimed.pass_through()
        return entries


class LateMemory(MemoryStore):
    """The same in memory, where nothing ever waits by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.claimed = Gate()

    async def claim(self, intents: Sequence[Intent]) -> Sequence[Entry]:
        entries = await super().claim(intents)
        await self.claimed.pass_through()
        return entries


def with_late_answers(site: Site) -> LateGateway:
    """Puts a gateway that can be held between this site and its far side; starts anew."""
    late = LateGateway(site.gateway)
    site.gateway = late  # type: ignore[assignment]
    site.restart()
    return late


async def under(gate: Gate, work: Awaitable[Any], meanwhile: Callable[[], Awaitable[Any]]) -> Any:
    """Runs `meanwhile` while `work` is held at the gate; returns what the work comes to."""
    with gate.held():
        task = asyncio.ensure_future(work)
        await asyncio.wait_for(gate.reached.wait(), 5)
        await meanwhile()
    return await task


async def late_engine(site: Site) -> LateStore:
    """The same site on a store whose claims can be held."""
    store = LateStore(site.folder / "late.db")
    await store.open()
    await site.store.close()
    site.store = store
    site.restart()
    return store
