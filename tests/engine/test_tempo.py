"""Promises of the pace: on time while all is well, seldom while the far side is busy or ill."""

from __future__ import annotations

import pytest

from runner.engine.poll import Poll
from runner.engine.ports import AccessRefused, GatewayError, NoAnswer, NotProcessed, Throttled
from runner.engine.tempo import Tempo

GOOD = Poll(1)


def tempo() -> Tempo:
    return Tempo(2_000, stretch=lambda _least, _most: 1.0)


def failed(error: GatewayError) -> Poll:
    return Poll(0, error=error)


def test_good_polls_come_at_absolute_times() -> None:
    assert tempo().next(10_000, 10_900, GOOD) == 12_000


@pytest.mark.parametrize(
    ("ended", "due"), [(11_999, 12_000), (12_000, 14_000), (17_500, 18_000), (18_000, 20_000)]
)
def test_missed_polls_are_skipped_and_not_replayed(ended: int, due: int) -> None:
    assert tempo().next(10_000, ended, GOOD) == due


def test_failures_wait_longer_each_time_and_are_forgotten_with_a_good_poll() -> None:
    pace, ill = tempo(), failed(NoAnswer("500"))
    waits = [pace.next(0, 0, ill) for _ in range(8)]
    assert waits == [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]
    assert pace.next(0, 0, GOOD) == 2_000
    assert pace.next(0, 0, None) == 2_000  # the store failed, once


def test_a_busy_far_side_is_asked_more_seldom_while_it_lasts() -> None:
    pace, busy = tempo(), failed(Throttled("429"))
    assert [pace.next(0, 0, busy) for _ in range(3)] == [4_000, 8_000, 16_000]
    assert pace.interval == 16_000
    assert [pace.next(0, 0, GOOD) for _ in range(4)] == [8_000, 4_000, 2_000, 2_000]


def test_updates_that_were_throttled_slow_the_polls_too() -> None:
    pace = tempo()
    assert pace.next(0, 0, Poll(1, throttled=True)) == 4_000
    assert pace.next(0, 0, GOOD) == 2_000


def test_an_interval_never_grows_beyond_a_minute_nor_shrinks_below_its_own() -> None:
    pace = tempo()
    for _ in range(20):
        pace.next(0, 0, failed(Throttled("429")))
    assert pace.interval == 60_000
    slow = Tempo(120_000, stretch=lambda _least, _most: 1.0)
    assert slow.next(0, 0, Poll(1, throttled=True)) == 120_000


def test_what_was_asked_for_is_waited_up_to_a_minute() -> None:
    assert tempo().next(0, 0, failed(Throttled("429", retry_after=7_000))) == 7_000
    assert tempo().next(0, 0, failed(Throttled("429", retry_after=3_600_000))) == 60_000
    assert tempo().next(0, 0, failed(NotProcessed("503", retry_after=9_000))) == 9_000


def test_refused_credentials_are_tried_once_a_minute() -> None:
    pace = tempo()
    assert [pace.next(0, 0, failed(AccessRefused("401"))) for _ in range(2)] == [60_000, 60_000]


def test_pauses_are_stretched_so_that_many_runners_do_not_come_at_once() -> None:
    stretched = Tempo(2_000, stretch=lambda _least, most: most)
    assert stretched.next(0, 0, failed(NoAnswer("500"))) == 2_200
