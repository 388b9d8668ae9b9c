"""What a poll costs beside thinking: requests to Twilio, and writes to the disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runner.engine.ports import Event
from tests.site import MINUTE, SECOND, Site, open_site
from tests.speed.counting import commits

CALLS = 20
QUIET = """
version: 1
flow: quiet
rules:
  - {id: nobody, match: {from: "+14155550111"}, then: [hangup]}
  - {id: old, match: {age: {gte: 3h}}, then: [hangup]}
"""
TWO_STATUSES = """
version: 1
flow: two
rules:
  - {id: a, match: {from: "+14155550111"}, then: [hangup]}
  - {id: b, match: {to: "+14155550111", status: ringing}, then: [cancel]}
"""
HOLDING = """
version: 1
flow: holding
rules:
  - {id: long, match: {direction: inbound}, for: 10m, then: [hangup]}
"""
ACTING = """
version: 1
flow: acting
guard: unlimited
rules:
  - {id: end, match: {direction: inbound, age: {gte: 2m}}, then: [hangup]}
"""


class Costs:
    """What the last poll has cost: requests by their kind, and commits."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.database = site.folder / "store.db"
        self.requests = Counter[str]()
        self.commits = 0

    async def poll(self, after: int = 2 * SECOND) -> None:
        """Polls once, and counts."""
        journal = self._site.sandbox.journal
        asked, written = len(journal), commits(self.database)
        await self._site.poll(after)
        self.requests = Counter(entry.request.kind for entry in list(journal)[asked:])
        self.commits = commits(self.database) - written


@asynccontextmanager
async def polling(folder: Path, flow: str) -> AsyncIterator[tuple[Site, Costs]]:
    """A site with calls a minute old, and one poll of it behind."""
    async with open_site(folder) as site:
        for number in range(CALLS):
            site.sandbox.add_call(id=f"c{number}", age=MINUTE)
        site.flows(flow)
        costs = Costs(site)
        await costs.poll()
        yield site, costs


@pytest.mark.parametrize(("flow", "requests"), [(QUIET, 1), (TWO_STATUSES, 2)])
async def test_a_quiet_poll_asks_once_for_each_status_and_writes_nothing(
    tmp_path: Path, flow: str, requests: int
) -> None:
    async with polling(tmp_path, flow) as (_, costs):
        for _ in range(3):
            await costs.poll()
            assert costs.requests == {"list": requests}
            assert costs.commits == 0


async def test_a_poll_that_holds_go_on_in_is_one_commit(tmp_path: Path) -> None:
    # After a start the time of the last poll tells for how long nobody watched.
    async with polling(tmp_path, HOLDING) as (site, costs):
        site.sandbox.add_call(id="new", age=MINUTE)
        for _ in range(3):
            await costs.poll()
            assert costs.requests == {"list": 1}
            assert costs.commits == 1


async def test_what_a_poll_begins_is_on_record_in_one_commit(tmp_path: Path) -> None:
    async with polling(tmp_path, ACTING) as (site, costs):
        before, at_first = commits(costs.database), list[int]()

        def hear(event: Event) -> None:
            if event.name == "action.intended" and not at_first:
                at_first.append(commits(costs.database) - before)

        site.listeners.append(hear)
        await costs.poll(after=MINUTE)
        assert at_first == [1], "all intents stand there before anything is sent"
        # All live calls are looked at before anything is done: once more, in each live status.
        assert costs.requests == {"list": 1 + 3, "update": CALLS}
        # Outcomes are written as they come, together where they come together.
        assert 1 < costs.commits <= 1 + CALLS
        await costs.poll()
        assert costs.commits == 0


async def test_a_longer_list_is_one_request_for_a_thousand_calls(tmp_path: Path) -> None:
    async with polling(tmp_path, QUIET) as (site, costs):
        for number in range(1_001 - CALLS):
            site.sandbox.add_call(id=f"more{number}", age=MINUTE)
        await costs.poll()
        assert costs.requests == {"list": 2}
        assert costs.commits == 0
