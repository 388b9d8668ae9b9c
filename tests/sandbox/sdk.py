"""Twilio's own SDK, pointed at a sandbox: what a client sees, headers included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from runner.sandbox import Account, Sandbox


class Line(TwilioHttpClient):
    """The SDK's own HTTP client, which keeps the answers: most of the SDK drops their headers."""

    def __init__(self, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self.answers: list[Response] = []

    def request(self, *given: Any, **named: Any) -> Response:
        answer = super().request(*given, **named)
        self.answers.append(answer)
        return answer


async def using(
    sandbox: Sandbox,
    deed: Callable[[Client], Any],
    *,
    login: Account | None = None,
    about: str | None = None,
    patience: float = 10.0,
) -> Any:
    """Does something with a client, in a thread: the SDK blocks.

    It logs in as `login` (the main account if unsaid) and asks about the account `about`.
    """
    account = login or sandbox.account()
    line = Line(patience)
    client = Client(account.sid, account.auth_token, about or account.sid, http_client=line)
    client.api.base_url = sandbox.url
    try:
        return await asyncio.to_thread(deed, client)
    finally:
        line.session.close()


def answers(client: Client) -> list[Response]:
    """Every answer that this client got."""
    assert isinstance(client.http_client, Line)
    return client.http_client.answers


async def arrived(sandbox: Sandbox, requests: int) -> None:
    """Waits until the sandbox has taken in so many requests, answered or not."""
    for _ in range(1_000):
        if len(sandbox.journal) >= requests:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"only {len(sandbox.journal)} requests came")
