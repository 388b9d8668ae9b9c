"""The far side's clock: carried on without headers, and no call made older by one that leaps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.call import format_rfc2822
from runner.gateway.far_clock import BELIEVED, SLACK, FarClock, machine_ticks
from runner.model import Millis

START: Millis = 1_700_000_000_000
HOUR: Millis = 3_600_000


class Answers:
    """A far side that answers every so often, its clock off by whatever the test says."""

    def __init__(self) -> None:
        self.passed: Millis = 0
        self.clock = FarClock(lambda: 777 + self.passed)

    def hear(self, off: Millis | None = 0, *, after: Millis = 2_000) -> Millis | None:
        """How far the clock, as heard, is ahead of the true time. None sends no header."""
        self.passed += after
        true = START + self.passed
        heard = self.clock.hear({} if off is None else {"Date": format_rfc2822(true + off)})
        return None if heard is None else heard - true


def test_nothing_is_known_before_the_first_header() -> None:
    answers = Answers()
    assert [answers.hear(None), answers.hear(), answers.hear(None)] == [None, 0, 0]


@pytest.mark.parametrize("date", ["", "soon", "Tue, 99 Aug 2010 20:36:28 GMT", "0", "\x00"])
def test_a_header_that_is_no_date_is_none(date: str) -> None:
    assert FarClock(lambda: 0).hear({"Date": date}) is None


def test_one_answer_an_hour_ahead_makes_no_call_older() -> None:
    answers = Answers()
    assert [answers.hear(off) for off in (0, HOUR, 0, HOUR, 0)] == [0, 0, 0, 0, 0]


def test_one_answer_an_hour_behind_makes_them_younger_and_no_more() -> None:
    answers = Answers()
    assert [answers.hear(off) for off in (0, -HOUR, 0)] == [0, -HOUR, 0]


def test_a_leap_that_lasts_is_believed() -> None:
    answers = Answers()
    answers.hear()
    heard = [answers.hear(HOUR, after=10_000) for _ in range(8)]
    assert heard == [0] * 6 + [HOUR] * 2
    assert answers.hear(None) == HOUR


def test_a_leap_that_comes_and_goes_begins_anew() -> None:
    answers = Answers()
    answers.hear()
    for _ in range(20):
        assert answers.hear(HOUR, after=BELIEVED - 2_000) == 0
        assert answers.hear(0) == 0


def test_leaps_that_differ_from_each_other_are_not_one_that_lasts() -> None:
    answers = Answers()
    answers.hear()
    assert {answers.hear(HOUR * n, after=BELIEVED) for n in range(1, 20)} == {0}


def test_a_clock_that_drifts_is_followed() -> None:
    answers = Answers()
    answers.hear()
    assert [answers.hear(n * SLACK) for n in range(1, 100)] == [n * SLACK for n in range(1, 100)]


@given(st.lists(st.tuples(st.integers(-2 * HOUR, 2 * HOUR), st.integers(0, BELIEVED // 30))))
def test_it_is_never_ahead_of_what_the_headers_say(answered: list[tuple[Millis, Millis]]) -> None:
    answers = Answers()
    answers.hear()
    for off, after in answered:
        off = off // 1_000 * 1_000
        heard = answers.hear(off, after=after // 1_000 * 1_000)
        assert heard is not None
        assert heard <= off


def test_the_clock_of_this_machine_goes_on() -> None:
    assert 0 < machine_ticks() <= machine_ticks()


def test_a_sandbox_that_runs_faster_than_this_machine_is_believed() -> None:
    passed = 0
    clock = FarClock(lambda: passed, believed=0)
    for _ in range(5):
        passed += 2_000
        far = START + 60 * passed
        assert clock.hear({"Date": format_rfc2822(far)}) == far
