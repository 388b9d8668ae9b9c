"""Documents that Twilio fetches from the runner: each under a URL that nobody can guess.

They live for ten minutes and in memory: Twilio asks within a second, and again where the answer got
lost. Nothing of them is in the ledger but the text itself.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from dataclasses import dataclass

from aiohttp import web

from runner.engine.clock import Clock
from runner.model import Millis
from runner.written import prefixes_of

#: How long a document can be fetched.
LIFETIME: Millis = 600_000
#: Documents that are kept, and bytes of them together: far more than ten minutes of announcements.
MOST = 10_000
ROOM = 32 * 1024 * 1024

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class _Document:
    """One that is kept, and until when on the monotonic clock."""

    body: bytes
    until: Millis


class Documents:
    """What is published, oldest first. `public_url` is where Twilio reaches the runner."""

    def __init__(
        self, public_url: str, clock: Clock, *, most: int = MOST, room: int = ROOM
    ) -> None:
        self.public_url = public_url
        self._clock = clock
        self._most = most
        self._room = room
        # A plain dict takes ever longer to find its first one.
        self._kept: OrderedDict[str, _Document] = OrderedDict()
        self._bytes = 0
        self._waiting: set[str] = set()
        self._none_waits = asyncio.Event()
        self._none_waits.set()

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What may stand before `/twiml/`: a proxy takes the path of the public URL off, or not."""
        return prefixes_of(self.public_url)

    def publish(self, twiml: str) -> str:
        """Keeps the document and returns its URL; the oldest make room for it."""
        token = secrets.token_urlsafe(24)
        body = twiml.encode("utf-8", "replace")
        self._kept[token] = _Document(body, self._clock.monotonic() + LIFETIME)
        self._bytes += len(body)
        self._waiting.add(token)
        self._none_waits.clear()
        self._trim()
        return f"{self.public_url}/twiml/{token}"

    def fetch(self, token: str) -> bytes | None:
        """The document of this token; None where there is none, or no longer."""
        self._trim()
        document = self._kept.get(token)
        if document is None:
            return None
        self._was_fetched(token)
        return document.body

    async def fetched(self, within: Millis) -> bool:
        """Waits until each document was fetched once, or is gone; False where that took longer."""
        try:
            async with asyncio.timeout(within / 1000):
                await self._none_waits.wait()
        except TimeoutError:
            return False
        return True

    def _trim(self) -> None:
        now = self._clock.monotonic()
        while self._kept:
            token, oldest = next(iter(self._kept.items()))
            crowded = len(self._kept) > self._most or self._bytes > self._room
            if oldest.until > now and not crowded:
                break
            self._kept.popitem(last=False)
            self._bytes -= len(oldest.body)
            self._was_fetched(token)

    def _was_fetched(self, token: str) -> None:
        self._waiting.discard(token)
        if not self._waiting:
            self._none_waits.set()


def routes(documents: Documents) -> list[web.RouteDef]:
    """What Twilio asks for, by either of its methods."""

    async def answer(request: web.Request) -> web.Response:
        body = documents.fetch(request.match_info["token"])
        if body is None:
            return web.Response(status=404, text="There is no such document, or no longer.\n")
        return web.Response(
            body=body, content_type="application/xml", charset="utf-8", headers=_HEADERS
        )

    return [
        route(f"{prefix}/twiml/{{token}}", answer)
        for prefix in documents.prefixes
        for route in (web.get, web.post)
    ]
