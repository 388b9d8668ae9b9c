"""Where acts keep ending, outcomes are gathered: few commits, and nobody is kept waiting by it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from runner.engine.ports import HistoryQuery
from runner.engine.tasks import cancelled
from runner.store.queue import ENOUGH, Job, Queue
from runner.store.sqlite import SqliteStore
from tests.speed.counting import commits
from tests.store.test_together import MANY, ended


class Gathering:
    """A queue that gathers for hours, after a first crowd; and what was done together."""

    def __init__(self) -> None:
        self.done: list[list[Any]] = []
        self.queue = Queue(self._do, ThreadPoolExecutor(1), rest=lambda: None, gather=3_600)

    def _do(self, jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
        if jobs:
            self.done.append([job.given for job in jobs])
        yield jobs

    def put(self, *given: str, can_wait: bool = True) -> asyncio.Future[Any]:
        works = (self.queue.put(lambda _: (), "fenced", each, can_wait=can_wait) for each in given)
        return asyncio.gather(*works)

    async def __aenter__(self) -> Gathering:
        await self.put("a", "b")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.queue.close(lambda: None)


async def some_turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_after_a_crowd_what_can_wait_is_gathered_until_somebody_cannot() -> None:
    async with Gathering() as gathering:
        waiting = []
        for each in "cde":
            waiting.append(gathering.put(each))
            await some_turns()
        assert gathering.done == [["a", "b"]]
        await gathering.put("f", can_wait=False)
        await asyncio.wait_for(asyncio.gather(*waiting), timeout=5)
        assert gathering.done == [["a", "b"], ["c", "d", "e", "f"]]


async def test_as_many_as_are_worth_a_commit_wait_for_no_more() -> None:
    async with Gathering() as gathering:
        waiting = [gathering.put(str(number)) for number in range(ENOUGH - 1)]
        await some_turns()
        assert len(gathering.done) == 1
        waiting += [gathering.put("one more"), gathering.put("at the same time")]
        await asyncio.wait_for(asyncio.gather(*waiting), timeout=5)
        assert len(gathering.done[1]) == ENOUGH + 1


async def test_what_is_gathered_is_done_before_the_store_is_closed() -> None:
    async with Gathering() as gathering:
        waiting = gathering.put("c")
        await some_turns()
    await asyncio.wait_for(waiting, timeout=5)
    assert gathering.done == [["a", "b"], ["c"]]


async def test_what_is_gathered_is_done_when_it_is_time(file: Path, ledger: SqliteStore) -> None:
    """As acts end that were sent together: in a few commits, whatever the moment of each."""
    entries = await ledger.claim(MANY)
    await ended(ledger, entries[:2])
    before, works = commits(file), []
    for entry in entries[2:]:
        works.append(asyncio.ensure_future(ended(ledger, [entry])))
        await some_turns()
    heard = [each for work in works for each in await work]
    assert heard == await ledger.history(HistoryQuery(limit=48))
    assert commits(file) < before + len(works) / 2


async def test_an_outcome_is_written_also_where_nobody_waits_for_it_any_more(
    ledger: SqliteStore,
) -> None:
    """As where acts are dropped at the end of the grace period: what Twilio confirmed is known."""
    entries = await ledger.claim(MANY)
    await ended(ledger, entries[:2])
    works = [asyncio.ensure_future(ended(ledger, [entry])) for entry in entries[2:]]
    await some_turns()
    await cancelled(works)
    assert {entry.outcome for entry in await ledger.history(HistoryQuery())} == {"done"}


async def test_outcomes_that_nobody_waits_for_are_tried_once(file: Path) -> None:
    """While the file is locked, a runner that stops does not wait for each of them."""
    store = await SqliteStore(file, patience=0.2).open()
    entries = await store.claim(MANY)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        works = [asyncio.ensure_future(ended(store, [entry])) for entry in entries]
        await some_turns()
        await cancelled(works)
        async with asyncio.timeout(0.2 * len(works)):
            await store.close()
        other.execute("ROLLBACK")
    again = await SqliteStore(file).open()
    assert {entry.outcome for entry in await again.history(HistoryQuery())} == {"intended"}
    await again.close()


def test_what_one_loop_left_keeps_no_job_of_the_next_waiting() -> None:
    gathering = Gathering()

    async def leaves_one() -> None:
        async with asyncio.timeout(5):
            await gathering.put("a", "b")
        waiting = gathering.put("c")
        await some_turns()
        await cancelled([waiting])

    async def goes_on() -> None:
        async with asyncio.timeout(5):
            await gathering.put("d")
        await gathering.queue.close(lambda: None)

    asyncio.run(leaves_one())
    asyncio.run(goes_on())
    assert gathering.done == [["a", "b"], ["c", "d"]]


async def test_alone_nobody_waits_for_others() -> None:
    async with Gathering() as gathering:
        await gathering.put("c", can_wait=False)
        for each in "def":
            await asyncio.wait_for(gathering.put(each), timeout=5)
        assert gathering.done == [["a", "b"], ["c"], ["d"], ["e"], ["f"]]
