"""Promises of looks between polls, where something happens in the middle of one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from runner.engine.ports import Pause
from runner.engine.reload import Reloader
from runner.engine.reloads import Reloads
from runner.engine.rounds import Pace, Rounds
from runner.language.loader import load
from runner.model import Millis
from runner.sandbox.plans import Person
from runner.store.sqlite import SqliteStore
from tests.engine.reloading import Hurried
from tests.engine.test_nudges import ANSWERED, answer, flow, ringing
from tests.site import MINUTE, SECOND, SandboxTime, Site


class EventfulStore(SqliteStore):
    """A real store; once pauses are read, what was put in `then` happens, one a reading."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.then: list[Callable[[], object]] = []

    async def pauses(self) -> Sequence[Pause]:
        pauses = await super().pauses()
        if self.then:
            self.then.pop(0)()
        return pauses


async def eventful(site: Site) -> EventfulStore:
    await site.store.close()
    site.store = store = EventfulStore(site.folder / "eventful.db")
    await store.open()
    site.restart()
    return store


def nothing() -> None:
    """Nothing happens."""


async def test_a_look_does_nothing_by_rules_that_went_while_it_decided(site: Site) -> None:
    """It reads the brakes twice: to see whether there is anything to do, and to decide."""
    store = await eventful(site)
    site.flows(ANSWERED)
    sid = await ringing(site)
    answer(site, sid)
    others = flow("other", "[hangup]", match="{status: ringing}")
    store.then = [nothing, lambda: site.flows(others)]
    assert await site.engine.look_at(sid) == "waits-for-poll"
    assert store.then == []
    await site.poll(after=2 * SECOND)
    assert await site.history() == []
    assert site.updates() == []


class Suspended:
    """The clocks of a machine that sleeps: the monotonic one stands still meanwhile."""

    def __init__(self, time: SandboxTime) -> None:
        self._time = time
        self.slept: Millis = 0

    def now(self) -> Millis:
        return self._time.now()

    def monotonic(self) -> Millis:
        return self._time.monotonic() - self.slept

    async def sleep(self, millis: Millis) -> None:
        await self._time.sleep(millis)


async def test_after_a_machine_slept_the_poll_decides(site: Site) -> None:
    """What the last poll saw is fresh by one clock and an hour old by the other."""
    clock = Suspended(site.time)
    site.time = clock  # type: ignore[assignment]
    site.restart()
    site.flows(flow("f", "[hangup]", match="{status: in-progress, age: {lte: 1m}}"))
    sid = await ringing(site)
    answer(site, sid)
    await site.sandbox.advance(60 * MINUTE)
    clock.slept = 60 * MINUTE
    assert await site.engine.look_at(sid) == "waits-for-poll"
    await site.poll()
    assert site.updates() == []


class Still:
    """The site's clocks, on which whoever waits waits for ever."""

    def __init__(self, time: SandboxTime) -> None:
        self.now, self.monotonic = time.now, time.monotonic

    async def sleep(self, _millis: Millis) -> None:
        await asyncio.Event().wait()


async def test_once_a_reload_is_told_of_no_look_goes_by_the_flows_before(site: Site) -> None:
    """The next poll puts them in force, which may be a minute away."""
    flows = site.flows(ANSWERED)
    folder, tell = site.folder / "flows", site.events.append
    reloads = Reloads(Reloader([folder], load([folder])), flows, clock=Hurried(), tell=tell)
    sid = site.sandbox.add_call(id="a", status="ringing", person=Person(ring=None)).sid
    rounds = Rounds(site.engine, reloads, pace=Pace(MINUTE, 0), clock=Still(site.time), tell=tell)
    work = [asyncio.ensure_future(rounds.run())]
    await site.until(lambda: bool(site.told("poll")))
    answer(site, sid)
    (folder / "00.yaml").write_text(flow("f", "[hangup]", match="{status: ringing}"))
    work.append(asyncio.ensure_future(reloads.run()))
    await site.until(lambda: bool(site.told("reload.ok")))
    assert await site.engine.look_at(sid) == "waits-for-poll"
    assert site.updates() == []
    rounds.stop.set()
    await work[0]
    work[1].cancel()
