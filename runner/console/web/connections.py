"""Bounds the connections to the server: their number, and how long one may do nothing.

The loop that serves them drives phone calls, and whoever can reach the port can open connections.
One that has no request under way makes room for a newcomer, so that a thousand idle ones keep
nobody out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from runner.model import Millis


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one server bears."""

    connections: int = 256
    #: From being accepted, or from the last answer, to the end of the next request's headers; and
    #: to the end of an answer that is not taken. Longer than proxies keep connections for.
    idle: Millis = 75_000
    #: Bytes that come before a request is under way: its headers, and what of a body is sent along.
    #: How much of headers the library takes differs from one of its versions to the next.
    ahead: int = 512 * 1024


class Connections:
    """Those that are open, in the order in which each was used last."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._loop = asyncio.get_running_loop()
        self._idle: dict[asyncio.BaseTransport, float] = {}  # since when
        self._busy: set[asyncio.BaseTransport] = set()
        self._ahead: dict[asyncio.BaseTransport, int] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def guarding(self, factory: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """Makes protocols that are told here as they come and go."""
        return lambda: _Guarded(factory(), self)

    @contextmanager
    def busy(
        self, transport: asyncio.BaseTransport | None, *, known: bool = True
    ) -> Iterator[None]:
        """While a request of this connection is under way, it isn't idle.

        Unless it is of somebody who is not `known`: a stranger who sends half a request would else
        hold a place for as long as the other half may take.
        """
        if transport is None or transport not in self._idle:
            yield
            return
        if not known:
            yield
            if self._idle.pop(transport, None) is not None:  # else it is gone
                self._ahead.pop(transport, None)
                self._idle[transport] = self._loop.time()
            return
        del self._idle[transport]
        self._busy.add(transport)
        self._ahead.pop(transport, None)
        try:
            yield
        finally:
            if transport in self._busy:  # else it is gone
                self._busy.remove(transport)
                self._idle[transport] = self._loop.time()

    def opened(self, transport: asyncio.Transport) -> bool:
        """Takes a new one in; False where there is no room, and none can be made."""
        if len(self._idle) + len(self._busy) >= self._bounds.connections:
            if not self._idle:
                return False
            _abort(next(iter(self._idle)))
            del self._idle[next(iter(self._idle))]
        self._idle[transport] = self._loop.time()
        if self._sweep is None:
            self._sweep = self._loop.call_later(self._bounds.idle / 1000, self._look)
        return True

    def heard(self, transport: asyncio.Transport, size: int) -> None:
        """So many bytes came."""
        if transport in self._idle:
            self._ahead[transport] = self._ahead.get(transport, 0) + size
            if self._ahead[transport] > self._bounds.ahead:
                transport.abort()

    def closed(self, transport: asyncio.BaseTransport) -> None:
        """One is gone."""
        self._ahead.pop(transport, None)
        self._idle.pop(transport, None)
        self._busy.discard(transport)

    def end(self) -> None:
        """Ends them all at once."""
        if self._sweep is not None:
            self._sweep.cancel()
        for transport in [*self._idle, *self._busy]:
            _abort(transport)

    def _look(self) -> None:
        """Ends those that did nothing for too long, and comes back when the next may have."""
        self._sweep = None
        now, most = self._loop.time(), self._bounds.idle / 1000
        for transport, since in [*self._idle.items()]:
            if now - since >= most:
                del self._idle[transport]
                _abort(transport)
        if self._idle or self._busy:
            oldest = next(iter(self._idle.values()), now)
            self._sweep = self._loop.call_at(oldest + most, self._look)


class _Guarded(asyncio.Protocol):
    """Hands everything on to the protocol that it guards."""

    __slots__ = ("_connections", "_inner", "_taken", "_transport")

    def __init__(self, inner: asyncio.Protocol, connections: Connections) -> None:
        self._inner = inner
        self._connections = connections
        self._taken = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._taken = self._connections.opened(transport)
        if not self._taken:
            transport.abort()
            return
        self._transport = transport
        self._inner.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._taken and self._transport is not None:
            self._connections.closed(self._transport)
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._taken and self._transport is not None:
            self._connections.heard(self._transport, len(data))
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._taken else None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()


def _abort(transport: asyncio.BaseTransport) -> None:
    assert isinstance(transport, asyncio.Transport)
    transport.abort()
