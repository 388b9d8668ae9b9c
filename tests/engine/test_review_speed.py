"""Promises of what an engine remembers: it is dropped with what it was for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runner.call import Call
from runner.engine.brain import Brain
from runner.engine.brakes import Brakes, Safety
from runner.engine.lookups import Lookups
from runner.engine.ports import Listing
from tests.engine.many import open_many

CROWD = "{concurrent: {by: from, gt: 5}}"
PLAIN = '{from: "+14155550199"}'


def flow(match: str) -> str:
    return f"version: 1\nflow: f\nrules:\n  - {{id: r, match: {match}, then: [hangup]}}\n"


class Calls(tuple[Call, ...]):
    """Counts how often somebody takes a part of them."""

    taken = 0

    def __getitem__(self, key: Any) -> Any:
        self.taken += 1
        return super().__getitem__(key)


async def test_nobody_counts_for_rules_that_are_no_longer_there(tmp_path: Path) -> None:
    async with open_many(tmp_path, {"main": {}}) as many:
        sid, now = many.sid("main"), many.clock.now()
        lookups = Lookups(many.crew.posts[0].gateway, many.clock)
        brakes = Brakes(sid, many.store, clock=many.clock, safety=Safety())
        brain = Brain(sid, many.store, brakes=brakes, lookups=lookups)
        taken = []
        for match in (PLAIN, CROWD, CROWD, PLAIN, PLAIN):
            brain.load(many.flows(flow(match)).current)
            calls = Calls([Call(sid="CA1", status="in-progress", from_="+14155550100")])
            await brain.look(Listing(calls, now, 1), now, busy=frozenset())
            taken.append(calls.taken)
        none, first, *_ = taken
        assert taken == [none, first, first, none, none]
        assert none < first
