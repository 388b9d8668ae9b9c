"""Durations and times of a test file, within what a timeline can hold."""

from __future__ import annotations

from datetime import datetime

from runner.durations import parse_duration
from runner.language.bench import Bench
from runner.language.source import Place
from runner.language.words import shown
from runner.model import Millis
from runner.problems import Position

#: No call is older, and no timeline longer: 366 days.
LONGEST: Millis = 366 * 86_400_000
#: What calendars and time zones are surely good for, with room for the longest on both sides.
EARLIEST: Millis = 100_000_000_000  # in 1973
LATEST: Millis = 4_000_000_000_000  # in 2096


def duration_at(bench: Bench, place: Place) -> Millis:
    """The duration at a place that the schema has passed."""
    return duration(bench, place[0][place[1]], bench.at(*place))


def duration(bench: Bench, text: str, position: Position) -> Millis:
    """The duration that a text of the right shape is; too long a one is noted."""
    millis = parse_duration(text)
    if millis > LONGEST:
        message = f"{shown(text)} is longer than a timeline can be"
        bench.error(position, "out-of-range", message, hint="write at most 366d")
        return 0
    return millis


def time_at(bench: Bench, place: Place) -> Millis:
    """The time at a place that the schema has passed."""
    text = place[0][place[1]]
    try:
        millis = round(datetime.fromisoformat(text.upper()).timestamp() * 1000)
    except (ValueError, OverflowError):
        message, hint = f"{shown(text)} is not a time", "write it like 2026-11-02T15:00:00Z"
        bench.error(bench.at(*place), "bad-time", message, hint=hint)
        return EARLIEST
    if not EARLIEST <= millis <= LATEST:
        message = f"{shown(text)} is too far away for a timeline"
        bench.error(bench.at(*place), "out-of-range", message)
        return EARLIEST
    return millis
