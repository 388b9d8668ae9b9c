"""A far side that misbehaves to the byte: a TCP server that tests tell what to write."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from runner.gateway.credentials import Credentials
from runner.gateway.twilio import TwilioGateway, open_gateway
from runner.settings import TwilioSettings

ACCOUNT = "AC" + "0" * 32
TOKEN = "t0ps3cret" + "f" * 23
CALLS = f"/2010-04-01/Accounts/{ACCOUNT}/Calls"
SID = "CA" + "1" * 32
CREDENTIALS = Credentials(ACCOUNT, ACCOUNT, TOKEN)


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, strict_parsing=True))

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


#: Gets the request and the writer; what it writes is the answer. Returning closes the connection
#: unless it returns True.
Reply = Callable[[Request, asyncio.StreamWriter], Awaitable[bool | None]]


@dataclass
class RawServer:
    """The server's address and every request it received."""

    base: str
    #: Stops listening: new connections are refused, those there are go on.
    leave: Callable[[], None]
    requests: list[Request] = field(default_factory=list)
    connections: int = 0


@asynccontextmanager
async def raw_server(reply: Reply) -> AsyncIterator[RawServer]:
    """Serves on a free port of this machine until the block ends."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        state.connections += 1
        try:
            while request := await read_request(reader):
                state.requests.append(request)
                if not await reply(request, writer):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    state = RawServer(f"http://127.0.0.1:{port}", server.close)
    try:
        yield state
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request of a connection; None where it ended."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin1").split("\r\n")[:-2]
    method, target, _ = first.split(" ")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body)


def answer(status: int, body: bytes | object = b"", **headers: str) -> bytes:
    """The bytes of an HTTP answer; anything but bytes is sent as JSON."""
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {
        "Content-Length": str(len(payload)),
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    lines = [f"HTTP/1.1 {status} Status", *(f"{k}: {v}" for k, v in named.items()), "", ""]
    return "\r\n".join(lines).encode() + payload


def always(data: bytes) -> Reply:
    """Answers every request with the same bytes and keeps the connection."""

    async def reply(_request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(data)
        await writer.drain()
        return True

    return reply


def serving(make: Callable[[Request], bytes]) -> Reply:
    """Answers each request with what `make` gives for it and keeps the connection."""

    async def reply(request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(make(request))
        await writer.drain()
        return True

    return reply


@asynccontextmanager
async def gateway_at(base: str, **settings: int) -> AsyncIterator[TwilioGateway]:
    """A gateway to that address, closed when the block ends."""
    gateway = open_gateway(CREDENTIALS, TwilioSettings(api_base=base, **settings))
    try:
        yield gateway
    finally:
        await gateway.close()
