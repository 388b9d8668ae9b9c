"""Promises of the lease: one runner acts, another takes over in time, a former one is shut out."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from runner.engine.holder import identify, is_gone
from runner.engine.lease import Leadership
from runner.engine.ports import Intent, Lease, LeaseLost
from runner.store.sqlite import SqliteStore

PERIOD = 3_000


class StepClock:
    """Time moves by sleeping, and nobody really waits."""

    def __init__(self) -> None:
        self.time = 1_000_000
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    def now(self) -> int:
        return self.time

    def monotonic(self) -> int:
        return self.time

    async def sleep(self, millis: int) -> None:
        self.time += millis
        await asyncio.sleep(0)
        if self.meanwhile is not None:
            await self.meanwhile()


class Runner:
    """One of several on the same file, on a clock of its own kind: they all see virtual time."""

    def __init__(self, name: str, store: SqliteStore, clock: StepClock) -> None:
        self.store = store
        self.clock = clock
        self.leadership = Leadership(store, name, period=PERIOD, clock=clock)
        self.waited: list[str] = []

    async def lead(self) -> None:
        await self.leadership.acquire(lambda lease: self.waited.append(lease.holder))


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Runner, Runner]]:
    stores = [await SqliteStore(tmp_path / "s.db").open() for _ in range(2)]
    clock = StepClock()
    yield Runner("a", stores[0], clock), Runner("b", stores[1], clock)
    for store in stores:
        await store.close()


def intent() -> Intent:
    return Intent("AC1", "CA1", "f", "r", "", ("hangup",), {"Status": "completed"}, "", 0)


async def test_the_first_leads_at_once(pair: tuple[Runner, Runner]) -> None:
    a, _ = pair
    await a.lead()
    assert a.leadership.valid
    assert a.waited == []
    assert await a.store.claim([intent()])


async def test_a_second_takes_over_within_two_periods_of_silence(
    pair: tuple[Runner, Runner],
) -> None:
    a, b = pair
    await a.lead()
    began = b.clock.monotonic()
    await b.lead()
    assert b.clock.monotonic() - began <= 2 * PERIOD
    assert b.waited == ["a"]
    assert not a.leadership.valid, "it knew by its own clock before anybody took over"


async def test_a_holder_that_renews_keeps_a_second_waiting(pair: tuple[Runner, Runner]) -> None:
    a, b = pair
    await a.lead()
    b.clock.meanwhile = lambda: a.store.renew(b.clock.now())
    waiting = asyncio.ensure_future(b.lead())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(waiting, 0.5)
    assert b.clock.time > 1_000_000 + 10 * PERIOD


async def test_a_former_holder_can_write_nothing(pair: tuple[Runner, Runner]) -> None:
    a, b = pair
    await a.lead()
    (entry,) = await a.store.claim([intent()])
    await b.lead()
    for work in (
        a.store.claim([intent()]),
        a.store.record(entry, "done", at=0, attempt=1),
        a.store.keep_holds("AC1", {}, at=0),
        a.store.pauses(),
        a.store.renew(0),
    ):
        with pytest.raises(LeaseLost):
            await work
    (kept,) = await b.store.unfinished("AC1")
    assert kept.outcome == "intended"


async def test_keeping_the_lease_ends_when_another_has_it(pair: tuple[Runner, Runner]) -> None:
    a, b = pair
    await a.lead()
    seen = await b.store.lease()
    await b.store.take("b", over=seen, at=0)
    await asyncio.wait_for(a.leadership.keep(), 5)
    assert not a.leadership.valid


async def test_a_lease_that_is_given_back_needs_no_wait(pair: tuple[Runner, Runner]) -> None:
    a, b = pair
    await a.lead()
    await a.leadership.release()
    began = b.clock.monotonic()
    await b.lead()
    assert (b.clock.monotonic() - began, b.waited) == (0, [])


async def test_of_many_that_take_over_at_once_one_does(tmp_path: Path) -> None:
    stores = [await SqliteStore(tmp_path / "s.db").open() for _ in range(6)]
    await stores[0].take("dead", over=None, at=0)
    seen = await stores[0].lease()
    taken = await asyncio.gather(
        *(store.take(f"r{number}", over=seen, at=1) for number, store in enumerate(stores))
    )
    (winner,) = [lease for lease in taken if lease is not None]
    assert winner.fence == 2
    assert await stores[0].lease() == winner
    for store in stores:
        await store.close()


async def test_a_holder_that_is_surely_dead_is_not_waited_for(tmp_path: Path) -> None:
    code = "from runner.engine.holder import identify; print(identify())"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE)
    out, _ = await process.communicate()
    dead = out.decode().strip()
    assert is_gone(dead)
    store = await SqliteStore(tmp_path / "s.db").open()
    await store.take(dead, over=None, at=0)
    clock = StepClock()
    leadership = Leadership(store, identify(), period=PERIOD, clock=clock, gone=is_gone)
    await leadership.acquire(_nobody)
    assert clock.time == 1_000_000
    await store.close()


def test_only_a_process_of_this_machine_and_boot_is_ever_said_to_be_dead() -> None:
    mine = identify()
    host, pid, started, world = mine.rsplit(":", 3)
    assert not is_gone(mine)
    assert is_gone(f"{host}:{pid}:{int(started) + 1}:{world}"), "the number was given anew"
    assert not is_gone(f"{host}:{pid}:{int(started) + 1}:another-{world}")
    for odd in ("", "x", ":::", f"{host}:{pid}:{started}:", f"{host}:pid:{started}:{world}"):
        assert not is_gone(odd)


def _nobody(_lease: Lease) -> None:
    raise AssertionError("nobody is waited for")
