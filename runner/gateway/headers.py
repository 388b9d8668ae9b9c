"""The headers that a flow adds to a post, with the values that only the environment knows.

What a flow may read of the environment begins with `CALLFLOW_NOTIFY_`: no flow can send the
account's credentials anywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from runner.actions.headers import PREFIX
from runner.engine.ports import Refused

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
#: What says how the post itself is sent. The language refuses more; this is the last fence.
_OURS = frozenset(
    (
        *("content-type", "content-length", "content-encoding", "transfer-encoding", "host"),
        *("connection", "keep-alive", "expect", "te", "trailer", "upgrade"),
        *("webhook-id", "webhook-timestamp", "webhook-signature"),
    )
)


def variables_of(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Those of the environment that headers may be made of."""
    return {name: value for name, value in environ.items() if name.startswith(PREFIX)}


def headers_of(written: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Name → value of the JSON in a post's `headers`. Raises `Refused` where it can't be sent."""
    try:
        headers = json.loads(written or "{}")
    except ValueError:
        headers = None
    if not isinstance(headers, dict):
        raise unsendable("its headers can't be read")
    return {_name(name): _value(value, variables) for name, value in headers.items()}


def unsendable(message: str) -> Refused:
    """What can't be sent at all, now or later."""
    return Refused(message, status=0, code=None)


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise unsendable("the name of a header holds what no header may")
    if name.lower() in _OURS:
        raise unsendable(f"the header {name} is not a flow's to set")
    return name


def _value(value: object, variables: Mapping[str, str]) -> str:
    if isinstance(value, str):
        # What a caller put into a field neither ends a header nor keeps the post from being sent.
        return _CONTROL.sub(" ", value).strip()
    name = value.get("env") if isinstance(value, dict) else None
    if not isinstance(name, str):
        raise unsendable("the value of a header is neither text nor a variable")
    return _of_environment(name, variables)


def _of_environment(name: str, variables: Mapping[str, str]) -> str:
    if not name.startswith(PREFIX):
        raise unsendable(f"a header may only be made of a variable that begins with {PREFIX}")
    value = variables.get(name, "").strip()
    if not value:
        raise unsendable(f"the variable {name} is not set")
    if _CONTROL.search(value):
        raise unsendable(f"the variable {name} holds more than one line")
    return value
