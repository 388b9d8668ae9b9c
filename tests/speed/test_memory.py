"""What a live call takes: a row, and what is remembered of it; and nothing piles up."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Iterator

import pytest

from runner.call import Call
from runner.decision.matcher import Matcher
from runner.decision.turns import Pace, at_once
from runner.gateway.rows import Page, decode_page
from runner.model import Moment
from tests.decision.generated import cond, flow, rule
from tests.speed.counting import blocks_held, bytes_held
from tests.speed.workload import CALLS, NOW, flows, listed, page, poll


@pytest.fixture(autouse=True)
def traced() -> Iterator[None]:
    """From the beginning, so that what is given up counts too; but for what is made only once."""
    poll(Matcher(flows()), listed())
    decoded()
    tracemalloc.start()
    yield
    tracemalloc.stop()


def decoded() -> Page:
    return asyncio.run(decode_page(page(), host="far.example"))


def test_a_row_is_small() -> None:
    # Two kilobytes as the API writes it, of which half is kept.
    assert bytes_held(decoded) <= 1.2 * 1_024 * CALLS
    # One object, and a text for each field that is filled; what most calls have is there once.
    assert blocks_held(decoded) <= 15 * CALLS


def test_a_call_that_is_remembered_takes_less_than_its_row() -> None:
    matcher, calls = Matcher(flows()), listed()
    # A tuple, and its place in a table of calls; values that were met beside it.
    assert bytes_held(lambda: poll(matcher, calls)) <= 400 * CALLS


def test_polls_leave_nothing_behind() -> None:
    matcher = Matcher(flows())

    def polls(first: int) -> None:
        for number in range(first, first + 4):
            poll(matcher, listed(), after=number * 2_000)

    polls(0)
    assert bytes_held(lambda: polls(4)) <= 10 * CALLS
    assert blocks_held(lambda: polls(8)) <= CALLS // 10


def test_calls_that_have_ended_are_forgotten_with_the_second_poll() -> None:
    matcher = Matcher(flows())
    poll(matcher, listed())

    def goes_home() -> None:
        poll(matcher, [])
        poll(matcher, [])

    # Their rows were the matcher's alone.
    assert bytes_held(goes_home) <= -700 * CALLS


def test_values_that_lead_to_many_rules_are_remembered_within_bounds() -> None:
    every = [rule(f"r{number}", cond("from", "prefix", "+1")) for number in range(1_000)]
    matcher = Matcher((flow(*every),))

    def calls(first: int) -> None:
        for number in range(first, first + 3_000):
            call = Call(sid="CA1", from_=f"+1{number:010}")
            at_once(matcher.book.index.at(Moment(NOW)).look_up([call], Pace(1_000)))

    assert bytes_held(lambda: calls(0)) <= 10 * 1024 * 1024
    assert bytes_held(lambda: calls(3_000)) <= 10 * 1024 * 1024
