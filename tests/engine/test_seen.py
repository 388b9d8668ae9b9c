"""Whoever watches is shown a poll when it is on record, and holds nothing up that was begun."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from runner.decision.turns import Turns
from runner.engine.poll import Poll, Show
from tests.engine.test_rules import flow, rule
from tests.site import SECOND, Site


async def test_a_poll_is_shown_once_it_is_on_record_and_before_anything_begins(site: Site) -> None:
    story: list[str] = []

    def sees(_poll: Poll) -> Turns[Show]:
        story.append("sums up")
        yield
        story.append("has summed up")
        return lambda: story.append("shows")

    site.engine.seen = sees
    site.listeners.append(lambda event: story.append(event.name))
    site.flows(flow(rule("cut", "", "[hangup]")))
    site.sandbox.add_call()
    await site.poll()
    assert story == [
        "sums up",
        "has summed up",
        "poll",
        "shows",
        "action.intended",
        "action.done",
    ]


async def test_who_is_cut_short_while_a_poll_is_summed_up_has_begun_nothing(site: Site) -> None:
    """So the next start finds nothing that may have been carried out, and does it."""
    reached = asyncio.Event()

    def never_ends(_poll: Poll) -> Turns[Show]:
        while True:
            reached.set()
            yield

    watcher, site.engine.seen = site.engine.seen, never_ends
    site.flows(flow(rule("cut", "", "[hangup]")))
    site.sandbox.add_call()
    polling = asyncio.ensure_future(site.poll())
    await reached.wait()
    polling.cancel()
    with suppress(asyncio.CancelledError):
        await polling
    assert await site.outcomes() == []
    site.engine.seen = watcher
    await site.poll(after=2 * SECOND)
    assert [outcome for _, outcome in await site.outcomes()] == ["done"]
