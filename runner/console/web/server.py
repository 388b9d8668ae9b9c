"""The runner's web server: gathers what is served, who may see it, and what one server bears."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiohttp import web

from runner.console.answers import protect
from runner.console.desk import Desk
from runner.console.doors.access import Access, Kind, ignore
from runner.console.doors.tokens import Tokens
from runner.console.picture.board import Board
from runner.console.web import api, health
from runner.console.web.connections import Bounds, Connections
from runner.console.web.guard import BODY, HEADERS, guard
from runner.console.web.served import Documents, routes
from runner.console.web.stream import Streams
from runner.engine.clock import Clock
from runner.engine.ports import Listener
from runner.model import Millis

#: When the runner stops, so long requests get to end; then they are cut off.
CLOSING: Millis = 500


@dataclass(frozen=True, slots=True)
class Site:
    """What is served. The console is where there is a `board` and a `desk`.

    `public_routes` are for everybody, `read_routes` for who may read. Without an `access` the
    rules are those of a runner without tokens.
    """

    health: health.Health
    clock: Clock
    documents: Documents | None = None
    access: Access | None = None
    board: Board | None = None
    desk: Desk | None = None
    tell: Listener = ignore
    public_routes: Sequence[web.RouteDef] = ()
    read_routes: Sequence[web.RouteDef] = ()
    bounds: Bounds = field(default_factory=Bounds)
    streams: Streams = field(default_factory=Streams)


@asynccontextmanager
async def serve(site: Site, listen: str) -> AsyncIterator[str]:
    """Serves the site on `HOST:PORT` while the context lasts.

    Gives the URL; port 0 picks one. Raises `CannotListen`.
    """
    connections = Connections(site.bounds)
    access = site.access or _access(site, listen)
    access.tell = site.tell
    app = application(site, access, connections)
    runner = web.AppRunner(app, shutdown_timeout=CLOSING / 1000)
    await runner.setup()
    assert runner.server is not None
    loop, reads = asyncio.get_running_loop(), _limits()
    protocol = partial(_Protocol, runner.server, loop=loop, **reads)
    host, _, port = listen.rpartition(":")
    server = None
    try:
        server = await _bind(connections.guarding(protocol), host.strip("[]"), int(port))
        address = server.sockets[0].getsockname()
        yield f"http://{_written(address[0])}:{address[1]}"
    finally:
        if server is not None:
            server.close()
        site.streams.end()
        await runner.cleanup()
        connections.end()


def application(site: Site, access: Access, connections: Connections) -> web.Application:
    """Everything that is served, each path with what it asks of who comes."""
    kinds: dict[web.AbstractRoute, Kind] = {}
    guarded = guard(access, kinds, connections, site.clock)
    app = web.Application(client_max_size=BODY, middlewares=[guarded])

    def add(kind: Kind, found: Sequence[web.RouteDef]) -> None:
        before = set(app.router.routes())
        app.router.add_routes(found)
        kinds.update(dict.fromkeys(set(app.router.routes()) - before, kind))

    prefixes = site.documents.prefixes if site.documents else ("",)
    add("public", health.routes(site.health, site.clock, prefixes, access.may_read))
    add("public", routes(site.documents) if site.documents else ())
    add("public", site.public_routes)
    add("read", site.read_routes)
    if site.board is not None and site.desk is not None:
        console = api.Console(site.board, site.desk, site.health, access, site.tell)
        for kind, found in api.routes(console, site.streams).items():
            add(kind, found)
    app.on_response_prepare.append(_protected)
    app[KINDS] = kinds
    return app


#: What each route asks for.
KINDS = web.AppKey("kinds", dict[web.AbstractRoute, Kind])


def _access(site: Site, listen: str) -> Access:
    """The rules without tokens."""
    public_url = site.documents.public_url if site.documents else None
    return Access(Tokens(), site.clock, listen=listen, public_url=public_url)


async def _protected(_request: web.Request, response: web.StreamResponse) -> None:
    protect(response)


async def _bind(factory: Callable[[], asyncio.Protocol], host: str, port: int) -> asyncio.Server:
    try:
        return await asyncio.get_running_loop().create_server(factory, host, port)
    except OSError as error:
        raise CannotListen(
            f"can't listen on {host}:{port}: {error.strerror or error}",
            hint="another program has the port, or the address is not this machine's: "
            "name another with --listen",
        ) from None


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class _Protocol(web.RequestHandler):
    """Reads requests. What is none gets the same headers as all other answers."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        response = super().handle_error(request, status, exc, message)
        protect(response)
        return response


def _limits() -> dict[str, Any]:
    """What one request may be: its first line, each header and their number.

    Bodies are read as they are: what is small when compressed may be large when it isn't.
    """
    # Whoever can reach the port can send what is no HTTP; that fills no log.
    logger = logging.Logger("callflow.server")
    logger.addHandler(logging.NullHandler())
    return {
        "max_line_size": 4_096,
        "max_field_size": 4_096,
        "max_headers": HEADERS,
        "auto_decompress": False,
        "lingering_time": 2.0,
        "logger": logger,
        "access_log": None,
    }


class CannotListen(Exception):
    """The address can't be served on. `hint` says what to do about it."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint
