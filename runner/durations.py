"""Durations as people write them: `500ms`, `45s`, `5m`, `1h30m`; never a bare number."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from runner.model import Millis

PATTERN = r"^(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$"

#: The end of the year 9999: what lies beyond can't be written as a date.
LAST_MOMENT: Millis = 253_402_300_799_999

_PARTS = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?\Z", re.ASCII)
_UNITS = (86_400_000, 3_600_000, 60_000, 1_000, 1)


def parse_duration(text: str) -> Millis:
    """`1h30m` → 5400000. Raises ValueError with the accepted shapes where it is no duration."""
    match = _PARTS.match(text)
    amounts = match.groups() if match else ()
    if not any(amounts):
        raise ValueError(f"{text!r} is not a duration; write it like 500ms, 45s, 5m or 1h30m")
    return sum(int(n) * unit for n, unit in zip(amounts, _UNITS, strict=True) if n)


def format_duration(millis: Millis) -> str:
    """5400000 → `1h30m`; 0 → `0s`."""
    if millis == 0:
        return "0s"
    sign, rest = ("-", -millis) if millis < 0 else ("", millis)
    parts = []
    for unit, name in zip(_UNITS, ("d", "h", "m", "s", "ms"), strict=True):
        n, rest = divmod(rest, unit)
        if n:
            parts.append(f"{n}{name}")
    return sign + "".join(parts)


def rfc3339(millis: Millis) -> str:
    """1283286988000 → `2010-08-31T20:36:28.000Z`."""
    moment = datetime.fromtimestamp(millis / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{millis % 1000:03d}Z"


def parse_moment(text: str) -> Millis:
    """`2010-08-31T20:36:28Z` → 1283286988000. Raises ValueError where it is no time with a zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return round(moment.timestamp() * 1000)


def parse_since(text: str, now: Millis) -> Millis:
    """A moment, or how long it was before `now`, but nothing before 1970. Raises ValueError."""
    try:
        return max(0, now - parse_duration(text))
    except ValueError:
        return max(0, parse_moment(text))
