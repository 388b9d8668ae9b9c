"""The ledger in one SQLite file: durable before anything is sent, nothing else to install."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from runner.decision.once import Past
from runner.engine.ports import (
    Entry,
    HistoryQuery,
    Intent,
    Lease,
    LeaseLost,
    Note,
    NoteKind,
    Outcome,
    StoreError,
    Verification,
)
from runner.model import Millis
from runner.pauses import Pause
from runner.store import acts, leases, notes, pauses, trimming, verification
from runner.store.database import open_database
from runner.store.failures import Identity, explained
from runner.store.holds import Holds, keep, kept
from runner.store.lookout import Lookout
from runner.store.queue import Job, Queue, Sharing
from runner.store.transactions import reading, writing

T = TypeVar("T")

#: So many changed rows make it worth while to bring the write-ahead log into the file.
ENOUGH = 1_000


class SqliteStore:
    """Implements the `Store` protocol on one file.

    All work but a look (`runner.store.lookout`) happens on one thread of its own, so that a slow
    disk never stalls the event loop. What waits is written together: see `runner.store.queue`.
    """

    def __init__(self, path: Path, *, read_only: bool = False, patience: float = 5.0) -> None:
        """`patience` is how many seconds to wait for another program's lock."""
        self._path = path
        self._patience = patience
        self._read_only = read_only
        thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._queue = Queue(self._do, thread, self._tidy)
        self._lookout = Lookout()
        # Only the store's own thread touches these.
        self._opened: sqlite3.Connection | None = None
        self._tidied = 0  # how many rows had been changed when this was done last
        self._identity: Identity | None = None
        self._fence: int | None = None
        self._kept: dict[str, Holds] = {}  # holds on disk, by account

    async def open(self) -> SqliteStore:
        """Opens the file, making it where there is none. Raises `StoreError`."""
        try:
            await self._run(self._open)
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
        return await self._write(lambda db: acts.claim(db, intents))

    async def record(
        self, entry: Entry, outcome: Outcome, *, at: Millis, attempt: int, detail: str = ""
    ) -> Entry:
        changed = Entry(entry.id, entry.intent, outcome, attempt, at, detail)
        with self._lookout.recording():
            await self._queue.put(self._record, "fenced", changed, can_wait=True)
        return changed

    async def unfinished(self, account: str) -> Sequence[Entry]:
        return await self._run(lambda: acts.unfinished(self._db, account))

    async def holds(self, account: str) -> tuple[Mapping[tuple[str, str], Millis], Millis | None]:
        return await self._run(lambda: self._holds(account))

    async def keep_holds(
        self, account: str, holds: Mapping[tuple[str, str], Millis], *, at: Millis
    ) -> None:
        await self._run(lambda: self._keep_holds(account, dict(holds), at))

    async def ended(self, account: str, since: Millis) -> Mapping[str, Sequence[Millis]]:
        return await self._run(lambda: acts.ended(self._db, account, since))

    async def pauses(self) -> Sequence[Pause]:
        if self._lookout.is_clear(self._fence):
            return []
        standing: list[Pause] = await self._queue.put(self._standing, "reads")
        return standing

    async def pause(self, pause: Pause) -> None:
        with self._lookout.changing():
            await self._write(lambda db: pauses.pause(db, pause))

    async def resume(
        self, *, account: str = "", flow: str = "", rule: str = "", by: str, at: Millis
    ) -> Sequence[Pause]:
        scope = (account, flow, rule)
        with self._lookout.changing():
            return await self._write(lambda db: pauses.resume(db, scope, by, at), fenced=False)

    async def note(self, what: NoteKind, *, by: str, at: Millis, detail: str = "") -> None:
        new = Note(what, by, at, detail)
        await self._write(lambda db: notes.note(db, new), fenced=False)

    async def notes(self, *, since: Millis | None = None, limit: int | None = None) -> list[Note]:
        return await self._run(lambda: notes.told(self._db, since, limit))

    async def lease(self) -> Lease | None:
        return await self._run(lambda: leases.current(self._db))

    async def take(self, holder: str, *, over: Lease | None, at: Millis) -> Lease | None:
        return await self._run(lambda: self._take(holder, over, at))

    async def renew(self, at: Millis) -> Lease:
        return await self._run(lambda: self._renew(at))

    async def release(self) -> None:
        await self._run(self._release)

    async def trim(self, *, before: Millis, keep: Collection[tuple[str, str]]) -> int:
        wish = await self._run(lambda: trimming.wish(self._db, before, keep))
        forgotten = 0
        # Each step is a transaction of its own, and other writers come in between.
        while step := await self._write(lambda db: trimming.step(db, wish)):
            forgotten += step
            await asyncio.sleep(trimming.BREATH)
        return forgotten

    async def history(self, query: HistoryQuery) -> Sequence[Entry]:
        return await self._run(lambda: acts.history(self._db, query))

    async def verify(self) -> Verification:
        return await self._run(self._verify)

    async def close(self) -> None:
        self._lookout.close()
        await self._queue.close(self._close)

    # ---- on its way to the store's own thread -----------------------------------------------

    async def _run(self, work: Callable[[], T]) -> T:
        """Work that sees to its transactions itself."""
        done: T = await self._queue.put(lambda _: [work()], "alone")
        return done

    async def _write(self, work: Callable[[sqlite3.Connection], T], *, fenced: bool = True) -> T:
        """Work that is durable when this returns, in a transaction that it may share."""
        sharing: Sharing = "fenced" if fenced else "writes"
        done: T = await self._queue.put(lambda _: [work(self._db)], sharing)
        return done

    # ---- on the store's own thread ----------------------------------------------------------

    def _do(self, jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
        for alone, group in groupby(jobs, lambda job: job.sharing == "alone"):
            together = list(group)
            tried = not alone and len(together) > 1
            if tried and self._do_together(together):
                yield together
                continue
            for job in together:
                # Meanwhile some may be given up: each try takes long where the file is locked.
                if job.wanted and not (tried and job.given_up):
                    self._do_one(job)
                yield (job,)

    def _do_together(self, jobs: Sequence[Job]) -> bool:
        """All in one transaction; where one of them fails, nothing is done, and False returned."""
        try:
            with self._guarded(), self._transaction(jobs):
                for work, group in groupby(jobs, lambda job: job.work):
                    alike = [job for job in group if job.wanted]
                    results = work([job.given for job in alike]) if alike else ()
                    for job, result in zip(alike, results, strict=True):
                        job.result = result
        except Exception:  # each is done by itself then, and raises what is its own
            return False
        return True

    def _do_one(self, job: Job) -> None:
        try:
            with self._guarded(), self._transaction((job,)):
                (job.result,) = job.work([job.given])
        except BaseException as error:
            job.error = error

    def _transaction(self, jobs: Sequence[Job]) -> AbstractContextManager[None]:
        sharing = {job.sharing for job in jobs}
        if "alone" in sharing:
            return nullcontext()
        fence = self._fence if sharing - {"writes"} else None
        return reading(self._db, fence) if sharing == {"reads"} else writing(self._db, fence)

    def _record(self, entries: Sequence[Entry]) -> Sequence[None]:
        acts.record(self._db, entries)
        return [None] * len(entries)

    def _standing(self, askers: Sequence[None]) -> Sequence[list[Pause]]:
        """Read for all who ask in one moment, and after each of them has asked."""
        standing = pauses.standing(self._db)
        return [standing] * len(askers)

    def _tidy(self) -> None:
        """Brings a log that has grown into the file, so that no commit has to wait for that."""
        if self._opened is None or self._opened.total_changes - self._tidied < ENOUGH:
            return
        self._tidied = self._opened.total_changes
        with suppress(StoreError), self._guarded():
            self._opened.execute("PRAGMA wal_checkpoint(PASSIVE)")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            if self._identity is not None:
                self._identity.check()
            yield
        except sqlite3.Error as error:
            raise explained(error, self._path) from error

    @property
    def _db(self) -> sqlite3.Connection:
        if self._opened is None:
            raise StoreError("the store is closed")
        return self._opened

    def _open(self) -> None:
        self._opened = open_database(self._path, read_only=self._read_only, patience=self._patience)
        if not self._read_only:
            self._identity = Identity(self._path.absolute())
            self._lookout.open(self._path, self._identity)

    def _close(self) -> None:
        self._lookout.close()  # opened since, where this was closed while it opened
        if self._opened is not None:
            db, self._opened = self._opened, None
            db.close()

    def _holds(self, account: str) -> tuple[Holds, Millis | None]:
        found, at = kept(self._db, account)
        self._kept[account] = dict(found)
        return found, at

    def _keep_holds(self, account: str, new: Holds, at: Millis) -> None:
        with writing(self._db, self._fence):
            before = self._kept.get(account)
            if before is None:
                before, _ = kept(self._db, account)
            keep(self._db, account, new, at, before)
        self._kept[account] = new

    def _take(self, holder: str, over: Lease | None, at: Millis) -> Lease | None:
        with writing(self._db):
            taken = leases.take(self._db, holder, over, at)
        if taken is not None:
            self._fence = taken.fence
            self._kept.clear()  # another holder may have kept others since
        return taken

    def _renew(self, at: Millis) -> Lease:
        if self._fence is None:
            raise leases.lost(None)
        with writing(self._db, self._fence):
            return leases.renew(self._db, at)

    def _release(self) -> None:
        """A lease that is lost already is not given back: what this store writes stays refused."""
        if self._fence is None:
            return
        with suppress(LeaseLost):
            with writing(self._db, self._fence):
                leases.release(self._db)
            self._fence = None

    def _verify(self) -> Verification:
        with reading(self._db):
            return verification.verify(self._db)
