"""What the far side answers, beside its calls, and what comes of asking it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from runner.call import Call
from runner.model import Millis


@dataclass(frozen=True, slots=True)
class Listing:
    """One complete answer to a query.

    `server_time` is the far side's own clock (its `Date` header) when it answered the first page,
    None where it sent none; `requests` counts the HTTP requests it took.
    """

    calls: tuple[Call, ...]
    server_time: Millis | None
    requests: int


@dataclass(frozen=True, slots=True)
class Notice:
    """What Twilio's debugger says of a call. `code` is Twilio's error code, None where it has none.

    `level` is `error` or `warning`; `url` is what Twilio had asked for, "" for nothing.
    """

    sid: str
    at: Millis
    level: Literal["error", "warning"]
    code: int | None
    text: str
    url: str = ""


class Request(Struct, frozen=True, gc=False):
    """One request and what came of it. `path` has no query, and so no phone number in it.

    `status` is None where no answer came. `took` is from when it was this request's turn.
    """

    method: str
    path: str
    status: int | None
    took: Millis
