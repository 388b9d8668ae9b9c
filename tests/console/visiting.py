"""Visits to a running server, with every byte of a request under the test's control."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from runner.console.desk import Order, Refusal, Scope
from runner.console.doors.access import Access
from runner.console.doors.tokens import read_tokens
from runner.console.picture.board import Board
from runner.console.web.connections import Bounds
from runner.console.web.health import Health
from runner.console.web.server import Site, serve
from runner.console.web.stream import Streams
from runner.engine.clock import Clock
from runner.engine.ports import Event, HistoryQuery, Pause, Store, StoreError
from runner.store.memory import MemoryStore

READ = "a-token-for-reading"
OPERATE = "a-token-for-operators"
BOTH = {"CALLFLOW_READ_TOKEN": READ, "CALLFLOW_OPERATOR_TOKEN": OPERATE}
JSON = {"Content-Type": "application/json"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class StepClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1_700_000_000_000

    def now(self) -> int:
        return self.at

    def monotonic(self) -> int:
        return self.at

    async def sleep(self, millis: int) -> None:
        self.at += millis
        await asyncio.sleep(0)


class StoreDesk:
    """The desk of a runner that does nothing but keep pauses, on a real store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.killed: list[Pause] = []

    async def history(self, query: HistoryQuery, *, show_numbers: bool) -> list[dict[str, Any]]:
        entries = await self.store.history(query)
        return [{"call": e.intent.call_sid, "numbers": show_numbers} for e in entries]

    async def why(self, sid: str, *, rule: str, show_numbers: bool) -> dict[str, Any]:
        if sid.endswith("0"):
            raise Refusal(f"nobody knows {sid} of +14155550100", hint="look it up", status=404)
        return {"call": sid, "rule": rule, "numbers": show_numbers}

    async def pause(self, scope: Scope, order: Order) -> Pause:
        pause = self._made(scope, order)
        await self.store.pause(pause)
        return pause

    async def resume(self, scope: Scope, *, by: str) -> Sequence[Pause]:
        named = {"account": scope.account, "flow": scope.flow, "rule": scope.rule}
        return await self.store.resume(**named, by=by, at=self.clock.now())

    async def kill(self, order: Order) -> Pause:
        self.killed.append(self._made(Scope(), order))
        return self.killed[-1]

    async def lift(self, *, by: str) -> Sequence[Pause]:
        lifted, self.killed = self.killed, []
        return lifted

    async def note(self, what: Any, *, by: str, detail: str) -> None:
        try:
            await self.store.note(what, by=by, at=self.clock.now(), detail=detail)
        except StoreError as error:
            raise Refusal(str(error), hint=error.hint, status=503) from None

    def _made(self, scope: Scope, order: Order) -> Pause:
        now = self.clock.now()
        until = None if order.lasting is None else now + order.lasting
        names = (scope.account, scope.flow, scope.rule)
        return Pause(*names, order.reason, order.by, now, until=until)


@dataclass(frozen=True)
class Answer:
    """What came back. `headers` are in lower case; of several the last."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.document["error"]["message"])

    @property
    def hint(self) -> str:
        return str(self.document["error"]["hint"])

    @property
    def cookie(self) -> dict[str, str]:
        """The cookie that was set, as the browser sends it back."""
        return {"Cookie": self.headers["set-cookie"].partition(";")[0]}


async def exchange(url: str, sent: bytes, *, source: str | None = None) -> bytes:
    """Everything that comes back for these bytes, until the server closes."""
    parts = urlsplit(url)
    local = (source, 0) if source else None
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, local_addr=local)
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


def request(
    url: str, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> bytes:
    """The bytes of a request; a `Host` of the headers takes the place of the right one."""
    given = {"Host": urlsplit(url).netloc, "Connection": "close", **headers}
    if body or method == "POST":
        given = {"Content-Length": str(len(body)), **given}
    lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in given.items()), "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


def answer_of(received: bytes) -> Answer:
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
    return Answer(int(first.split()[1]), headers, body)


@dataclass
class Visit:
    """A server and who visits it. Where no board is given, the clock is a `StepClock`."""

    url: str
    clock: Any
    board: Board
    health: Health
    desk: StoreDesk
    events: list[Event] = field(default_factory=list)
    close: Callable[[], Awaitable[None]] = field(init=False)  # ends the server

    async def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        source: str | None = None,
    ) -> Answer:
        """One request on a connection of its own. A body that is no bytes is sent as JSON."""
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        sent = request(self.url, method, path, headers or {}, raw)
        return answer_of(await exchange(self.url, sent, source=source))

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.ask("GET", path, headers)

    async def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.ask("POST", path, {**JSON, **(headers or {})}, body)

    async def log_in(self, token: str = OPERATE, **headers: str) -> dict[str, str]:
        """The cookie of a new session."""
        answer = await self.post("/api/login", {"token": token}, headers)
        assert answer.status == 200, answer
        return answer.cookie

    def told(self, name: str) -> list[dict[str, object]]:
        return [dict(event.fields) for event in self.events if event.name == name]


@asynccontextmanager
async def visiting(
    environ: Mapping[str, str] | None = None,
    *,
    listen: str = "127.0.0.1:0",
    public_url: str | None = None,
    names: Sequence[str] = (),
    store: Store | None = None,
    board: Board | None = None,
    bounds: Bounds | None = None,
    streams: Streams | None = None,
    health: Health | None = None,
    read_routes: Sequence[web.RouteDef] = (),
) -> AsyncIterator[Visit]:
    """A server with these tokens."""
    clock: Clock = StepClock() if board is None else board.clock
    access = Access(
        read_tokens(environ or {}), clock, listen=listen, public_url=public_url, names=names
    )
    board, health = board or Board({}, clock), health or Health({})
    visit = Visit("", clock, board, health, StoreDesk(store or MemoryStore(), clock))
    site = Site(
        health,
        clock,
        access=access,
        board=board,
        desk=visit.desk,
        tell=visit.events.append,
        read_routes=read_routes,
        bounds=bounds or Bounds(),
        streams=streams or Streams(),
    )
    async with AsyncExitStack() as stack:
        visit.url = await stack.enter_async_context(serve(site, listen))
        visit.close = stack.aclose
        yield visit
