"""Requests about one account, signed and addressed by the SDK's client."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from twilio.rest import Client

from runner.gateway.transport import Answer, as_answer


class Line:
    """Sends one request at a time, each once. Every method may raise a `GatewayError`."""

    def __init__(self, client: Client, *, base: str) -> None:
        self._client = client
        self._base = base
        #: The host asked, as messages name it.
        self.host = urlsplit(client.get_hostname(base)).netloc
        #: What every path begins with.
        self.account = f"/2010-04-01/Accounts/{client.account_sid}"

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Reads what is there."""
        response = await self._client.request_async("GET", self._base + path, params=params)
        return as_answer(response)

    async def post(self, path: str, form: Mapping[str, str]) -> Answer:
        """Sends a form, which may be empty; held back where nothing may be changed any more."""
        response = await self._client.request_async("POST", self._base + path, data=form)
        return as_answer(response)
