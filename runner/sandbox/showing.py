"""The half of the control API that shows: state, accounts, journal, transcripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from aiohttp import web

from runner.sandbox.journal import Entry
from runner.sandbox.legs import Happening
from runner.sandbox.steering import account_of, asked_for

if TYPE_CHECKING:
    from runner.sandbox.service import Sandbox


class Showing:
    """Answers what is asked about one sandbox; `?account=` narrows it to one account."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def state(self, http: web.Request) -> web.Response:
        """The time, its speed, how many calls are in which status, what is still to be told."""
        sandbox = self._sandbox
        now = sandbox.catch_up()
        asked = asked_for(sandbox, http)
        counts = Counter(row.status for tenant in asked for row in tenant.world.shelf)
        state = {"now": now, "speed": sandbox.clock.speed, "calls": counts}
        requests = sum(1 for _ in self._entries(http))
        told = {"requests": requests, "undelivered": sandbox.undelivered}
        return web.json_response(state | told)

    async def accounts(self, http: web.Request) -> web.Response:
        """Every account with its credentials, the main one first."""
        sandbox = self._sandbox
        sandbox.catch_up()
        told = [sandbox.accounts.told(tenant) for tenant in asked_for(sandbox, http)]
        return web.json_response({"accounts": told})

    async def journal(self, http: web.Request) -> web.Response:
        """Every request received, oldest first; `?kind=update` only those."""
        entries = [entry.shown() for entry in self._entries(http)]
        return web.json_response({"requests": entries})

    def _entries(self, http: web.Request) -> Iterator[Entry]:
        kind, name = http.query.get("kind"), http.query.get("account")
        sid = account_of(self._sandbox, name).sid if name else None
        entries = self._sandbox.journal.by(sid)
        return (entry for entry in entries if kind in (None, entry.request.kind))

    async def transcript(self, http: web.Request) -> web.Response:
        """What happened to one call, by SID or id."""
        call = http.match_info["call"]
        self._sandbox.catch_up()
        for tenant in asked_for(self._sandbox, http):
            if tenant.world.has(call):
                lines = _told(tenant.world.transcript(call))
                return web.json_response({"sid": tenant.world.sid_of(call), "lines": lines})
        return web.json_response({"error": f"there is no call {call}"}, status=404)

    async def transcripts(self, http: web.Request) -> web.Response:
        """What happened to every call that still has a record, oldest call of an account first."""
        self._sandbox.catch_up()
        rows = [
            {"sid": row.sid, "lines": _told(tenant.world.transcript(row.sid))}
            for tenant in asked_for(self._sandbox, http)
            for row in tenant.world.shelf
        ]
        return web.json_response({"calls": rows})


def _told(lines: tuple[Happening, ...]) -> list[dict[str, object]]:
    return [asdict(line) for line in lines]
