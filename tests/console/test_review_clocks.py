"""Promises of what is shown where the wall clock jumps: nothing old passes for new."""

from __future__ import annotations

from time import perf_counter

from runner.console.hooks.seen import Seen
from runner.console.picture.pictures import status_of
from runner.console.web.health import Health
from runner.engine.ports import Event
from tests.console.picture import board_of
from tests.site import MINUTE, SECOND, Site


async def test_a_clock_set_back_makes_no_poll_fresh_for_ever(site: Site) -> None:
    """After it an hour would pass before anybody saw that polls have come to a stop."""
    board = board_of(site)
    sid = site.sandbox.account_sid
    health = Health({sid: 2 * SECOND})
    site.listeners.append(health.hear)
    site.flows("version: 1\nflow: f\nrules: [{id: r, then: [hangup]}]\n")
    await site.poll()
    health.hear(Event("leading", site.time.now()))
    assert health.report(site.time.now())[0]
    site.time.skew -= 60 * MINUTE
    ready, facts = health.report(site.time.now())
    assert (ready, facts["accounts_late"]) == (False, 1)
    assert facts["last_good_poll_age_ms"] == 60 * MINUTE
    (account,) = status_of(board)["accounts"]["list"]
    assert (account["late"], account["age_ms"]) == (True, 60 * MINUTE)
    await site.poll(after=2 * SECOND)
    assert health.report(site.time.now())[0], "the next good poll is dated by the clock as it is"
    (account,) = status_of(board)["accounts"]["list"]
    assert not account["late"]


def test_a_busy_day_is_forgotten_in_no_more_time_than_it_was_noted() -> None:
    """The first callback after a quiet night must not hold up the polls for ten seconds."""
    seen = Seen(10 * MINUTE)
    before = perf_counter()
    for number in range(30_000):
        assert seen.is_new(str(number), number)
    noted = perf_counter()
    assert seen.is_new("next morning", 600 * MINUTE)
    assert len(seen) == 1
    assert perf_counter() - noted < 10 * (noted - before)
