"""`limit`: the call goes on undisturbed until it is so old, and then ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runner.sandbox.plans import Person
from tests.actions.playing import acted, became, legs
from tests.site import MINUTE, Site, open_site

BOB = "+14155550111"
SPEECH = "<Response><Say>Music.</Say><Pause length='3600'/></Response>"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as opened:
        yield opened


def duration(site: Site) -> int:
    """How long the call was; it has to be over."""
    row = site.sandbox.world.call("ada")
    assert row.status == "completed"
    assert row.duration is not None
    return row.duration


async def test_it_counts_from_the_beginning_and_disturbs_nothing(site: Site) -> None:
    await acted(site, {"limit": "30m"}, age=10 * MINUTE, twiml=SPEECH)
    await site.sandbox.advance(19 * MINUTE)
    assert site.sandbox.world.call("ada").status == "in-progress"
    assert site.sandbox.world.heard("ada") == ["Music."]
    await site.sandbox.advance(2 * MINUTE)
    assert duration(site) == 30 * 60


async def test_a_call_that_is_older_ends_at_once(site: Site) -> None:
    await acted(site, {"limit": "30m"}, age=31 * MINUTE)
    await site.sandbox.advance(1_000)
    assert duration(site) in range(31 * 60, 31 * 60 + 3)


@pytest.mark.parametrize(
    "written", [[{"limit": "5m"}, {"dial": BOB}], [{"dial": BOB}, {"limit": "5m"}]]
)
async def test_it_goes_with_other_actions(site: Site, written: list[Any]) -> None:
    site.sandbox.world.people[BOB] = Person(ring=2_000)
    await acted(site, *written)
    assert [line[1] for line in await became(site, 10)] == ["rings", "joins"]
    await site.sandbox.advance(5 * MINUTE)
    assert duration(site) == 5 * 60
    assert [status for _, _, status in legs(site)] == ["completed"]
    assert len(site.updates()) == 1
