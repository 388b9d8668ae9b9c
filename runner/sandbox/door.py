"""Where the sandbox listens: a port that can be shut for a while and opened again."""

from __future__ import annotations

import socket
from collections.abc import Callable

from aiohttp import web


class Door:
    """One port. `build` makes the application afresh: a runner that was shut can't serve again."""

    def __init__(self, host: str, port: int, build: Callable[[], web.Application]) -> None:
        self._host = host
        self._port = port
        self._build = build
        self._runner: web.AppRunner | None = None
        self._kept: socket.socket | None = None
        self._address: tuple[str, int] | None = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`; the same while it is shut. Raises RuntimeError before."""
        if self._address is None:
            raise RuntimeError("the sandbox is not open; use `async with`")
        host, port = self._address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def open(self) -> None:
        """Starts serving. Raises OSError where the port can't be had."""
        if self._runner is not None:
            return
        self._let_go()
        self._runner = web.AppRunner(
            self._build(), access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await self._runner.setup()
        host, port = self._address or (self._host, self._port)
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            await self.shut()
            raise
        host, port = self._runner.addresses[0][:2]
        self._address = (host, port)

    async def shut(self, *, keep: bool = False) -> None:
        """Breaks every connection and refuses new ones. With `keep` nobody else gets the port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self._let_go()
        if keep and self._address is not None:
            self._kept = _bound(*self._address)

    def _let_go(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None


def _bound(host: str, port: int) -> socket.socket:
    """A socket that has the port and doesn't listen, so that connections are refused."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    kept = socket.socket(family, socket.SOCK_STREAM)
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind((host, port))
    return kept
