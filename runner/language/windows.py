"""Windows of time, for `during` and `outside`: whether one is open at a moment.

A window goes by the clock on the wall in its time zone. Where that clock is put forward, the hour
that it skips is in no window; where it is put back, the hour that it repeats is in it twice.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from runner.model import Millis

if TYPE_CHECKING:
    from holidays import HolidayBase

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = 24 * 60  # the end of a day, in minutes after its beginning

_DAY = timedelta(days=1)


class Window(Struct, frozen=True):
    """From `start` until `end`, minutes after midnight on each of `days` (Monday is 0).

    Where it ends before it begins it goes on into the next day, and belongs to the day on which
    it began. It does not begin on the dates of `closed` nor on a public holiday of `country`.
    """

    name: str
    timezone: str
    days: frozenset[int] = frozenset(range(7))
    start: int = 0
    end: int = MIDNIGHT
    closed: frozenset[date] = frozenset()
    country: str = ""
    subdivision: str = ""

    def is_open(self, now: Millis) -> bool:
        """Whether the moment lies in the window; its beginning does, its end does not."""
        return _is_open(self, now // 60_000)


class Windows(Struct, frozen=True):
    """Several windows: a moment is in them when one of them is open."""

    items: tuple[Window, ...]

    def __contains__(self, now: Millis) -> bool:
        return any(window.is_open(now) for window in self.items)


@lru_cache(maxsize=1024)  # every call of a poll asks about the same minute
def _is_open(window: Window, minute: int) -> bool:
    from zoneinfo import ZoneInfo  # most flows need none

    local = datetime.fromtimestamp(minute * 60, ZoneInfo(window.timezone))
    clock, today = local.hour * 60 + local.minute, local.date()
    if window.start < window.end:
        return window.start <= clock < window.end and _begins_on(window, today)
    if clock >= window.start:
        return _begins_on(window, today)
    return clock < window.end and _begins_on(window, today - _DAY)


def _begins_on(window: Window, day: date) -> bool:
    if day.weekday() not in window.days or day in window.closed:
        return False
    return not window.country or day not in _holidays(window.country, window.subdivision)


@lru_cache(maxsize=256)
def _holidays(country: str, subdivision: str) -> HolidayBase:
    from holidays import country_holidays  # most flows need none, and it takes time to load

    return country_holidays(country, subdiv=subdivision or None)
