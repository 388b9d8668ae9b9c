"""What hangs below one call: its recordings, streams and the like, changed by one form each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from runner.engine.ports import NoSuchCall, Refused
from runner.gateway.codes import HINTS, NO_SUCH
from runner.gateway.line import Line
from runner.gateway.rows import is_call_sid

#: A resource, and a name or SID in it, percent-encoded; nothing that a server could read as another
#: path.
_TARGET = re.compile(r"[A-Za-z]+(/(?!\.{1,2}\Z)([A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+)?")

_NOTHING: Final = (
    "the call is over, or nothing of that name runs on it: "
    "what was never started can't be stopped, and what has ended neither"
)


def path_of_call(line: Line, sid: str) -> str:
    """The path of a call without its `.json`. Raises `Refused` for what is no SID."""
    if not is_call_sid(sid):
        text = f"{sid!r} is not a call SID: CA and 32 hex characters"
        raise Refused(text, status=400, code=None, hint=HINTS[NO_SUCH])
    return f"{line.account}/Calls/{sid}"


async def post_below(line: Line, sid: str, target: str, *, fields: Mapping[str, str]) -> None:
    """Sends one form to what is at `target` below the call, once. Raises a `GatewayError`."""
    path = path_of_call(line, sid)
    if not _TARGET.fullmatch(target):
        raise Refused(f"{target!r} is nothing that a call has below it", status=400, code=None)
    try:
        await line.post(f"{path}/{target}.json", fields)
    except NoSuchCall as error:
        raise NoSuchCall(str(error), status=error.status, code=error.code, hint=_NOTHING) from None
