"""Dates as Twilio writes them in answers and reads them in filters."""

from __future__ import annotations

from datetime import UTC, datetime

from runner.call import format_rfc2822 as rfc2822
from runner.model import Millis

__all__ = ["DAY", "http_date", "parse_filter_date", "rfc2822"]

DAY: Millis = 86_400_000


def http_date(millis: Millis) -> str:
    """1283286988000 → `Tue, 31 Aug 2010 20:36:28 GMT`, as the `Date` header wants it."""
    return rfc2822(millis).replace("+0000", "GMT")


def parse_filter_date(text: str) -> tuple[Millis, Millis]:
    """A filter's date as the span it names, first millisecond and the one after the last.

    `2009-07-06` names a day of UTC, `2009-07-06T20:36:28Z` a second. Raises ValueError.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    start = round(moment.timestamp()) * 1000
    return start, start + (DAY if len(text) <= 10 else 1000)
