"""The ledger in one SQLite file: durable before anything is sent, nothing else to install."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from runner.decision.once import Past
from runner.engine.ports import Entry, HistoryQuery, Intent, Outcome, StoreError, Verification
from runner.model import Millis
from runner.store import acts, journal
from runner.store.database import explained, open_database

T = TypeVar("T")


class SqliteStore:
    """Implements the `Store` protocol on one file.

    All work happens on one thread of its own, so that a slow disk never stalls the event loop.
    """

    def __init__(self, path: Path, *, read_only: bool = False, patience: float = 5.0) -> None:
        """`patience` is how many seconds to wait for another program's lock."""
        self._path = path
        self._patience = patience
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._opened: sqlite3.Connection | None = None
        self._read_only = read_only
        self._kept: dict[str, dict[tuple[str, str], Millis]] = {}  # holds on disk, by account

    async def open(self) -> SqliteStore:
        """Opens the file, making it where there is none. Raises `StoreError`."""
        try:
            self._opened = await self._run(
                lambda: open_database(
                    self._path, read_only=self._read_only, patience=self._patience
                )
            )
        except StoreError:
            await self.close()
            raise
        return self

    async def acts(
        self, account: str, call_sids: Collection[str]
    ) -> Mapping[str, Mapping[str, Past]]:
        return await self._run(lambda: acts.acts(self._db, account, call_sids))

    async def values(
        self, account: str, keys: Collection[tuple[str, str, bool]]
    ) -> Mapping[tuple[str, str, bool], Millis]:
        return await self._run(lambda: acts.values(self._db, account, keys))

    async def claim(self, intents: Sequence[Intent]) -> Sequence[Entry]:
        return await self._run(lambda: acts.claim(self._db, intents))

    async def record(
        self, entry: Entry, outcome: Outcome, *, at: Millis, attempt: int, detail: str = ""
    ) -> Entry:
        changed = replace(entry, outcome=outcome, attempt=attempt, updated_at=at, detail=detail)
        await self._run(lambda: acts.record(self._db, changed))
        return changed

    async def unfinished(self, account: str) -> Sequence[Entry]:
        return await self._run(lambda: acts.unfinished(self._db, account))

    async def holds(self, account: str) -> tuple[Mapping[tuple[str, str], Millis], Millis | None]:
        return await self._run(lambda: self._holds(account))

    async def keep_holds(
        self, account: str, holds: Mapping[tuple[str, str], Millis], *, at: Millis
    ) -> None:
        await self._run(lambda: self._keep_holds(account, dict(holds), at))

    async def history(self, query: HistoryQuery) -> Sequence[Entry]:
        return await self._run(lambda: acts.history(self._db, query))

    async def verify(self) -> Verification:
        return await self._run(lambda: journal.verify(self._db))

    async def close(self) -> None:
        if self._opened is not None:
            db, self._opened = self._opened, None
            await asyncio.get_running_loop().run_in_executor(self._thread, db.close)
        self._thread.shutdown(wait=False)

    # ---- on the store's own thread ----------------------------------------------------------

    async def _run(self, work: Callable[[], T]) -> T:
        def guarded() -> T:
            try:
                return work()
            except sqlite3.Error as error:
                raise explained(error, self._path) from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)

    @property
    def _db(self) -> sqlite3.Connection:
        if self._opened is None:
            raise StoreError("the store is closed")
        return self._opened

    def _holds(self, account: str) -> tuple[dict[tuple[str, str], Millis], Millis | None]:
        rows = self._db.execute(
            "SELECT call_sid, rule, since FROM holds WHERE account = ?", (account,)
        )
        holds = {(sid, rule): since for sid, rule, since in rows}
        self._kept[account] = dict(holds)
        poll = self._db.execute("SELECT at FROM polls WHERE account = ?", (account,)).fetchone()
        return holds, None if poll is None else poll[0]

    def _keep_holds(self, account: str, holds: dict[tuple[str, str], Millis], at: Millis) -> None:
        """Writes what changed since the last time: most holds only go on holding."""
        before = self._kept.get(account)
        if before is None:
            before, _ = self._holds(account)
        gone = [(account, *key) for key in before.keys() - holds.keys()]
        new = [(account, *key, since) for key, since in holds.items() if before.get(key) != since]
        with self._db as db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "DELETE FROM holds WHERE account = ? AND call_sid = ? AND rule = ?", gone
            )
            db.executemany("INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?)", new)
            db.execute("INSERT OR REPLACE INTO polls VALUES (?, ?)", (account, at))
        self._kept[account] = holds
