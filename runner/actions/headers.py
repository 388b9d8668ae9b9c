"""Headers that a flow adds to a post: names and values that can't break out, and no secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.actions.base import BadArgument, Key

#: Variables that a flow may name begin like this: it must not be able to send away any other.
PREFIX = "CALLFLOW_NOTIFY_"

_MOST = 20
_LONGEST = 2_000
_LONGEST_NAME = 100
_VARIABLE = PREFIX + "[A-Z0-9_]{1,80}"
#: RFC 9110: a token, and what may stand behind the colon.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?"
_TRANSPORT = (
    "host connection content-length content-type content-encoding expect te keep-alive trailer "
    "transfer-encoding upgrade http2-settings accept-encoding"
)
#: Those that say how the post is sent, and so are not the flow's to say.
_OWNED = frozenset(_TRANSPORT.split())
_OWNED_STARTS = ("webhook-", "callflow-", "proxy-")
_SECRET_NAME = (
    r"authorization|cookie|token|secret|passw|credential|signature"
    r"|(?:\b|_)(?:api|auth|access|private|subscription|functions?)[-_]?key"
)
_SECRET_VALUE = r"(?i)(?:bearer|basic|digest)\s+\S"


def checked(headers: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """The headers as they are recorded; raises `BadArgument` for what may not be sent."""
    if len(headers) > _MOST:
        raise BadArgument(f"{len(headers)} headers; {_MOST} is the limit", key=key)
    seen: dict[str, str] = {}
    for name, value in headers.items():
        at = (key, name)
        _check_name(name, at)
        if name.lower() in seen:
            raise BadArgument(f"{name} is the same header as {seen[name.lower()]}", key=at)
        seen[name.lower()] = name
        if isinstance(value, Mapping):
            _check_variable(value, (*at, "env"))
        else:
            _check_value(name, value, at)
    return dict(headers)


def _check_name(name: str, key: Key) -> None:
    if not re.fullmatch(_TOKEN, name) or len(name) > _LONGEST_NAME:
        hint = "a name is letters, digits and -"
        raise BadArgument(f"{name!a} can't be the name of a header", key=key, hint=hint)
    if name.lower() in _OWNED or name.lower().startswith(_OWNED_STARTS):
        raise BadArgument(f"{name} is set when the post is sent", key=key, hint="leave it out")


def _check_value(name: str, value: str, key: Key) -> None:
    if re.search(_SECRET_NAME, name.lower()) or re.match(_SECRET_VALUE, value):
        message = f"the value of {name} is a secret, and would stand in the flow for all readers"
        hint = f"put it into a variable: `{{env: {PREFIX}…}}`, and change it if others saw it"
        raise BadArgument(message, key=key, code="secret-in-flow", hint=hint)
    if len(value) > _LONGEST:
        message = f"the value is {len(value):,} characters long; {_LONGEST:,} is the limit"
        raise BadArgument(message, key=key)
    if not re.fullmatch(_VALUE, value):
        message = "the value of a header is one line of plain ASCII, with no space at either end"
        raise BadArgument(message, key=key)


def _check_variable(value: Mapping[str, Any], key: Key) -> None:
    if not re.fullmatch(_VARIABLE, value["env"]):
        message = f"{value['env']!a} is no variable that a flow may send"
        hint = f"its name begins with {PREFIX}, in capitals"
        raise BadArgument(message, key=key, hint=hint)
