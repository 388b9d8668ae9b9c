"""That nothing is paused is told at once, and never where it isn't so or nobody can know."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.engine.ports import Entry, LeaseLost, StoreError
from runner.store import pauses
from runner.store.lookout import LASTS, MOST
from runner.store.sqlite import SqliteStore
from runner.store.transactions import writing
from tests.store.intents import INTENT, PAUSE


@pytest.fixture
async def ledger(ledger: SqliteStore) -> SqliteStore:
    """One that has the lease, and has seen that nothing is paused."""
    assert await ledger.take("one", over=None, at=1) is not None
    assert await ledger.pauses() == []
    return ledger


@contextmanager
def beside(file: Path) -> Iterator[sqlite3.Connection]:
    """What another process does, while the loop of this one does nothing."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        yield db


def stall() -> None:
    """Makes this turn of the loop a long one."""
    time.sleep(2 * LASTS)


async def test_a_turn_of_the_loop_that_takes_long_hides_no_pause(
    file: Path, ledger: SqliteStore
) -> None:
    """As where the process was frozen: what was seen before is of no use after."""
    assert await ledger.pauses() == []
    with beside(file) as db, writing(db):
        pauses.pause(db, PAUSE)
    stall()
    assert await ledger.pauses() == [PAUSE]


async def test_a_turn_of_the_loop_that_takes_long_hides_no_other_runner(
    file: Path, ledger: SqliteStore
) -> None:
    assert await ledger.pauses() == []
    with beside(file) as db:
        db.execute("UPDATE lease SET fence = fence + 1, holder = 'two'")
    stall()
    with pytest.raises(LeaseLost):
        await ledger.pauses()


@pytest.mark.parametrize(
    "damage",
    ["UPDATE lease SET holder = x'ff'", "DELETE FROM lease", "UPDATE lease SET holder = NULL"],
)
async def test_a_lease_that_nobody_can_read_is_not_ours(
    damage: str, file: Path, ledger: SqliteStore
) -> None:
    with beside(file) as db:
        db.execute(damage)
    await asyncio.sleep(0)
    with pytest.raises(StoreError):
        await ledger.pauses()


@pytest.mark.parametrize("suffix", ["", "-wal"])
async def test_a_file_that_is_gone_is_said_to_be(
    suffix: str, file: Path, ledger: SqliteStore
) -> None:
    moved = Path(f"{file}{suffix}")
    moved.rename(f"{moved}.away")
    await asyncio.sleep(0)
    with pytest.raises(StoreError, match="deleted"):
        await ledger.pauses()


async def test_no_pause_of_this_process_is_overlooked_while_it_is_written(
    file: Path, ledger: SqliteStore
) -> None:
    with beside(file) as db:
        db.execute("BEGIN IMMEDIATE")
        assert await ledger.pauses() == [], "a lock keeps nobody from looking"
        pausing = asyncio.ensure_future(ledger.pause(PAUSE))
        await asyncio.sleep(0)
        asking = asyncio.ensure_future(ledger.pauses())
        await asyncio.sleep(0)
        assert not asking.done()
        db.execute("ROLLBACK")
    await pausing
    assert await asking == [PAUSE]


async def test_a_pause_that_fails_leaves_the_others_sighted(file: Path) -> None:
    ledger = await SqliteStore(file, patience=0.05).open()
    with beside(file) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="in use"):
            await ledger.pause(PAUSE)
        given_up = asyncio.ensure_future(ledger.resume(flow="caps", by="ann", at=4))
        await asyncio.sleep(0)
        given_up.cancel()
        with suppress(asyncio.CancelledError):
            await given_up
        slow = asyncio.ensure_future(ledger.claim([INTENT]))
        assert await ledger.pauses() == []
        assert not slow.done()
        db.execute("ROLLBACK")
    with suppress(StoreError):  # it may have waited too long
        await slow
    await ledger.close()


async def test_a_store_that_cant_be_written_lets_no_more_be_sent(
    file: Path, ledger: SqliteStore
) -> None:
    """Acts by the hundred would be without an outcome, and nobody could say how they ended."""
    first, *others = await ledger.claim([replace(INTENT, call_sid=f"CA{n}") for n in range(MOST)])
    with beside(file) as db:
        db.execute("BEGIN IMMEDIATE")
        ends = [asyncio.ensure_future(done(ledger, each)) for each in others]
        await asyncio.sleep(0)
        assert await ledger.pauses() == []
        ends.append(asyncio.ensure_future(done(ledger, first)))
        await asyncio.sleep(0)
        asking = asyncio.ensure_future(ledger.pauses())
        await asyncio.sleep(0)
        assert not asking.done()
        db.execute("ROLLBACK")
    await asyncio.gather(*ends)
    assert await asking == []


async def done(store: SqliteStore, entry: Entry) -> None:
    await store.record(entry, "done", at=2, attempt=1)


async def test_a_store_that_is_closed_while_it_opens_lets_go_of_the_file(file: Path) -> None:
    await (await SqliteStore(file).open()).close()
    with beside(file) as db:
        db.execute("BEGIN IMMEDIATE")
        store = SqliteStore(file)
        opening = asyncio.ensure_future(store.open())
        await asyncio.sleep(0.02)
        opening.cancel()
        with suppress(asyncio.CancelledError):
            await opening
        closing_ = asyncio.ensure_future(store.close())
        await asyncio.sleep(0)
        db.execute("ROLLBACK")
    await closing_
    assert not [path for path in _open_files() if path.startswith(str(file))]
    with pytest.raises(StoreError, match="closed"):
        await store.pauses()


def _open_files() -> list[str]:
    """What this process has open."""
    found = []
    for number in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # the one by which it was listed
            found.append(os.readlink(f"/proc/self/fd/{number}"))
    return found
