"""Promises about time that nobody watched, and about a log that nobody can write."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from runner.cli.daemon.logs import event_log
from runner.engine.loop import Engine
from tests.site import MINUTE, SECOND, Site

HELD = """
version: 1
flow: f
rules:
  - id: r
    match: {concurrent: {by: to, gte: 2}}
    for: 5m
    then: [hangup]
"""
SPEECH = """
version: 1
flow: f
guard: unlimited
rules:
  - id: r
    then: [{say: hi}, {pause: 9m}]
"""


async def test_time_in_which_the_process_stood_still_counts_for_no_hold(site: Site) -> None:
    """A laptop that slept, or a process that was stopped: two good polls, an hour apart."""
    site.flows(HELD)
    site.sandbox.add_call(to="+14155550100")
    site.sandbox.add_call(to="+14155550100")
    for _ in range(3):
        await site.poll(after=2 * SECOND)
    await site.poll(after=60 * MINUTE)
    assert site.updates() == []
    for _ in range(146):
        await site.poll(after=2 * SECOND)
    assert site.updates() == [], "it goes on where it stood"
    for _ in range(3):
        await site.poll(after=2 * SECOND)
    assert len(site.updates()) == 2


async def test_a_slow_pace_still_counts(site: Site) -> None:
    """Polls that a busy far side has slowed down are a minute apart, and good."""
    site.flows(HELD)
    site.sandbox.add_call(to="+14155550100")
    site.sandbox.add_call(to="+14155550100")
    for _ in range(6):
        await site.poll(after=MINUTE)
    assert len(site.updates()) == 2


async def test_a_log_that_cannot_be_written_keeps_nothing_from_being_done(site: Site) -> None:
    full = Path("/dev/full").open("w")  # noqa: ASYNC230, SIM115
    site.engine = Engine(
        site.sandbox.account_sid,
        site.gateway,
        store=site.store,
        clock=site.time,
        tell=event_log(full, "json", show_numbers=False),
    )
    site.flows(SPEECH)
    for _ in range(3):
        site.sandbox.add_call()
    await site.poll()
    await site.poll(after=2 * SECOND)
    with suppress(OSError):
        full.close()
    assert await site.outcomes() == [("f/r", "done")] * 3
    assert len(site.updates()) == 3
