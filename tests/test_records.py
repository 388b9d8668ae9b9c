"""Promises of the small records and helpers: durations, dates, masking, log lines."""

from __future__ import annotations

import io
import json
from datetime import UTC
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.call import parse_rfc2822
from runner.cli.daemon.logs import event_log, rfc3339
from runner.cli.terminal import printable
from runner.durations import format_duration, parse_duration
from runner.engine.ports import Event
from runner.masking import hide_logins, mask_numbers
from runner.model import Update


@pytest.mark.parametrize(
    ("text", "millis"),
    [("500ms", 500), ("45s", 45_000), ("5m", 300_000), ("1h30m", 5_400_000), ("2d", 172_800_000)],
)
def test_durations(text: str, millis: int) -> None:
    assert parse_duration(text) == millis
    assert format_duration(millis) == text


@given(st.integers(0, 10**12))
def test_what_is_formatted_reads_back(millis: int) -> None:
    assert parse_duration(format_duration(millis)) == millis


@pytest.mark.parametrize(
    "text", ["", "5", "m5", "5 m", "1m1h", "-5s", "1.5h", "5M", "5s\n", "\u0665s"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("Tue, 31 Aug 2010 20:36:28 +0000", 1_283_286_988_000),
        ("Tue, 31 Aug 2010 13:36:28 -0700", 1_283_286_988_000),
        ("Tue, 31 Aug 2010 20:36:28 GMT", 1_283_286_988_000),
        ("Tue, 31 Aug 2010 20:36:28", 1_283_286_988_000),
        ("2010-08-31", None),
        ("", None),
        ("Tue, 99 Aug 2010 20:36:28 +0000", None),
        ("Tue, 31 Aug 99999999999 20:36:28 +0000", None),
    ],
)
def test_dates_keep_their_offset(text: str, millis: int | None) -> None:
    assert parse_rfc2822(text) == millis


@given(st.text())
def test_no_date_text_is_a_surprise(text: str) -> None:
    assert parse_rfc2822(text) is None or isinstance(parse_rfc2822(text), int)


def as_the_library_reads(text: str) -> int | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)


TWO = st.integers(0, 99).map("{:02d}".format) | st.sampled_from(
    ["1", "+1", " 1", "1_", "\u0661\u0662"]
)
ALMOST = st.tuples(
    st.sampled_from(["Tue, ", "Xyz, ", "tue, ", "Tue,", "Tuesday, ", "", "31, ", " Tue, "]),
    TWO,
    st.sampled_from([" Aug ", " Feb ", " Aug, ", " aug ", " 08 ", " August ", " Tue "]),
    st.integers(0, 9999).map("{:04d}".format) | st.sampled_from(["99", "\u0661999", "10000"]),
    st.sampled_from([" ", "  ", ", ", "T"]),
    TWO,
    st.sampled_from([":", ".", "::"]),
    TWO,
    st.sampled_from([":", ".", ""]),
    TWO,
    st.sampled_from(
        [" +0000", " -0000", " +0100", " GMT", "", " +0000 ", " +0000\n", " (UTC) +0000"]
    ),
).map("".join)


@given(ALMOST | st.datetimes().map("{:%a, %d %b %Y %H:%M:%S +0000}".format))
def test_the_short_way_to_read_a_date_reads_no_other(text: str) -> None:
    assert parse_rfc2822(text) == as_the_library_reads(text)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("from +14155550199", "from +1415***0199"),
        ("call (415) 555-0199 now", "call (415)***0199 now"),
        ("4155550199", "41555***0199"),
        ("+14155550199: not valid", "+1415***0199: not valid"),
        ("tel:+14155550199x3", "tel:+1415***0199x3"),
        ("sip:alice@example.com", "sip:a***@example.com"),
        ("client:bob", "client:b***"),
        ("CA1234567890123456789012345678901", "CA1234567890123456789012345678901"),
        ("age 31m2s gte 30m", "age 31m2s gte 30m"),
        ("2026-11-22T15:38:02Z", "2026-11-22T15:38:02Z"),
        ("status 500", "status 500"),
        ("https://a.example/?n=%2B14155550199&x=1", "https://a.example/?n=%2B1415***0199&x=1"),
        ("https://a.example/%28415%29%20555-0199", "https://a.example/%28415%29***0199"),
        ("https://a.example/sip%3Abob%40b.example", "https://a.example/sip%3Ab***%40b.example"),
        ("https://a.example/a%20b%2520c", "https://a.example/a%20b%2520c"),
        ("100% of 4155550199", "100% of 41555***0199"),
        ("http://127.0.0.1:18080/x", "http://127.0.0.1:18080/x"),
    ],
)
def test_numbers_are_masked_and_nothing_else(text: str, masked: str) -> None:
    assert mask_numbers(text) == masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:secret@host/x", "https://***@host/x"),
        ("<Play>https://me:se%40c@h.example/a@b</Play>", "<Play>https://***@h.example/a@b</Play>"),
        ("a https://key@h/ and wss://u:p@h", "a https://***@h/ and wss://***@h"),
        ("https://host/a@b?to=c@d#e@f", "https://host/a@b?to=c@d#e@f"),
        ("https://host?to=c@d", "https://host?to=c@d"),
        ("sip:ann@example.com", "sip:ann@example.com"),
    ],
)
def test_logins_in_urls_are_hidden_and_nothing_else(text: str, shown: str) -> None:
    assert hide_logins(text) == shown


def test_a_callers_name_is_hidden_where_json_names_it() -> None:
    told = '{"caller_name":"ADA \\"L","to":"+14155550199","x":{"caller_name":""}}'
    hidden = '{"caller_name":"***","to":"+1415***0199","x":{"caller_name":""}}'
    assert mask_numbers(told) == hidden


def test_an_update_names_its_parameters_as_twilio_does() -> None:
    update = Update(url="https://a.example", method="GET", fallback_url="https://b.example")
    assert update.parameters() == {
        "Url": "https://a.example",
        "Method": "GET",
        "FallbackUrl": "https://b.example",
    }
    assert not update.idempotent
    assert Update(status="completed").idempotent


EVENT = Event(
    "action.intended",
    1_283_286_988_042,
    "info",
    {
        "account": "AC1",
        "call": "CA1",
        "flow": "f",
        "rule": "r",
        "then": ["say"],
        "attempt": 1,
        "why": "from +14155550199",
    },
)


def written(log_format: str, *, show_numbers: bool = False) -> str:
    stream = io.StringIO()
    event_log(stream, log_format, show_numbers=show_numbers)(EVENT)
    return stream.getvalue()


def test_a_json_line_has_the_contracts_keys() -> None:
    assert json.loads(written("json")) == {
        "time": "2010-08-31T20:36:28.042Z",
        "level": "info",
        "event": "action.intended",
        "account": "AC1",
        "call": "CA1",
        "flow": "f",
        "rule": "r",
        "then": ["say"],
        "attempt": 1,
        "why": "from +1415***0199",
    }


def test_a_text_line_is_for_people() -> None:
    line = '2010-08-31T20:36:28.042Z action.intended CA1 f/r: say why="from +14155550199"\n'
    assert written("text", show_numbers=True) == line


def test_a_text_line_about_a_rule_names_no_call() -> None:
    stream = io.StringIO()
    event = Event("rule.tripped", 0, "error", {"flow": "f", "rule": "r", "calls": 11})
    event_log(stream, "text", show_numbers=True)(event)
    assert stream.getvalue() == "1970-01-01T00:00:00.000Z ERROR rule.tripped f/r calls=11\n"


def test_times_are_rfc_3339() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000Z"


def test_text_says_in_short_what_only_machines_tell_apart() -> None:
    sid = "AC" + "1" * 32
    paused = {"account": sid, "alias": "acme", "scope": f"flow surveys in account {sid}"}
    lines = io.StringIO()
    tell = event_log(lines, "text", show_numbers=True)
    tell(Event("rule.paused", 0, fields=paused))
    tell(Event("standby", 0, fields={"holder": "web-1:4711:158093:6f3c2a52-4026531836"}))
    tell(Event("reload.failed", 0, fields={"problems": ["a.yaml:1:1: one", "b.yaml:2:1: two"]}))
    assert [line.partition("Z ")[2] for line in lines.getvalue().splitlines()] == [
        'rule.paused alias=acme scope="flow surveys in account acme"',
        "standby holder=web-1:4711",
        'reload.failed problems="a.yaml:1:1: one; b.yaml:2:1: two"',
    ]
    machines = io.StringIO()
    event_log(machines, "json", show_numbers=True)(Event("rule.paused", 0, fields=paused))
    assert json.loads(machines.getvalue()).items() >= paused.items()


def test_a_callers_name_moves_nobodys_cursor() -> None:
    text = "a\x1b[2Jb\x9bc\u202ed\te\nf\x00"
    assert printable(text) == "a\ufffd[2Jb\ufffdc\ufffdd\te\nf\ufffd"
    event = Event("action.done", 0, fields={"detail": "x\x1b[31m"})
    stream = io.StringIO()
    event_log(stream, "text", show_numbers=True)(event)
    assert "\x1b" not in stream.getvalue()
