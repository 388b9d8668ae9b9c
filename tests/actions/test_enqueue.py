"""`enqueue`: the call waits, hears what the queue has for it, and goes on afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.sandbox.plans import Person
from tests.actions.playing import CALLER, SITE, acted, became, pages
from tests.site import Site, open_site

AGENT = "+14155550133"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as opened:
        yield opened


def agent(site: Site, queue: str = "support") -> None:
    """Takes the next call out of the queue, and talks to it for a quarter of a minute."""
    twiml = f"<Response><Dial><Queue>{queue}</Queue></Dial></Response>"
    site.sandbox.add_call(
        id="agent", from_=AGENT, to="+14155550111", twiml=twiml, person=Person(talk=15_000)
    )


async def test_it_waits_and_ends_with_who_took_it_out(site: Site) -> None:
    await acted(site, {"enqueue": "support"})
    await site.sandbox.advance(10_000)
    agent(site)
    assert [line[1:] for line in await became(site, 60)] == [
        ("waits", "queue support"),
        ("leaves", "queue support"),
        ("joins", AGENT),
        ("status", "completed"),
    ]
    joined = [line.text for line in site.sandbox.world.transcript("agent") if line.kind == "joins"]
    assert joined == [CALLER]


async def test_it_hears_the_waiting_document(site: Site) -> None:
    pages(site, wait="<Say>Please hold.</Say><Pause length='3'/>")
    queue = {"queue": "support", "wait_url": SITE + "wait", "wait_method": "GET"}
    await acted(site, {"say": "One moment."}, {"enqueue": queue})
    heard = [(kind, text) for _, kind, text in await became(site, 6)]
    assert heard[:4] == [
        ("says", "One moment."),
        ("waits", "queue support"),
        ("says", "Please hold."),
        ("pauses", "3 s"),
    ]
    assert heard[4:6] == heard[2:4]


async def test_it_goes_on_with_the_next_action(site: Site) -> None:
    await acted(site, {"enqueue": {"queue": 'Sales & "more"'}}, {"say": "Goodbye."}, "hangup")
    (queue,) = site.sandbox.world.queues.rows.values()
    assert queue.name == 'Sales & "more"'
    agent(site, 'Sales &amp; "more"')
    heard = [line[1:] for line in await became(site, 60)]
    assert heard[3:] == [("says", "Goodbye."), ("status", "completed")]


async def test_the_action_says_how_it_goes_on(site: Site) -> None:
    pages(site, after="<Say>Please rate us.</Say>")
    await acted(site, {"enqueue": {"queue": "support", "action": SITE + "after", "method": "GET"}})
    agent(site)
    heard = [line[1:] for line in await became(site, 60)]
    assert heard[3:] == [("says", "Please rate us."), ("status", "completed")]
