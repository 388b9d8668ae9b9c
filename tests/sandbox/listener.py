"""An application on this machine that is told of calls, to the byte, and checks signatures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator

from runner.sandbox.callbacks import EVENTS
from tests.gateway.raw import RawServer, Reply, Request, always, answer, raw_server

PATH = "/twilio/status"
THANKS = always(answer(204))


class Listener:
    """What came to one application, in the order in which it came."""

    def __init__(self, server: RawServer, came: asyncio.Condition) -> None:
        self._server = server
        self._came = came
        self.url = server.base + PATH

    @property
    def requests(self) -> list[Request]:
        return self._server.requests

    @property
    def forms(self) -> list[dict[str, str]]:
        return [request.form for request in self.requests]

    @property
    def statuses(self) -> list[str]:
        """The status that each told."""
        return [form["CallStatus"] for form in self.forms]

    async def heard(self, number: int) -> None:
        """Waits until so many requests have come."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.requests) >= number)

    def signed(self, request: Request, token: str) -> bool:
        """Twilio's own check of a signature."""
        fields = Fields(parse_qsl(request.body.decode(), keep_blank_values=True))
        url, given = self._server.base + request.target, request.headers["x-twilio-signature"]
        return bool(RequestValidator(token).validate(url, fields, given))

    def asked(self, *events: str) -> dict[str, Any]:
        """The fields of a plan whose call tells this application; of everything if unsaid."""
        return {"status_callback": self.url, "status_callback_event": events or EVENTS}


class Fields(dict[str, str]):
    """A form as web frameworks give it to the SDK's check: a name may have several values."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def getall(self, name: str) -> list[str]:
        return [value for each, value in self._pairs if each == name]


@asynccontextmanager
async def listening(reply: Reply = THANKS) -> AsyncIterator[Listener]:
    """Listens until the block ends."""
    came = asyncio.Condition()

    async def tell(request: Request, writer: asyncio.StreamWriter) -> bool | None:
        async with came:
            came.notify_all()
        return await reply(request, writer)

    async with raw_server(tell) as server:
        yield Listener(server, came)
