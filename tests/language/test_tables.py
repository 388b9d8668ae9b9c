"""The field and operator tables: what is read from a call, and when an operator holds."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from runner import durations, resources
from runner.addresses import (
    begins_address,
    is_address,
    probable_number,
    probable_start,
)
from runner.call import Call
from runner.language.fields import ANSWERED_BY, DIRECTIONS, FIELDS, GROUP_FIELDS, LEGS
from runner.language.operators import OPERATORS, suiting
from runner.language.phones import TYPES
from runner.language.windows import DAYS
from runner.model import LIVE_STATUSES, Moment

NOW = Moment(int(datetime(2026, 11, 2, 15, 0, tzinfo=UTC).timestamp() * 1000))
FOUR_MINUTES_AGO = "Mon, 02 Nov 2026 14:56:00 +0000"
TOMORROW = "Tue, 03 Nov 2026 14:56:00 +0000"


def value_of(field: str, **given: str | None) -> object:
    return FIELDS[field].read(Call(sid="CA1", **given), NOW)


@pytest.mark.parametrize(
    ("field", "given", "value"),
    [
        ("sid", {}, "CA1"),
        ("from", {"from_": "+14155550100"}, "+14155550100"),
        ("from", {}, None),
        ("from", {"from_": ""}, None),
        ("caller_name", {"caller_name": ""}, None),
        ("age", {"start_time": FOUR_MINUTES_AGO}, 240_000),
        ("age", {"date_created": FOUR_MINUTES_AGO}, 240_000),
        ("age", {"start_time": "garbage", "date_created": FOUR_MINUTES_AGO}, 240_000),
        ("age", {"start_time": TOMORROW}, 0),
        ("age", {}, None),
        ("start_time", {"start_time": FOUR_MINUTES_AGO}, NOW.now - 240_000),
        ("start_time", {"start_time": "yesterday"}, None),
        ("start_time", {"start_time": ""}, None),
        ("leg", {"parent_call_sid": "CA0"}, "child"),
        ("leg", {"parent_call_sid": ""}, "parent"),
        ("leg", {}, "parent"),
        ("queue_time", {"queue_time": "1500"}, 1500),
        ("queue_time", {"queue_time": "soon"}, None),
        ("queue_time", {"queue_time": "-1"}, None),
        ("queue_time", {"queue_time": "٣"}, None),
        ("queue_time", {"queue_time": "9" * 5000}, None),
        ("queue_time", {"queue_time": ""}, None),
    ],
)
def test_reading_a_field(field: str, given: dict[str, str], value: object) -> None:
    assert value_of(field, **given) == value


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_an_empty_call_is_missing_or_told(field: str) -> None:
    told = {"sid": "CA1", "leg": "parent", "during": NOW.now, "outside": NOW.now}
    assert value_of(field) == told.get(field)


@pytest.mark.parametrize(
    ("operator", "actual", "wanted", "holds"),
    [
        ("eq", "a", "a", True),
        ("eq", "a", "A", False),
        ("not", "a", "b", True),
        ("not", "a", "a", False),
        ("in", "a", frozenset("ab"), True),
        ("in_list", "c", frozenset("ab"), False),
        ("not_in", "c", frozenset("ab"), True),
        ("not_in_list", "a", frozenset("ab"), False),
        ("prefix", "+1415", "+1", True),
        ("suffix", "+1415", "15", True),
        ("regex", "abc", re.compile("abc"), True),
        ("regex", "abcd", re.compile("abc"), False),
        ("glob", "abc", re.compile("a.*"), True),
        ("gt", 5, 5, False),
        ("gte", 5, 5, True),
        ("lt", 5, 5, False),
        ("lte", 5, 5, True),
        ("between", 5, (5, 9), True),
        ("between", 9, (5, 9), True),
        ("between", 10, (5, 9), False),
        ("exists", None, True, False),
        ("exists", None, False, True),
        ("exists", "x", True, True),
        ("exists", 0, False, False),
    ],
)
def test_when_an_operator_holds(operator: str, actual: Any, wanted: Any, holds: bool) -> None:
    assert OPERATORS[operator].holds(actual, wanted) is holds


def test_suiting_operators() -> None:
    assert suiting("leg") == ("eq", "not", "in", "not_in")
    assert suiting("time") == ("gt", "gte", "lt", "lte", "between", "exists")
    assert "regex" in suiting("phone")


@pytest.mark.parametrize(
    "text",
    ["+14155550100", "+2562533", "sip:a@b.c", "sips:a@b", "client:agent 7", "sim:DE1", "a@b.c"],
)
def test_addresses(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("(415) 555-0100", "+14155550100"),
        ("415.555.0100", "+14155550100"),
        ("1-415-555-0100", "+14155550100"),
        ("14155550100", "+14155550100"),
        ("tel:+1-415-555-0100", "+14155550100"),
        ("+1 415 555 0100", "+14155550100"),
        ("+44 (0)20 7946 0018", "+442079460018"),
        ("0044 20 7946 0018", "+442079460018"),
        ("011 44 20 7946 0018", "+442079460018"),
        ("020 7946 0018", None),
        ("anonymous", None),
        ("sip:", None),
        ("+1", None),
        ("+0123456789", None),
        ("", None),
    ],
)
def test_the_number_that_was_meant(text: str, meant: str | None) -> None:
    assert not is_address(text)
    assert probable_number(text) == meant


@pytest.mark.parametrize(
    ("start", "begins", "meant"),
    [
        ("+", True, None),
        ("+1415", True, None),
        ("client:agent-", True, None),
        ("cli", True, None),
        ("1415", False, "+1415"),
        ("+1 (415)", False, "+1415"),
        ("0049", False, "+49"),
        ("abc", False, None),
        ("+0", False, None),
    ],
)
def test_what_an_address_begins_with(start: str, begins: bool, meant: str | None) -> None:
    assert begins_address(start) is begins
    assert probable_start(start) == meant


def schema(name: str) -> dict[str, Any]:
    path = resources.schemas() / f"{name}.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def test_the_schema_knows_the_same_fields_operators_and_words() -> None:
    parts = schema("flow")["definitions"]
    assert set(parts["conditions"]["properties"]) - {"any", "all", "not"} == set(FIELDS)
    by_type = {
        "text": parts["textOperators"],
        "phone": parts["textOperators"],
        "status": parts["wordOperators"],
        "leg": parts["wordOperators"],
        "duration": parts["durationTest"],
        "time": parts["timeTest"],
        "count": parts["concurrentTest"],
        "rank": parts["excessTest"],
    }
    for field in FIELDS.values():
        if field.type in by_type:
            written = set(by_type[field.type]["properties"]) - {"by"}
            assert written == set(suiting(field.type))
    assert parts["groupField"]["enum"] == list(GROUP_FIELDS)
    assert parts["lineType"]["enum"] == list(TYPES)
    assert parts["window"]["properties"]["days"]["items"]["enum"] == list(DAYS)
    assert parts["statusTest"]["anyOf"][0]["enum"] == list(LIVE_STATUSES)
    assert parts["legTest"]["anyOf"][0]["enum"] == [*LEGS, "any"]
    assert parts["directionTest"]["anyOf"][0]["examples"] == list(DIRECTIONS)
    assert set(parts["answeredByTest"]["anyOf"][0]["examples"]) <= set(ANSWERED_BY)


@pytest.mark.parametrize("name", ["flow", "config"])
def test_the_schemas_write_durations_as_the_runner_reads_them(name: str) -> None:
    assert schema(name)["definitions"]["duration"]["pattern"] == durations.PATTERN


@pytest.mark.parametrize("name", ["flow", "config"])
def test_every_key_of_a_schema_helps_on_hover(name: str) -> None:
    def keys(part: Any) -> list[dict[str, Any]]:
        if isinstance(part, list):
            return [key for item in part for key in keys(item)]
        if not isinstance(part, dict):
            return []
        own = [p for p in part.get("properties", {}).values() if "$schema" not in part or p]
        return own + [key for item in part.values() for key in keys(item)]

    whole = schema(name)
    for key in keys(whole):
        referred = whole["definitions"].get(key.get("$ref", "").removeprefix("#/definitions/"), {})
        assert key.get("description") or referred.get("description"), key
