"""`windows` of a flow file to records: time zones, days, times of day, holidays and dates.

Reads data that may be of any shape. What the schema refuses is told by the schema; here it is
passed over, and only what the schema can't know is a problem.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from runner.language.bench import Bench
from runner.language.regions import holiday_region
from runner.language.source import Place
from runner.language.windows import DAYS, MIDNIGHT, Window
from runner.language.words import nearest, shown

#: Abbreviations that are no names of the IANA database → the zone that is probably meant.
_ABBREVIATIONS = {
    **dict.fromkeys(("EDT", "ET"), "America/New_York"),
    **dict.fromkeys(("CST", "CDT", "CT"), "America/Chicago"),
    **dict.fromkeys(("MDT", "MT"), "America/Denver"),
    **dict.fromkeys(("PST", "PDT", "PT"), "America/Los_Angeles"),
    **dict.fromkeys(("BST",), "Europe/London"),
    **dict.fromkeys(("CEST", "MESZ", "MEZ"), "Europe/Berlin"),
    **dict.fromkeys(("IST",), "Asia/Kolkata"),
    **dict.fromkeys(("JST",), "Asia/Tokyo"),
}
_NOT_EVERYWHERE = ("posix/", "right/", "localtime", "posixrules", "Factory")


def read_windows(bench: Bench, windows: Any) -> dict[str, Window | None]:
    """Every named window; None for one that can't be used, its problem noted at its place."""
    if not isinstance(windows, dict):
        return {}
    return {name: _window(bench, windows, name) for name in windows}


def _window(bench: Bench, windows: Mapping[str, Any], name: str) -> Window | None:
    data = windows[name]
    if not isinstance(data, dict):
        return None
    zone = _timezone(bench, data)
    times = _times(bench, data)
    exceptions = data.get("except")
    closed: frozenset[date] = frozenset()
    country = subdivision = ""
    if isinstance(exceptions, dict):
        closed = frozenset(_dates(bench, exceptions))
        if "holidays" in exceptions:
            country, subdivision = holiday_region(bench, (exceptions, "holidays"))
    if zone is None or times is None:
        return None
    return Window(name, zone, _days(data), *times, closed, country, subdivision)


def _timezone(bench: Bench, data: Mapping[str, Any]) -> str | None:
    name = data.get("timezone")
    if not isinstance(name, str) or not name:
        return None
    if not _is_zone(name):
        guess = _probable_zone(name)
        hint = f"did you mean {shown(guess)}?" if guess else "write it like America/New_York"
        message = f"there is no time zone {shown(name)} in the IANA database"
        bench.error(bench.at(data, "timezone"), "unknown-timezone", message, hint=hint)
        return None
    return name


def _is_zone(name: str) -> bool:
    if name.startswith(_NOT_EVERYWHERE):
        return False
    from zoneinfo import ZoneInfo  # most flows need none

    try:
        return ZoneInfo(name).key == name
    except (KeyError, ValueError, OSError):  # a folder of zones is an OSError
        return False


def _probable_zone(name: str) -> str | None:
    if name.upper() in _ABBREVIATIONS:
        return _ABBREVIATIONS[name.upper()]
    zones, cities, continents = _zones()
    if name in continents:
        return None  # a continent, and any of its cities would be a guess
    city = nearest(name.rpartition("/")[2], cities)
    return nearest(name, zones) or (cities[city] if city else None)


@cache
def _zones() -> tuple[Sequence[str], Mapping[str, str], Collection[str]]:
    """Every zone of a city, the zones by their cities, and what stands before the cities."""
    from zoneinfo import available_timezones  # which reads folders

    zones = sorted(zone for zone in available_timezones() if "/" in zone)
    cities = {zone.rpartition("/")[2]: zone for zone in zones}
    # `America/Argentina/Salta` is in `America` too.
    return zones, cities, {zone[:at] for zone in zones for at, c in enumerate(zone) if c == "/"}


def _days(data: Mapping[str, Any]) -> frozenset[int]:
    days = data.get("days")
    if not isinstance(days, list):
        return frozenset(range(7))
    return frozenset(DAYS.index(day) for day in days if isinstance(day, str) and day in DAYS)


def _times(bench: Bench, data: Mapping[str, Any]) -> tuple[int, int] | None:
    start, end = _minutes(data.get("from", "00:00")), _minutes(data.get("to", "24:00"))
    if start is None or end is None or start == MIDNIGHT:
        return None
    if start == end:
        message = f"the window ends at {data['to']}, which is when it begins"
        hint = 'leave `from` and `to` out for whole days; a day ends at "24:00"'
        bench.error(bench.at(data, "to"), "empty-range", message, hint=hint)
        return None
    return start, end


def _minutes(text: Any) -> int | None:
    """`09:30` → 570; None for what the schema refuses."""
    hours, colon, minutes = text.partition(":") if isinstance(text, str) else ("", "", "")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(text) == 5):
        return None
    return min(int(hours) * 60 + int(minutes), MIDNIGHT)


def _dates(bench: Bench, exceptions: Mapping[str, Any]) -> Iterator[date]:
    dates = exceptions.get("dates")
    for index, text in enumerate(dates if isinstance(dates, list) else ()):
        found = _date(bench, (dates, index), text)
        if found is not None:
            yield found


def _date(bench: Bench, place: Place, text: Any) -> date | None:
    if not isinstance(text, str) or len(text) != 10:  # ISO 8601 has other forms too
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        if text.replace("-", "").isdecimal():
            message = f"there is no {text} in the calendar"
            bench.error(bench.at(*place), "bad-date", message, hint="look at the month and the day")
        return None
