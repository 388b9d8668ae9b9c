"""What Twilio's debugger knows of one call: what went wrong, and what was asked and answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs

import msgspec

from runner.call import parse_rfc2822
from runner.engine.ports import Notice
from runner.gateway.below import path_of_call
from runner.gateway.line import Line
from runner.gateway.lists import Lists, Row
from runner.gateway.rows import text_of
from runner.model import Millis

#: Where the words are, in a text that is written like a query.
_WORDS = ("Msg", "parserMessage")


class _Notification(msgspec.Struct):
    """What is read of one; whatever types the fields have."""

    sid: object = None
    log: object = None
    error_code: object = None
    message_date: object = None
    date_created: object = None
    message_text: object = None
    request_url: object = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request about a call, and what came back. `status` is None where nothing did.

    It is Twilio's to the user's service, or somebody's to Twilio's API. `at` is 0 and `took` None
    where Twilio does not say.
    """

    at: Millis
    method: str
    url: str
    parameters: Mapping[str, str]
    status: int | None
    took: Millis | None
    content_type: str
    body: str


T = TypeVar("T", Notice, Exchange)


async def read_notices(line: Line, lists: Lists, sid: str) -> Sequence[Notice]:
    """The errors and warnings of a call, oldest first. Raises a `GatewayError`."""
    path = f"{path_of_call(line, sid)}/Notifications.json"
    notices = [_notice(row) for row in await lists.read(path, "notifications")]
    return _oldest_first(notices)


async def read_exchanges(line: Line, lists: Lists, sid: str) -> Sequence[Exchange]:
    """The requests about a call, oldest first. Raises a `GatewayError`."""
    path = f"{path_of_call(line, sid)}/Events.json"
    exchanges = [_exchange(row) for row in await lists.read(path, "events")]
    return _oldest_first(exchanges)


def _oldest_first(rows: Sequence[T]) -> list[T]:
    """In order of time; of one second, in the order of the list, which begins with the newest.

    Unless its dates say that it begins with the oldest.
    """
    dates = [row.at for row in rows if row.at]
    ascending = bool(dates) and dates[0] < dates[-1]
    return sorted(rows if ascending else reversed(rows), key=lambda row: row.at)


def _notice(row: Row) -> Notice:
    read = msgspec.convert(row, _Notification)
    dates = (parse_rfc2822(_plain(date)) for date in (read.message_date, read.date_created))
    return Notice(
        sid=_plain(read.sid),
        at=next((at for at in dates if at is not None), 0),
        level="error" if _plain(read.log) == "0" else "warning",
        code=_whole(read.error_code),
        text=_words(_plain(read.message_text)),
        url=_plain(read.request_url),
    )


def _words(text: str) -> str:
    """`Msg=Document+parse+failure&ErrorCode=12100` says no more than its `Msg`."""
    if "=" not in text or " " in text:
        return text
    fields = parse_qs(text)
    found = [" ".join(fields[name][0].split()) for name in _WORDS if name in fields]
    return ": ".join(found) or text


def _exchange(row: Row) -> Exchange:
    request, response = _object(row, "request"), _object(row, "response")
    parameters = _object(request, "parameters")
    return Exchange(
        at=parse_rfc2822(_plain(response.get("date_created"))) or 0,
        method=_plain(request.get("method")),
        url=_plain(request.get("url")),
        parameters={name: _plain(value) for name, value in parameters.items()},
        status=_whole(response.get("response_code")),
        took=_whole(response.get("request_duration")),
        content_type=_plain(response.get("content_type")),
        body=_plain(response.get("response_body")),
    )


def _object(row: Row, name: str) -> Mapping[str, Any]:
    value = row.get(name)
    return value if isinstance(value, Mapping) else {}


def _plain(value: object) -> str:
    return text_of(value) or ""


def _whole(value: object) -> int | None:
    text = _plain(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
