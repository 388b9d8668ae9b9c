"""Promises of what an engine remembers: dropped with what it was for, and gone through in turns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from runner.call import Call
from runner.decision.matcher import SLICE
from runner.engine.brain import Brain
from runner.engine.brakes import Brakes, Safety
from runner.engine.lookups import Lookups
from runner.engine.ports import Listing
from tests.beside import Beside
from tests.engine.many import Many, open_many

CROWD = "{concurrent: {by: from, gt: 5}}"
PLAIN = '{from: "+14155550199"}'


def flow(match: str, rules: int = 1, more: str = "") -> str:
    written = (f"  - {{id: r{n}, match: {match}, {more}then: [hangup]}}\n" for n in range(rules))
    return "version: 1\nflow: f\nrules:\n" + "".join(written)


class Calls(tuple[Call, ...]):
    """Counts how often somebody takes a part of them."""

    taken = 0

    def __getitem__(self, key: Any) -> Any:
        self.taken += 1
        return super().__getitem__(key)


@asynccontextmanager
async def brain_of(folder: Path) -> AsyncIterator[tuple[Brain, Many]]:
    async with open_many(folder, {"main": {}}) as many:
        sid = many.sid("main")
        lookups = Lookups(many.crew.posts[0].gateway, many.clock)
        brakes = Brakes(sid, many.store, clock=many.clock, safety=Safety())
        yield Brain(sid, many.store, brakes=brakes, lookups=lookups), many


async def test_nobody_counts_for_rules_that_are_no_longer_there(tmp_path: Path) -> None:
    async with brain_of(tmp_path) as (brain, many):
        now, taken = many.clock.now(), []
        for match in (PLAIN, CROWD, CROWD, PLAIN, PLAIN):
            brain.load(many.flows(flow(match)).current)
            calls = Calls([Call(sid="CA1", status="in-progress", from_="+14155550100")])
            await brain.look(Listing(calls, now, 1), now, busy=frozenset())
            taken.append(calls.taken)
        none, first, *_ = taken
        assert taken == [none, first, first, none, none]
        assert none < first


async def test_what_is_remembered_of_many_calls_keeps_nobody_waiting(tmp_path: Path) -> None:
    """A hundred holds that go on, on each of some hundred calls, of which none has changed."""
    async with brain_of(tmp_path) as (brain, many):
        brain.load(many.flows(flow('{from: {prefix: "+1"}}', rules=100, more="for: 1h, ")).current)
        calls = tuple(
            Call(sid=f"CA{number}", status="in-progress", from_=f"+1415{number:07}")
            for number in range(300)
        )
        now, turns = many.clock.now(), []
        for _ in range(2):
            async with Beside() as beside:
                await brain.look(Listing(calls, now, 1), now, busy=frozenset())
            turns.append(beside.turns)
        assert min(turns) >= 300 * 100 // (SLICE + 100)
