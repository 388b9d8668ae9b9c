"""What is sent for a recorded part: one request, by the way that its route names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from runner.call import Call
from runner.engine.ledger import update_of
from runner.engine.ports import Gateway, Intent, NothingThere, Publish
from runner.sides import SERVED

_Send: TypeAlias = Callable[[Intent], Awaitable[Call | None]]


def unpublished(_twiml: str) -> str:
    """Publishes nothing: this runner can't be reached from outside."""
    raise NothingThere(
        "Twilio can't fetch the text from here",
        hint="run with --listen and --public-url, or give a URL that serves it",
    )


class Requests:
    """Sends what touches the calls of one account."""

    def __init__(self, gateway: Gateway) -> None:
        self.publish: Publish = unpublished
        self._gateway = gateway
        self._ways: Mapping[str, _Send] = {
            "": self._update,
            "call": self._below,
            "conference": self._announce,
        }

    async def send(self, intent: Intent) -> Call | None:
        """Sends it once; returns the call where Twilio answers with it. Raises `GatewayError`."""
        return await self._ways[intent.route](intent)

    async def _update(self, intent: Intent) -> Call:
        return await self._gateway.update_call(intent.call_sid, update_of(intent))

    async def _below(self, intent: Intent) -> None:
        await self._gateway.post_below(intent.call_sid, intent.target, intent.request)

    async def _announce(self, intent: Intent) -> None:
        fields = dict(intent.request)
        if SERVED in fields:
            url = self.publish(fields.pop(SERVED))
            fields |= {"AnnounceUrl": url, "AnnounceMethod": "GET"}
        await self._gateway.announce(intent.call_sid, fields)
