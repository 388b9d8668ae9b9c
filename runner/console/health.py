"""The runner's web server: `/healthz`, `/readyz`, and the documents that Twilio fetches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

from runner.console.served import Documents, routes
from runner.engine.clock import Clock
from runner.engine.ports import Event
from runner.model import Millis

#: A runner is ready while its last good poll is no older than this many intervals.
INTERVALS = 3
#: So many accounts that are late are named.
_NAMED = 10


class Health:
    """Listens to the runner's events and knows from them whether it is ready.

    Every account has to have been seen lately; `intervals` are those from poll to poll, by account
    SID, and `names` what an account is called, where that is not its SID. A runner that stands by
    for another is ready too: there is nothing it should be doing.
    """

    def __init__(
        self, intervals: Mapping[str, Millis], names: Mapping[str, str] | None = None
    ) -> None:
        self._intervals = intervals
        self._names = names or {}
        self._polled: dict[str, Millis] = {}
        self._troubles: dict[str, str] = dict.fromkeys(intervals, "no poll yet")
        self._role = "starting"
        self._stall = ""
        self._reload_ok = True

    def hear(self, event: Event) -> None:
        """Takes one event of the runner."""
        account = str(event.fields.get("account", ""))
        if event.name == "poll":
            self._polled[account] = event.at
            self._troubles.pop(account, None)
        elif event.name == "poll.failed":
            self._troubles[account] = str(event.fields.get("error", ""))
        elif event.name in ("reload.ok", "reload.failed"):
            self._reload_ok = event.name == "reload.ok"
        elif event.name in ("leading", "standby", "stalled"):
            self._role = event.name
            self._stall = str(event.fields.get("error", "")) if event.name == "stalled" else ""

    def report(self, now: Millis) -> tuple[bool, dict[str, object]]:
        """Whether the runner is ready, and the facts behind it."""
        late = [account for account in self._intervals if not self._is_fresh(account, now)]
        ready = self._role == "standby" or (not late and self._role != "stalled")
        oldest = [self._polled.get(account) for account in self._intervals]
        known = [at for at in oldest if at is not None]
        facts: dict[str, object] = {
            "ready": ready,
            "role": self._role,
            "accounts": len(self._intervals),
            "accounts_late": len(late),
            "last_good_poll_age_ms": now - min(known)
            if known and len(known) == len(oldest)
            else None,
            "last_reload_ok": self._reload_ok,
        }
        if late:
            facts["late"] = [self._names.get(account) or account for account in late[:_NAMED]]
        if self._stall:
            return ready, facts | {"trouble": self._stall}
        for account, trouble in self._troubles.items():
            name = self._names.get(account)
            facts["trouble"] = f"{name}: {trouble}" if name else trouble
            break
        return ready, facts

    def _is_fresh(self, account: str, now: Millis) -> bool:
        at = self._polled.get(account)
        return at is not None and now - at <= INTERVALS * self._intervals[account]


@asynccontextmanager
async def serve(
    health: Health, listen: str, *, clock: Clock, documents: Documents | None = None
) -> AsyncIterator[str]:
    """Serves `health` and `documents` on `HOST:PORT` while the context lasts.

    Gives the URL; port 0 picks one.
    """

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_request: web.Request) -> web.Response:
        ready, facts = health.report(clock.now())
        return web.json_response(facts, status=200 if ready else 503)

    app = web.Application()
    for prefix in documents.prefixes if documents else ("",):
        app.router.add_get(f"{prefix}/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_routes(routes(documents) if documents else ())
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
