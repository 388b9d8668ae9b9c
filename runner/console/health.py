"""`/healthz` and `/readyz`: whether the runner lives, and whether it sees the calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from runner.engine.clock import Clock
from runner.engine.ports import Event
from runner.model import Millis

#: A runner is ready while its last good poll is no older than this many intervals.
INTERVALS = 3


class Health:
    """Listens to the runner's events and knows from them whether it is ready."""

    def __init__(self, interval: Millis) -> None:
        self._interval = interval
        self._last_poll: Millis | None = None
        self._trouble = "no poll yet"
        self._reload_ok = True

    def hear(self, event: Event) -> None:
        """Takes one event of the runner."""
        if event.name == "poll":
            self._last_poll = event.at
            self._trouble = ""
        elif event.name == "poll.failed":
            self._trouble = str(event.fields.get("error", ""))
        elif event.name in ("reload.ok", "reload.failed"):
            self._reload_ok = event.name == "reload.ok"

    def report(self, now: Millis) -> tuple[bool, dict[str, object]]:
        """Whether the runner is ready, and the facts behind it."""
        age = None if self._last_poll is None else now - self._last_poll
        ready = age is not None and age <= INTERVALS * self._interval
        facts: dict[str, object] = {
            "ready": ready,
            "last_good_poll_age_ms": age,
            "last_reload_ok": self._reload_ok,
        }
        if self._trouble:
            facts["trouble"] = self._trouble
        return ready, facts


@asynccontextmanager
async def serve(health: Health, listen: str, *, clock: Clock) -> AsyncIterator[str]:
    """Serves `health` on `HOST:PORT` while the context lasts; gives the URL (port 0 picks one)."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_request: web.Request) -> web.Response:
        ready, facts = health.report(clock.now())
        return web.json_response(facts, status=200 if ready else 503)

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        host, _, port = listen.rpartition(":")
        yield await _bind(runner, host.strip("[]"), int(port))
    finally:
        await runner.cleanup()


async def _bind(runner: web.AppRunner, host: str, port: int) -> str:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise CannotListen(
            f"can't listen on {host}:{port}: {error.strerror or error}",
            hint="another program has the port, or the address is not this machine's: "
            "name another with --listen",
        ) from None
    address = runner.addresses[0]
    return f"http://{address[0]}:{address[1]}"


class CannotListen(Exception):
    """The address can't be served on. `hint` says what to do about it."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint
