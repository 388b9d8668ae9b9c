"""What waits together is written together: few commits, and every promise of one by one."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from runner.engine.ports import Entry, HistoryQuery, LeaseLost, Store, StoreError
from runner.store.queue import Job, Queue
from runner.store.sqlite import SqliteStore
from tests.speed.counting import commits
from tests.store.conftest import Two
from tests.store.intents import INTENT, PAUSE

MANY = [replace(INTENT, call_sid=f"CA{number}") for number in range(50)]


async def ended(store: Store, entries: Sequence[Entry]) -> list[Entry | BaseException]:
    """Has all of them end at once; what each caller hears."""
    ends = (store.record(entry, "done", at=2, attempt=1) for entry in entries)
    return await asyncio.gather(*ends, return_exceptions=True)


async def outcomes(store: Store) -> list[str]:
    return [entry.outcome for entry in await store.history(HistoryQuery())]


async def test_the_intents_of_a_poll_are_one_commit(file: Path, ledger: SqliteStore) -> None:
    before = commits(file)
    await ledger.claim([replace(INTENT, call_sid=f"CA{number}") for number in range(200)])
    assert commits(file) == before + 1


async def test_of_a_batch_only_what_stands_nowhere_yet_is_new(store: Store) -> None:
    """Some stand already, and some come twice; each row of the journal tells of its own act."""
    await store.claim([MANY[3], MANY[4], MANY[30]])
    new = await store.claim([*MANY[:20], *MANY[10:40]])
    left = [intent for intent in MANY[:40] if intent not in (MANY[3], MANY[4], MANY[30])]
    assert [entry.intent for entry in new] == left
    assert (await store.verify()).fault == ""
    after = await ended(store, new)
    assert after == [each for each in await store.history(HistoryQuery()) if each.outcome == "done"]
    assert [entry.intent for entry in await store.claim(MANY)] == MANY[40:]
    assert (await store.verify()).fault == ""


async def test_no_number_is_given_to_two_acts(file: Path, ledger: SqliteStore) -> None:
    """Not where the newest were trimmed, nor where somebody took away what SQLite remembers."""
    old = await ledger.claim(MANY[:3])
    await ended(ledger, old)
    assert await ledger.trim(before=9, keep=[]) == 3
    (fourth,) = await ledger.claim(MANY[3:4])
    assert fourth.id == 4
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("DELETE FROM sqlite_sequence")
    assert [entry.id for entry in await ledger.claim(MANY[4:6])] == [5, 6]


async def test_outcomes_that_come_together_are_one_commit(file: Path, ledger: SqliteStore) -> None:
    entries = await ledger.claim(MANY)
    before = commits(file)
    heard = await ended(ledger, entries)
    assert commits(file) == before + 1
    assert heard == await ledger.history(HistoryQuery())
    assert (await ledger.verify()).fault == ""


async def test_outcomes_that_come_one_by_one_are_a_commit_each(
    file: Path, ledger: SqliteStore
) -> None:
    entries = await ledger.claim(MANY[:5])
    before = commits(file)
    for entry in entries:
        await ledger.record(entry, "done", at=2, attempt=1)
    assert commits(file) == before + 5


async def test_nobody_hears_before_it_is_on_the_disk(file: Path, ledger: SqliteStore) -> None:
    entries = await ledger.claim(MANY)
    with closing(sqlite3.connect(file)) as db:

        async def seen(entry: Entry) -> str:
            await ledger.record(entry, "done", at=2, attempt=1)
            (outcome,) = db.execute("SELECT outcome FROM acts WHERE id = ?", (entry.id,)).fetchone()
            return str(outcome)

        assert await asyncio.gather(*map(seen, entries)) == ["done"] * len(entries)


async def test_one_that_fails_takes_no_other_with_it(store: Store) -> None:
    entries = await store.claim(MANY)
    stranger = replace(entries[7], id=4_711)
    heard = await ended(store, [*entries[:7], stranger, *entries[7:]])
    assert [each for each in heard if not isinstance(each, Entry)] == [heard[7]]
    assert "act 4711 of call CA7 is no longer in the store" in str(heard[7])
    assert await outcomes(store) == ["done"] * len(entries)
    assert (await store.verify()).fault == ""


async def test_without_the_lease_only_what_needs_none_is_written(two: Two) -> None:
    entries = await two.one.claim(MANY[:3])
    mine = await two.one.take("one", over=None, at=1)
    await two.other.take("other", over=mine, at=2)
    *heard, noted, lifted = await asyncio.gather(
        *(two.one.record(entry, "done", at=3, attempt=1) for entry in entries),
        two.one.pause(PAUSE),
        two.one.pauses(),
        two.one.note("killed", by="ann", at=4),
        two.one.resume(by="ann", at=5),
        return_exceptions=True,
    )
    assert [type(each) for each in heard] == [LeaseLost] * 5
    assert (noted, lifted) == (None, [])
    assert await outcomes(two.other) == ["intended"] * 3
    assert [note.event for note in await two.other.notes()] == ["killed"]


async def test_what_is_asked_after_is_answered_after(store: Store) -> None:
    """Whoever asks for pauses sees all that was asked for before, and nothing of what follows."""
    none, _, one, _, again = await asyncio.gather(
        store.pauses(),
        store.pause(PAUSE),
        store.pauses(),
        store.resume(flow="caps", by="ann", at=9),
        store.pauses(),
    )
    assert (none, one, again) == ([], [PAUSE], [])


async def test_pauses_are_read_while_another_program_writes(file: Path) -> None:
    store = await SqliteStore(file, patience=0.01).open()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        claimed, paused, pauses = await asyncio.gather(
            store.claim(MANY), store.pause(PAUSE), store.pauses(), return_exceptions=True
        )
        other.execute("ROLLBACK")
    assert "in use by another program" in str(claimed)
    assert "in use by another program" in str(paused)
    assert pauses == []
    assert await store.history(HistoryQuery()) == []
    await store.close()


async def test_whoever_gives_up_before_its_turn_has_done_nothing(ledger: SqliteStore) -> None:
    work = [asyncio.ensure_future(ledger.claim([each])) for each in MANY[:3]]
    await asyncio.sleep(0)  # they have asked, and the thread has not heard of it
    work[1].cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.gather(*work)
    await work[2]
    assert [entry.intent for entry in await ledger.history(HistoryQuery())] == [MANY[0], MANY[2]]


class Slow(list[Any]):
    """What stops whoever goes through it, until it may go on."""

    def __init__(self, *items: object) -> None:
        super().__init__(items)
        self.reached, self.released = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[Any]:
        self.reached.set()
        self.released.wait()
        return super().__iter__()


async def test_whoever_gives_up_while_others_have_their_turn_has_done_nothing(
    ledger: SqliteStore,
) -> None:
    slow = Slow(MANY[0])
    first, other = (asyncio.ensure_future(ledger.claim(each)) for each in (slow, MANY[1:2]))
    await asyncio.to_thread(slow.reached.wait)
    other.cancel()
    await asyncio.wait([other])
    slow.released.set()
    await first
    assert [entry.intent for entry in await ledger.history(HistoryQuery())] == MANY[:1]


async def test_whoever_gives_up_before_it_is_done_by_itself_has_done_nothing(
    ledger: SqliteStore,
) -> None:
    """As when a runner stops whose store is locked: nobody waits for each write in turn."""
    (entry,) = await ledger.claim(MANY[:1])
    slow = Slow(MANY[1])
    works = [ledger.claim(slow), ended(ledger, [replace(entry, id=4_711)]), ledger.claim(MANY[2:3])]
    tasks = [asyncio.ensure_future(work) for work in works]
    await asyncio.to_thread(slow.reached.wait)
    tasks[2].cancel()
    await asyncio.wait(tasks[2:])
    slow.released.set()
    await asyncio.wait(tasks)
    assert [entry.intent for entry in await ledger.history(HistoryQuery())] == MANY[:2]


async def test_that_nothing_is_paused_is_known_while_others_write(
    file: Path, ledger: SqliteStore
) -> None:
    """And what is paused since, by whomever, is heard of as soon as it is on record."""
    slow = Slow(MANY[0])
    claim = asyncio.ensure_future(ledger.claim(slow))
    await asyncio.to_thread(slow.reached.wait)
    try:
        assert await asyncio.wait_for(ledger.pauses(), timeout=5) == []
        assert not claim.done()
    finally:
        slow.released.set()
    await claim
    other = await SqliteStore(file).open()
    await other.pause(PAUSE)
    assert await ledger.pauses() == [PAUSE]
    await other.resume(flow="caps", by="ann", at=9)
    assert await ledger.pauses() == []
    await other.close()


async def test_whoever_is_done_hears_of_it_while_others_are_not(ledger: SqliteStore) -> None:
    """Else an act would be sent by pauses that were read before a long question was answered."""
    slow = Slow("CA1")
    pauses, acts = (
        asyncio.ensure_future(each) for each in (ledger.pauses(), ledger.acts("AC1", slow))
    )
    await asyncio.to_thread(slow.reached.wait)
    try:
        assert await asyncio.wait_for(pauses, timeout=5) == []
        assert not acts.done()
    finally:
        slow.released.set()
    assert await acts == {}


async def test_closing_finishes_what_waits_and_takes_no_more(file: Path) -> None:
    store = await SqliteStore(file).open()
    entries = await store.claim(MANY)
    waiting = asyncio.ensure_future(ended(store, entries))
    for _ in range(2):
        await asyncio.sleep(0)
    await store.close()
    assert await waiting == [replace(each, outcome="done", updated_at=2) for each in entries]
    with pytest.raises(StoreError, match="the store is closed"):
        await store.claim([INTENT])
    await store.close()
    again = await SqliteStore(file).open()
    assert await outcomes(again) == ["done"] * len(entries)
    await again.close()


async def test_a_long_log_is_brought_into_the_file_when_nothing_waits(
    file: Path, ledger: SqliteStore
) -> None:
    """No commit does it: it is far from as long as would make one do so."""
    empty = file.stat().st_size
    await ledger.claim([replace(INTENT, call_sid=f"CA{number}") for number in range(3_000)])
    async with asyncio.timeout(10):
        while file.stat().st_size == empty:  # noqa: ASYNC110  # it is nobody's to tell of
            await asyncio.sleep(0.01)
    assert await ledger.claim([INTENT]) == [], "what was claimed stands"


async def test_without_a_thread_whoever_waits_hears_of_it() -> None:
    def nothing(_jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
        raise AssertionError("there is nobody to do it")

    thread = ThreadPoolExecutor(1)
    thread.shutdown()
    queue = Queue(nothing, thread, rest=lambda: None)
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(queue.put(lambda _: (), "alone"), timeout=10)
