"""A runner that takes callbacks, and somebody who posts them, signed as Twilio signs, or not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from runner.call import format_rfc2822
from runner.console.hooks.push import Push, routes
from runner.engine.loop import Engine
from runner.model import Millis
from tests.site import Site

FORM = "application/x-www-form-urlencoded"
OTHER_ACCOUNT = "AC" + "0" * 32


def untouched(site: Site) -> bool:
    """Whether nobody has even looked at a call."""
    return not (site.sandbox.journal.of("fetch") or site.updates())


@dataclass
class Posting:
    """What a test holds in its hands. `base` is where the runner listens."""

    site: Site
    push: Push
    base: str
    public_url: str
    http: aiohttp.ClientSession
    results: list[tuple[str, Millis | None]] = field(default_factory=list)
    #: Whether an engine looks after the account now.
    leads: bool = True

    def engine_of(self, account: str) -> Engine | None:
        engine = self.site.engine
        return engine if self.leads and engine.account == account else None

    def fields(self, sid: str, **more: str) -> dict[str, str]:
        """A callback as Twilio makes it."""
        told = {
            "AccountSid": self.site.sandbox.account_sid,
            "CallSid": sid,
            "CallStatus": "in-progress",
            "From": "+14155550199",
            "To": "+14155550100",
            "Timestamp": format_rfc2822(self.site.sandbox.clock.now()),
            "SequenceNumber": "0",
        }
        return told | {name.replace("_", ""): value for name, value in more.items()}

    def signature(
        self, fields: Mapping[str, str], *, query: str = "", token: str | None = None
    ) -> str:
        """What Twilio would sign."""
        token = self.site.sandbox.auth_token if token is None else token
        url = f"{self.public_url}/twilio/status" + (f"?{query}" if query else "")
        return str(RequestValidator(token).compute_signature(url, MultiDict(fields)))

    async def post(
        self, sid: str, *, query: str = "", token: str | None = None, **more: str
    ) -> int:
        """Posts a signed callback."""
        fields = self.fields(sid, **more)
        return await self.send(fields, self.signature(fields, query=query, token=token), query)

    async def send(self, fields: Mapping[str, str], signature: str, query: str = "") -> int:
        """Posts these fields under this signature; "" sends none."""
        headers = {"X-Twilio-Signature": signature} if signature else {}
        body = urlencode(list(fields.items())).encode()
        return await self.raw(body, {"Content-Type": FORM, **headers}, query=query)

    async def raw(
        self, body: bytes, headers: Mapping[str, str], *, method: str = "POST", query: str = ""
    ) -> int:
        """Sends whatever this is; returns the status, and checks that nothing more is said."""
        from yarl import URL

        url = URL(f"{self.base}/twilio/status" + (f"?{query}" if query else ""), encoded=True)
        async with self.http.request(method, url, data=body, headers=headers) as answer:
            said = await answer.read()
            assert answer.status == 405 or said == b"", said
            return answer.status

    async def looked(self, number: int) -> list[str]:
        """Waits until so many callbacks have come to something; what they came to."""
        await self.site.until(lambda: len(self.results) >= number)
        return [result for result, _ in self.results]


@asynccontextmanager
async def open_posting(
    site: Site, *, tokens: Sequence[str] | None = None, public_url: str = ""
) -> AsyncIterator[Posting]:
    """Takes callbacks for the site's account, on a port of its own."""
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{door.getsockname()[1]}"
    known = {site.sandbox.account_sid: [site.sandbox.auth_token] if tokens is None else tokens}
    push = Push(
        public_url or base,
        known,
        lambda account: posting.engine_of(account),
        clock=site.time,
        tell=site.events.append,
    )
    app = web.Application()
    app.router.add_routes(routes(push))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, door).start()
    try:
        async with aiohttp.ClientSession() as http:
            posting = Posting(site, push, base, public_url or base, http)
            push.pushed = lambda result, lag: posting.results.append((result, lag))
            yield posting
    finally:
        await push.close()
        await site.engine.abandon()  # what it is looking at would open its connections again
        await asyncio.gather(runner.cleanup())
