"""What ages lead to, for more dates than are remembered and for calls whose dates say little."""

from __future__ import annotations

from random import Random

import pytest

from runner.call import Call, format_rfc2822
from runner.decision.ages import REMEMBERED
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher
from runner.decision.planner import decide
from runner.language.dates import age_of
from runner.model import Moment
from tests.decision.generated import NOW, call, cond, flow, rule

SECOND = 1_000
LIMITS = (0, 30 * SECOND, 90 * SECOND, 7_200 * SECOND)
#: What may stand where a date should.
UNDATED = (None, "", "soon", "Tue, 31 Feb 2010 20:36:28 +0000")


def dated(number: int, seconds: float, **more: str | None) -> Call:
    """A call that began so many seconds ago."""
    return call(f"CA{number}", start_time=format_rfc2822(NOW - round(seconds * SECOND)), **more)


def asked(*operators: str) -> Matcher:
    rules = [
        rule(f"{operator}{limit}", cond("age", operator, limit), proceed=True)
        for operator in operators
        for limit in LIMITS
    ]
    return Matcher((flow(*rules),))


def said(matcher: Matcher, calls: list[Call], now: int) -> list[tuple[str, str]]:
    found = decide(matcher, calls, Moment(now), Holds({}, now))
    return [(verdict.call.sid, verdict.rule.id) for verdict in found]


def due(calls: list[Call], operators: tuple[str, ...], now: int) -> list[tuple[str, str]]:
    """The same by asking every call for its age."""
    keeps = {"gte": int.__ge__, "lt": int.__lt__}
    return [
        (each.sid, f"{operator}{limit}")
        for each in calls
        if (age := age_of(each, Moment(now))) is not None
        for operator in operators
        for limit in LIMITS
        if keeps[operator](age, limit)
    ]


@pytest.mark.parametrize("operators", [("gte",), ("lt",), ("gte", "lt")])
def test_more_dates_than_are_remembered(operators: tuple[str, ...]) -> None:
    seconds = Random(1).sample(range(REMEMBERED + 2_000), REMEMBERED + 2_000)
    calls = [dated(number, second) for number, second in enumerate(seconds)]
    matcher = asked(*operators)
    for now in (NOW, NOW + 45 * SECOND, NOW - 45 * SECOND):
        assert said(matcher, calls, now) == due(calls, operators, now)
        matcher.next_poll()


def test_where_no_start_is_told_the_day_of_making_counts() -> None:
    operators = ("gte", "lt")
    created = [*UNDATED, *(format_rfc2822(NOW - limit) for limit in LIMITS)]
    calls = [
        call(f"CA{len(created) * place + number}", start_time=start, date_created=made)
        for place, start in enumerate([*UNDATED, format_rfc2822(NOW - 40 * SECOND)])
        for number, made in enumerate(created)
    ]
    calls += [dated(1_000 + number, number) for number in range(120)]
    Random(2).shuffle(calls)
    matcher = asked(*operators)
    for now in (NOW, NOW + 30 * SECOND, NOW + 90 * SECOND, NOW - SECOND):
        assert said(matcher, calls, now) == due(calls, operators, now)
