"""What lies around Twilio in a demo: services that take every post, and documents to be fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from runner.model import Millis
from runner.sandbox import Sandbox

#: Where texts for conferences are served; the sandbox finds them there without asking anybody.
_SERVED = "https://callflow.example/twiml"


class Neighbours:
    """Implements the engine's `Web`, and `publish`; nothing of either leaves this machine.

    `told` hears of each post: its URL and its body.
    """

    def __init__(self, sandbox: Sandbox, told: Callable[[str, str], None]) -> None:
        self._documents = sandbox.world.documents
        self._told = told
        self._published = 0

    async def post(self, url: str, fields: Mapping[str, str], *, id_: str, at: Millis) -> None:
        """Takes it, and answers at once."""
        self._told(url, fields.get("body", ""))

    def publish(self, twiml: str) -> str:
        """Keeps the document, and says where it can be fetched."""
        self._published += 1
        url = f"{_SERVED}/{self._published}"
        self._documents[url] = twiml
        return url
