"""`stream`: sends the sound of a call to a WebSocket, beside whatever the call is doing."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from runner.actions.base import BadArgument
from runner.actions.checks import Reach, absolute_url
from runner.actions.forks import Fork, checked_parameters, kind_of
from runner.actions.forms import CALLBACK, METHOD, START
from runner.actions.templates import Template

_SOCKET = Reach(("wss",), "Twilio connects to it over TLS: write wss://host/path")
_KEY = (START, "url")


def _check(given: dict[str, Any]) -> dict[str, Any]:
    url = absolute_url(given["url"], key=_KEY, reach=_SOCKET)
    parts = urlsplit(url.filled(lambda _: "x") if isinstance(url, Template) else url)
    if parts.query or parts.fragment:
        message = "Twilio opens the socket without what follows `?` or `#`"
        hint = "write it under `parameters`"
        raise BadArgument(message, key=_KEY, code="bad-url", hint=hint)
    if "@" in parts.netloc:
        message = "a user name and a password would stand in the flow for all who read it"
        hint = "let the service know the call by its SID, which every stream begins with"
        raise BadArgument(message, key=_KEY, code="secret-in-flow", hint=hint)
    return checked_parameters({**given, "url": url})


STREAM = kind_of(
    Fork(
        name="stream",
        target="Streams",
        noun="media stream",
        fields={
            "url": "Url",
            "name": "Name",
            CALLBACK: "StatusCallback",
            METHOD: "StatusCallbackMethod",
        },
        check=_check,
        placeholders=("url", "parameters", CALLBACK),
    )
)
