"""The status as server-sent events: the newest, at most once a second, to so many readers.

Readers wait on the board; nothing runs where there is none. A slow reader skips what came between.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from runner.console.answers import Fault, encoded
from runner.console.doors.access import Access
from runner.console.doors.tokens import Role
from runner.console.doors.visitors import Visitor, current_visitor, let_run
from runner.console.picture.board import Board
from runner.model import Millis

#: Streams at once: each is a connection that stays.
MOST = 32
#: What the system may hold back for a reader that is slow; more would be stale when it is read.
_UNREAD = 32 * 1024


@dataclass(frozen=True, slots=True)
class Tempo:
    """When a stream says something."""

    #: From one status to the next.
    least: Millis = 1_000
    #: Without any change a comment shows that the stream lives, and the status how old things are.
    beat: Millis = 15_000
    #: A reader that takes nothing for so long is gone.
    patience: Millis = 30_000


class Streams:
    """All that are open."""

    def __init__(self, *, most: int = MOST, tempo: Tempo | None = None) -> None:
        self._most = most
        self._tempo = tempo or Tempo()
        self._open: dict[asyncio.Transport, Role] = {}  # the oldest first
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Ends every stream, and lets none begin."""
        self._ending.set()

    async def follow(self, news: News, access: Access, request: web.Request) -> web.StreamResponse:
        """Answers with the status whenever something has changed."""
        transport = request.transport
        if not isinstance(transport, asyncio.Transport):
            raise ConnectionResetError("the reader has gone")
        role = current_visitor().role
        if not self._has_room(role) or self._ending.is_set():
            hint = "close a page that is open elsewhere, or ask /api/status now and then"
            text = f"as many streams are open as there may be ({self._most})"
            raise Fault(503, text, hint=hint, headers={"Retry-After": "10"})
        self._open[transport] = role
        try:
            response = web.StreamResponse(headers=_HEADERS)
            response.force_close()  # the connection is tuned for a stream
            with suppress(ConnectionError):
                writer = await _begin(response, request, transport)
                await self._feed(_Reader(response, writer, transport), news, access)
            return response
        except Exception:
            transport.abort()  # no fault can be told in the middle of a stream
            raise
        finally:
            del self._open[transport]
            if not self._open:
                news.forget()

    def _has_room(self, role: Role) -> bool:
        """Whether one more may begin. Who only looks makes room for who may stop everything."""
        living = [each for each in self._open if not each.is_closing()]
        if len(living) < self._most:
            return True
        readers = [each for each in living if self._open[each] == "reader"]
        if role != "operator" or not readers:
            return False
        readers[0].abort()
        return True

    async def _feed(self, reader: _Reader, news: News, access: Access) -> None:
        visitor = current_visitor()
        seen = news.version
        frame = news.frame(visitor)
        while await reader.took(frame, self._tempo.patience):
            if await self._until(visitor, self._tempo.least):
                return
            await self._until(visitor, self._tempo.beat, news.moved(seen))
            if self._is_over(visitor, access):
                return
            seen, beat = news.version, news.version == seen
            frame = (b": still here\n\n" if beat else b"") + news.frame(visitor, anew=beat)

    def _is_over(self, visitor: Visitor, access: Access) -> bool:
        if self._ending.is_set():
            return True
        return visitor.session is not None and not access.sessions.stands(visitor.session)

    async def _until(self, visitor: Visitor, most: Millis, *more: Coroutine[Any, Any, Any]) -> bool:
        """Waits so long at most for the end of the stream, or for one of these; whether it came."""
        ends = [self._ending.wait(), *([visitor.session.over.wait()] if visitor.session else [])]
        tasks = [asyncio.ensure_future(each) for each in (*ends, *more)]
        try:
            done, _ = await asyncio.wait(
                tasks, timeout=most / 1000, return_when=asyncio.FIRST_COMPLETED
            )
            return bool(done)
        finally:
            for task in tasks:
                task.cancel()


class News:
    """The status as a frame, rendered once for all readers who may see the same."""

    def __init__(self, board: Board, status: Callable[[Visitor], dict[str, Any]]) -> None:
        self._board = board
        self._status = status
        self._frames: dict[tuple[str, bool], tuple[int, bytes]] = {}

    @property
    def version(self) -> int:
        """Which state of the board a frame shows."""
        return self._board.version

    async def moved(self, since: int) -> None:
        """Waits for a newer one."""
        await self._board.moved(since)

    def frame(self, visitor: Visitor, *, anew: bool = False) -> bytes:
        """The status now, as one event."""
        alike = (visitor.role, visitor.session is not None)
        version, frame = self._frames.get(alike, (-1, b""))
        if anew or version != self.version:
            frame = b"event: status\ndata: " + encoded(self._status(visitor)) + b"\n\n"
            self._frames[alike] = (self.version, frame)
        return frame

    def forget(self) -> None:
        """Keeps nothing, since nobody reads."""
        self._frames.clear()


@dataclass(frozen=True, slots=True)
class _Reader:
    """Where a stream goes to."""

    response: web.StreamResponse
    writer: AbstractStreamWriter
    transport: asyncio.Transport

    async def took(self, frame: bytes, patience: Millis) -> bool:
        """Sends it, and waits until the system has taken all of it; False where it doesn't."""
        try:
            async with asyncio.timeout(patience / 1000):
                await self.response.write(frame)
                await self.writer.drain()
            return True
        except TimeoutError:
            self.transport.abort()
            return False


async def _begin(
    response: web.StreamResponse, request: web.Request, transport: asyncio.Transport
) -> AbstractStreamWriter:
    let_run()
    transport.set_write_buffer_limits(high=0)
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNREAD)
    writer = await response.prepare(request)
    assert writer is not None
    await response.write(b"retry: 2000\n\n")
    return writer


_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would keep events back until it has a page of them
}
