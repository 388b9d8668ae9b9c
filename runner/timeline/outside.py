"""What lies beyond Twilio in a timeline: services that are told of calls, and served documents."""

from __future__ import annotations

from collections.abc import Mapping

from runner.model import Millis

#: What text that is spoken in a conference stands for: nobody fetches it here.
_SERVED = "https://callflow.invalid/served.xml"


class Listeners:
    """Implements `Web`: services that take whatever they are told."""

    async def post(self, url: str, fields: Mapping[str, str], *, id_: str, at: Millis) -> None:
        """Takes it, and answers at once."""


def publish(_twiml: str) -> str:
    """Where Twilio would fetch the document."""
    return _SERVED
