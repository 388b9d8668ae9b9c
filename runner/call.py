"""One live call as Twilio lists it, and which calls to list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

import msgspec
from msgspec import Struct

from runner.model import Millis

#: What the minute of a date looks like, and what follows it, as Twilio writes them.
_MINUTE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} [0-9]{2}:[0-9]{2}"
)
_SECONDS: Mapping[str, Millis] = {f":{second:02d} +0000": second * 1000 for second in range(60)}


class Call(msgspec.Struct, frozen=True, gc=False, rename={"from_": "from"}):
    """Twilio's Call resource, the fields that rules can read, as Twilio writes them.

    Every field is text or None, whatever Twilio's type: dates are RFC 2822, `queue_time` is
    milliseconds. Unknown fields are ignored and missing ones are None, because Twilio adds fields
    without notice and leaves most of them empty while a call is live.
    """

    sid: str
    status: str | None = None
    account_sid: str | None = None
    parent_call_sid: str | None = None
    phone_number_sid: str | None = None
    group_sid: str | None = None
    trunk_sid: str | None = None
    to: str | None = None
    from_: str | None = None
    to_formatted: str | None = None
    from_formatted: str | None = None
    forwarded_from: str | None = None
    caller_name: str | None = None
    direction: str | None = None
    answered_by: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    date_created: str | None = None
    date_updated: str | None = None
    duration: str | None = None
    queue_time: str | None = None
    api_version: str | None = None


class CallQuery(Struct, frozen=True):
    """Which calls to list. An empty `statuses` asks for every status; None means no filter."""

    statuses: tuple[str, ...] = ()
    to: str | None = None
    from_: str | None = None
    parent_call_sid: str | None = None
    limit: int | None = None

    def fits(self, call: Call) -> bool:
        """Whether it asks for a call such as this one, whatever its limit."""
        return (
            (not self.statuses or call.status in self.statuses)
            and self.to in (None, call.to)
            and self.from_ in (None, call.from_)
            and self.parent_call_sid in (None, call.parent_call_sid)
        )


def parse_rfc2822(text: str) -> Millis | None:
    """An RFC 2822 date with its offset as milliseconds since the epoch; None where it is none.

    `Tue, 31 Aug 2010 20:36:28 +0000` → 1283286988000. Twilio's SDK drops the offset; this does
    not. A date without a zone is taken as UTC.
    """
    # Twilio's own form is read by its minute, of which any number of live calls has few.
    second = _SECONDS.get(text[22:])
    minute = None if second is None else _parse_minute(text[:22])
    return _parse(text) if second is None or minute is None else minute + second


@lru_cache(maxsize=8_192)
def _parse_minute(text: str) -> Millis | None:
    return _parse(f"{text}:00 +0000") if _MINUTE.fullmatch(text) else None


@lru_cache(maxsize=65_536)
def _parse(text: str) -> Millis | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def format_rfc2822(millis: Millis) -> str:
    """1283286988000 → `Tue, 31 Aug 2010 20:36:28 +0000`; parts of a second are cut off."""
    return _format_second(millis // 1000)


@lru_cache(maxsize=65_536)
def _format_second(second: int) -> str:
    return format_datetime(datetime.fromtimestamp(second, UTC))
