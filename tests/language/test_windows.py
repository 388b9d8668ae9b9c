"""Windows: known moments, and a naive reading minute by minute around midnights and DST changes."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.language.compiler import compile_flow
from runner.language.files import Files
from runner.language.moments import probable_date, probable_day, probable_time
from runner.language.source import parse
from runner.language.windows import DAYS, Window, Windows
from runner.model import AllOf, Test


def millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def at(text: str) -> int:
    return millis(datetime.fromisoformat(text))


def window(written: str) -> Window:
    """The window that a flow file makes of this."""
    text = f"version: 1\nflow: f\nwindows: {{w: {written}}}\n"
    text += "rules: [{id: a, match: {during: w}, then: [hangup]}]\n"
    reading = parse("f.yaml", text.encode())
    assert reading.document is not None
    compiled = compile_flow(reading.document, Files())
    assert compiled.flow is not None, compiled.problems
    match = compiled.flow.rules[0].match
    assert isinstance(match, AllOf)
    test = match.items[0]
    assert isinstance(test, Test)
    (found,) = test.value.items
    assert isinstance(found, Window)
    return found


WEEK = "days: [mon, tue, wed, thu, fri]"
OFFICE = (
    f'{{timezone: America/New_York, {WEEK}, from: "09:00", to: "17:00", except: {{holidays: US}}}}'
)
NIGHT = '{timezone: Europe/Berlin, days: [fri], from: "22:00", to: "06:00"}'
HALF_PAST = '{timezone: America/New_York, from: "02:30", to: "03:30"}'
TWICE = '{timezone: America/New_York, from: "01:30", to: "02:00"}'
BAVARIA = "{timezone: Europe/Berlin, except: {holidays: {country: DE, subdivision: BY}}}"
NO_EVE = '{timezone: Europe/Berlin, from: "20:00", to: "02:00", except: {dates: [2026-12-24]}}'


@pytest.mark.parametrize(
    ("written", "moment", "is_open"),
    [
        (OFFICE, "2026-11-02T13:59:59.999+00:00", False),  # Monday, 08:59:59 in New York
        (OFFICE, "2026-11-02T14:00:00+00:00", True),
        (OFFICE, "2026-11-02T21:59:59.999+00:00", True),
        (OFFICE, "2026-11-02T22:00:00+00:00", False),
        (OFFICE, "2026-10-30T13:00:00+00:00", True),  # three days before, in summer time
        (OFFICE, "2026-10-30T21:00:00+00:00", False),
        (OFFICE, "2026-10-31T15:00:00+00:00", False),  # Saturday
        (OFFICE, "2026-11-26T15:00:00+00:00", False),  # Thanksgiving
        (OFFICE, "2026-07-03T15:00:00+00:00", False),  # the day off for a 4 July on a Saturday
        (NIGHT, "2026-11-06T21:00:00+00:00", True),  # Friday, 22:00 in Berlin
        (NIGHT, "2026-11-07T04:59:00+00:00", True),  # the morning after belongs to Friday
        (NIGHT, "2026-11-07T05:00:00+00:00", False),
        (NIGHT, "2026-11-06T04:00:00+00:00", False),  # Friday morning belongs to Thursday
        (NIGHT, "2026-11-07T22:00:00+00:00", False),  # Saturday evening
        (HALF_PAST, "2026-03-08T06:59:00+00:00", False),  # 01:59; the next minute is 03:00
        (HALF_PAST, "2026-03-08T07:00:00+00:00", True),
        (HALF_PAST, "2026-03-08T07:30:00+00:00", False),
        (TWICE, "2026-11-01T05:30:00+00:00", True),  # 01:30 in summer time
        (TWICE, "2026-11-01T06:00:00+00:00", False),  # 01:00 for the second time
        (TWICE, "2026-11-01T06:30:00+00:00", True),
        (TWICE, "2026-11-01T07:00:00+00:00", False),
        (BAVARIA, "2026-11-01T12:00:00+01:00", False),  # All Saints, in Bavaria
        (BAVARIA, "2026-11-02T12:00:00+01:00", True),
        (NO_EVE, "2026-12-24T20:00:00+01:00", False),
        (NO_EVE, "2026-12-25T01:00:00+01:00", False),  # began on the eve
        (NO_EVE, "2026-12-24T01:00:00+01:00", True),  # began on the day before
        (NO_EVE, "2026-12-25T20:00:00+01:00", True),
        ("{timezone: UTC}", "2026-12-24T00:00:00+00:00", True),
        ('{timezone: UTC, to: "24:00", days: [thu]}', "2026-12-24T23:59:00+00:00", True),
        ('{timezone: UTC, from: "22:00", days: [thu]}', "2026-12-25T00:00:00+00:00", False),
        ('{timezone: Asia/Kathmandu, from: "05:45", to: "05:46"}', "2026-01-01T00:00:30Z", True),
    ],
)
def test_a_window_at_a_moment(written: str, moment: str, is_open: bool) -> None:
    assert window(written).is_open(at(moment)) is is_open


MINUTES = [f"{n // 60:02}:{n % 60:02}" for n in range(24 * 60)]


def naive(window: Window, now: int) -> bool:
    """Reads the clock on the wall: walks back to when the window began, minute by minute."""
    zone = ZoneInfo(window.timezone)
    wall = (datetime.fromtimestamp(now / 1000, UTC)).astimezone(zone)
    shown, today = wall.strftime("%H:%M"), wall.date()
    begin = f"{window.start // 60:02}:{window.start % 60:02}"
    end = f"{window.end // 60:02}:{window.end % 60:02}"
    day = MINUTES[MINUTES.index(begin) :]
    if begin < end:
        return shown in day and shown < end and naive_day(window, today)
    if shown in day:
        return naive_day(window, today)
    return shown < end and naive_day(window, (wall - timedelta(days=1)).date())


def naive_day(window: Window, day: date) -> bool:
    names = [DAYS[n] for n in window.days]
    return day.strftime("%a").lower() in names and str(day) not in map(str, window.closed)


#: Days on which the clocks change somewhere, or half a world keeps another date.
TURNS = [
    ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, tzinfo=UTC)),  # by half an hour
    ("Pacific/Apia", datetime(2011, 12, 29, tzinfo=UTC)),  # left a whole day out
    ("America/Santiago", datetime(2026, 9, 5, tzinfo=UTC)),  # at midnight
    ("UTC", datetime(2026, 12, 31, tzinfo=UTC)),
]
times = st.integers(0, 24 * 60 - 1)


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(TURNS),
    times,
    times | st.just(24 * 60),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(-1, 2),
)
def test_windows_agree_with_a_clock_on_the_wall(
    turn: tuple[str, datetime], start: int, end: int, days: frozenset[int], closed: int
) -> None:
    if start == end:
        return
    zone, day = turn
    off = frozenset({(day + timedelta(days=closed)).date()})
    found = Window("w", zone, days, start, end, off)
    first = millis(day) - 6 * 3_600_000
    for minute in range(0, 48 * 60, 7):
        now = first + minute * 60_000
        assert found.is_open(now) is naive(found, now), datetime.fromtimestamp(now / 1000, UTC)


def test_every_minute_of_a_change_of_clocks() -> None:
    """An hour that is skipped is in no window, one that is repeated is in it twice."""
    night = window('{timezone: Europe/Berlin, from: "02:00", to: "03:00"}')
    for day, hours in (("2026-03-29", 0), ("2026-10-25", 2), ("2026-10-26", 1)):
        first = at(f"{day}T00:00:00+00:00") - 3 * 3_600_000
        assert sum(night.is_open(first + n * 60_000) for n in range(24 * 60)) == hours * 60


def test_several_windows_are_any_of_them() -> None:
    early = Window("a", "UTC", start=0, end=60)
    late = Window("b", "UTC", start=120, end=180)
    both = Windows((early, late))
    midnight = at("2026-01-01T00:00:00Z")
    hours = [midnight + n * 3_600_000 in both for n in range(4)]
    assert hours == [True, False, True, False]
    assert midnight not in Windows(())


@pytest.mark.parametrize(
    ("guess", "text", "meant"),
    [
        (probable_day, "Monday", "mon"),
        (probable_day, "TUES", "tue"),
        (probable_day, "someday", None),
        (probable_time, "9:00", "09:00"),
        (probable_time, "9am", "09:00"),
        (probable_time, "12 a.m.", "00:00"),
        (probable_time, "12pm", "12:00"),
        (probable_time, "13pm", None),
        (probable_time, "1700", "17:00"),
        (probable_time, "17h30", "17:30"),
        (probable_time, "25:00", None),
        (probable_time, "9:61", None),
        (probable_time, "9" * 5000, None),
        (probable_date, "2026/1/2", "2026-01-02"),
        (probable_date, "20260102", "2026-01-02"),
        (probable_date, "01.02.2026", None),
    ],
)
def test_what_was_probably_meant(guess: Any, text: str, meant: str | None) -> None:
    assert guess(text) == meant


HEAVY = ("holidays", "phonenumbers", "dateutil", "zoneinfo")


@pytest.mark.parametrize(
    ("match", "loaded"),
    [
        ("{from: '+14155550100', age: {gt: 1m}}", set()),
        ("{from_country: US, to_type: mobile}", set()),
        ("{during: plain}", {"zoneinfo"}),
    ],
)
def test_a_flow_loads_only_what_it_needs(tmp_path: Any, match: str, loaded: set[str]) -> None:
    windows = "windows: {plain: {timezone: UTC}}\n" if "plain" in match else ""
    path = tmp_path / "f.yaml"
    path.write_text(
        f"version: 1\nflow: f\n{windows}rules: [{{id: a, match: {match}, then: [hangup]}}]\n"
    )
    code = (
        "import sys; from pathlib import Path; from runner.language.loader import load;"
        f"assert load([Path({str(path)!r})]).flow_set;"
        f"print(*({set(HEAVY)!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == loaded
