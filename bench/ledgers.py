"""Claims and outcomes of one ledger, in a process of its own.

    python -m bench.ledgers ROWS TIMES SCALE PAUSE

The ledger holds ROWS acts beforehand: what shadows would have done, which is over from the start.
Prints how long each way of writing took, in seconds on the clock and of processor, and of how many
claims or outcomes: a list of runs for each way. The last way is SQLite alone, for scale: one table
with one key, and the same pragmas.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from hashlib import md5
from itertools import count
from pathlib import Path
from typing import TypeAlias

from msgspec.structs import replace

from bench.far_calls import ACCOUNT_SID
from bench.measuring import say
from runner.engine.ports import Entry, Intent
from runner.store.sqlite import SqliteStore

#: Seconds on the clock, processor seconds, how many.
Run: TypeAlias = tuple[float, float, int]
FILLED_AT_ONCE = 20_000
INTENT = Intent(
    account=ACCOUNT_SID,
    call_sid="",
    flow="acting",
    rule="end",
    revision="0123456789ab",
    then=("hangup",),
    request={"Status": "completed"},
    why="age 31m gte 30m; direction inbound is inbound",
    at=1_700_000_000_000,
    ends=True,
)


class Ledger:
    """An open store, and new intents for it, each about a call of its own."""

    def __init__(self, store: SqliteStore, pause: float) -> None:
        self._store = store
        self._pause = pause
        self._numbers = count()
        self._polls = count()

    def intents(self, many: int, *, number: int = 1) -> list[Intent]:
        """So many of one poll. SIDs are in no order, as Twilio's are."""
        at = INTENT.at + 2_000 * next(self._polls)
        return [
            replace(INTENT, call_sid=f"CA{md5(b'%d' % n).hexdigest()}", at=at, number=number)
            for n in (next(self._numbers) for _ in range(many))
        ]

    async def fill(self, rows: int) -> None:
        """Makes it as large as it is to be."""
        for first in range(0, rows, FILLED_AT_ONCE):
            await self._store.claim(self.intents(min(FILLED_AT_ONCE, rows - first), number=0))

    async def claims(self, at_once: int, times: int) -> Run:
        """So many claims a commit, one commit after another."""
        polls = [self.intents(at_once) for _ in range(times)]
        wall = spent = 0.0
        for poll in polls:
            one = await _timed(self._store.claim(poll))
            wall, spent = wall + one[0], spent + one[1]
            if at_once >= 1_000:
                await asyncio.sleep(self._pause)
        return wall, spent, at_once * times

    async def outcomes(self, at_once: int, times: int) -> Run:
        """So many outcomes that come at once, and the next when all of them stand."""
        entries = await self._store.claim(self.intents(at_once * times))
        await asyncio.sleep(self._pause)

        async def end() -> None:
            for first in range(0, len(entries), at_once):
                await asyncio.gather(*map(self._done, entries[first : first + at_once]))

        wall, spent = await _timed(end())
        return wall, spent, len(entries)

    async def _done(self, entry: Entry) -> None:
        await self._store.record(entry, "done", at=entry.intent.at + 100, attempt=1)


async def _timed(work: Awaitable[object]) -> tuple[float, float]:
    wall, spent = time.perf_counter(), time.process_time()
    await work
    return time.perf_counter() - wall, time.process_time() - spent


def alone(folder: Path, at_once: int, times: int) -> Run:
    """SQLite itself: call, rule and when, durable as the ledger is."""
    db = sqlite3.connect(folder / "alone.db", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE IF NOT EXISTS acts (sid TEXT, rule TEXT, at, PRIMARY KEY (sid, rule))")
    (have,) = db.execute("SELECT count(*) FROM acts").fetchone()
    sids = [f"CA{md5(b'%d' % n).hexdigest()}" for n in range(have, have + at_once * times)]
    wall, spent = time.perf_counter(), time.process_time()
    for first in range(0, len(sids), at_once):
        db.execute("BEGIN IMMEDIATE")
        rows = [(sid, "acting/end", 1) for sid in sids[first : first + at_once]]
        db.executemany("INSERT INTO acts VALUES (?, ?, ?) ON CONFLICT DO NOTHING", rows)
        db.execute("COMMIT")
    told = time.perf_counter() - wall, time.process_time() - spent, len(sids)
    db.close()
    return told


async def measured(rows: int, times: int, scale: int, pause: float) -> dict[str, Sequence[Run]]:
    """Every way, so many times; `scale` says how much each of them writes.

    Polls are seconds apart; after one of 1,000 there is a `pause`, in which the store does what can
    wait.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = await SqliteStore(Path(folder) / "callflow.db").open()
        await store.take("bench", over=None, at=1)
        ledger = Ledger(store, pause)
        await ledger.fill(rows)
        await asyncio.sleep(pause)
        ways: dict[str, Callable[[], Awaitable[Run]]] = {
            "claim 1": lambda: ledger.claims(1, scale),
            "claim 50": lambda: ledger.claims(50, max(1, scale // 10)),
            "claim 1000": lambda: ledger.claims(1_000, max(1, scale // 100)),
            "outcome 1": lambda: ledger.outcomes(1, scale),
            "outcome 50": lambda: ledger.outcomes(50, max(1, scale // 10)),
        }
        found: dict[str, Sequence[Run]] = {way: [] for way in ways}
        for _ in range(times):
            for way, work in ways.items():
                found[way] = [*found[way], await work()]
        await store.close()
        if not rows:
            found["alone 1"] = [alone(Path(folder), 1, scale) for _ in range(times)]
            polls = max(1, scale // 50)
            found["alone 1000"] = [alone(Path(folder), 1_000, polls) for _ in range(times)]
    return found


if __name__ == "__main__":
    given_rows, given_times, given_scale = map(int, sys.argv[1:4])
    say(asyncio.run(measured(given_rows, given_times, given_scale, float(sys.argv[4]))))
