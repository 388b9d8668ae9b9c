"""The ledger in one SQLite file: durable before anything is sent, nothing else to install."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from runner.decision.once import Past
from runner.engine.ports import Entry, HistoryQuery, Intent, Outcome, StoreError, first_outcome
from runner.model import Millis

T = TypeVar("T")

#: Marks a file as ours (`PRAGMA application_id`), so that no other program's file is written to.
APPLICATION_ID = 0x43464C57  # "CFLW"
SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE acts (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  account    TEXT NOT NULL,
  call_sid   TEXT NOT NULL,
  flow       TEXT NOT NULL,
  rule       TEXT NOT NULL,
  revision   TEXT NOT NULL,
  then_      TEXT NOT NULL,     -- JSON list of action names
  request    TEXT NOT NULL,     -- JSON object of form fields
  why        TEXT NOT NULL,
  at         INTEGER NOT NULL,  -- milliseconds since the epoch
  number     INTEGER NOT NULL,  -- the rule's how many-eth act on this call; 0 is a shadow's
  value      TEXT NOT NULL,     -- of the field that `once: {per: ...}` names
  outcome    TEXT NOT NULL,
  attempt    INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  detail     TEXT NOT NULL DEFAULT ''
);
-- Each act once: only one that was withdrawn before sending makes room for another.
CREATE UNIQUE INDEX acts_once ON acts (account, call_sid, flow, rule, number)
  WHERE outcome <> 'withdrawn';
CREATE INDEX acts_by_value ON acts (account, flow, rule, value, at) WHERE value <> '';
CREATE INDEX acts_unfinished ON acts (account) WHERE outcome IN ('intended', 'retrying');
CREATE INDEX acts_by_call ON acts (call_sid);
CREATE TABLE holds (
  account  TEXT NOT NULL,
  call_sid TEXT NOT NULL,
  rule     TEXT NOT NULL,       -- flow/rule@hash of its conditions
  since    INTEGER NOT NULL,
  PRIMARY KEY (account, call_sid, rule)
) WITHOUT ROWID;
CREATE TABLE polls (
  account TEXT PRIMARY KEY,
  at      INTEGER NOT NULL      -- the last poll whose holds were kept
) WITHOUT ROWID;
"""

_COLUMNS = (
    "id, account, call_sid, flow, rule, revision, then_, request, why, at, number, value,"
    " outcome, attempt, updated_at, detail"
)


class SqliteStore:
    """Implements the `Store` protocol on one file.

    All work happens on one thread of its own, so that a slow disk never stalls the event loop.
    """

    def __init__(self, path: Path, *, read_only: bool = False, patience: float = 5.0) -> None:
        """`patience` is how many seconds to wait for another program's lock."""
        self._path = path
        self._patience = patience
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._db: sqlite3.Connection | None = None
        self._read_only = read_only
        self._kept: dict[str, dict[tuple[str, str], Millis]] = {}  # holds on disk, by account

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
        return await self._run(lambda: self._acts(account, call_sids))

    async def values(
        self, account: str, keys: Collection[tuple[str, str, bool]]
    ) -> Mapping[tuple[str, str, bool], Millis]:
        return await self._run(lambda: self._values(account, keys))

    async def claim(self, intents: Sequence[Intent]) -> Sequence[Entry]:
        return await self._run(lambda: self._claim(intents))

    async def record(
        self, entry: Entry, outcome: Outcome, *, at: Millis, attempt: int, detail: str = ""
    ) -> Entry:
        def write() -> None:
            with self._connection:
                self._connection.execute(
                    "UPDATE acts SET outcome = ?, attempt = ?, updated_at = ?, detail = ?"
                    " WHERE id = ?",
                    (outcome, attempt, at, detail, entry.id),
                )

        await self._run(write)
        return Entry(entry.id, entry.intent, outcome, attempt, at, detail)

    async def unfinished(self, account: str) -> Sequence[Entry]:
        return await self._run(
            lambda: self._select(
                "account = ? AND outcome IN ('intended', 'retrying') ORDER BY id", [account]
            )
        )

    async def holds(self, account: str) -> tuple[Mapping[tuple[str, str], Millis], Millis | None]:
        return await self._run(lambda: self._holds(account))

    async def keep_holds(
        self, account: str, holds: Mapping[tuple[str, str], Millis], *, at: Millis
    ) -> None:
        await self._run(lambda: self._keep_holds(account, dict(holds), at))

    async def history(self, query: HistoryQuery) -> Sequence[Entry]:
        return await self._run(lambda: self._history(query))

    async def close(self) -> None:
        if self._db is not None:
            db, self._db = self._db, None
            await asyncio.get_running_loop().run_in_executor(self._thread, db.close)
        self._thread.shutdown(wait=False)

    # ---- on the store's own thread ----------------------------------------------------------

    async def _run(self, work: Callable[[], T]) -> T:
        def guarded() -> T:
            try:
                return work()
            except sqlite3.Error as error:
                raise _explained(error, self._path) from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, guarded)

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise StoreError("the store is closed")
        return self._db

    def _open(self) -> None:
        mode = "ro" if self._read_only else "rwc"
        if not self._path.parent.is_dir():
            raise StoreError(
                f"can't open the store {self._path}: there is no folder {self._path.parent}",
                hint="make the folder, or name another file with --store sqlite:///FILE",
            )
        uri = f"{self._path.absolute().as_uri()}?mode={mode}"
        self._db = sqlite3.connect(uri, uri=True, timeout=self._patience, check_same_thread=False)
        if not self._read_only:
            self._db.execute("PRAGMA journal_mode = WAL")
            # An intent that a power cut takes back could be acted on twice.
            self._db.execute("PRAGMA synchronous = FULL")
        self._prepare(self._db)

    def _prepare(self, db: sqlite3.Connection) -> None:
        (owner,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables == 0 and not self._read_only:
            db.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {APPLICATION_ID};"
                f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )
        elif owner != APPLICATION_ID:
            raise StoreError(
                f"{self._path} is a SQLite file of another program",
                hint="name another file with --store sqlite:///FILE",
            )
        elif version > SCHEMA_VERSION:
            raise StoreError(
                f"{self._path} was written by a newer callflow (store version {version}, "
                f"this one knows {SCHEMA_VERSION})",
                hint="run the newer callflow, or name another file with --store",
            )

    def _acts(self, account: str, call_sids: Collection[str]) -> dict[str, dict[str, Past]]:
        rows = self._connection.execute(
            "SELECT call_sid, flow || '/' || rule, total(number > 0), max(iif(number > 0, at, 0)),"
            " min(number) = 0 FROM acts WHERE account = ? AND outcome <> 'withdrawn'"
            " AND call_sid IN (SELECT value FROM json_each(?)) GROUP BY call_sid, flow, rule",
            (account, json.dumps(list(call_sids))),
        )
        found: dict[str, dict[str, Past]] = {}
        for sid, rule, count, last, shadowed in rows:
            found.setdefault(sid, {})[rule] = Past(int(count), last, bool(shadowed))
        return found

    def _values(
        self, account: str, keys: Collection[tuple[str, str, bool]]
    ) -> dict[tuple[str, str, bool], Millis]:
        found = {}
        for key in keys:
            rule_key, value, shadow = key
            flow, _, rule = rule_key.partition("/")
            (last,) = self._connection.execute(
                "SELECT max(at) FROM acts WHERE account = ? AND flow = ? AND rule = ?"
                " AND value = ? AND value <> '' AND (number = 0) = ? AND outcome <> 'withdrawn'",
                (account, flow, rule, value, shadow),
            ).fetchone()
            if last is not None:
                found[key] = last
        return found

    def _holds(self, account: str) -> tuple[dict[tuple[str, str], Millis], Millis | None]:
        rows = self._connection.execute(
            "SELECT call_sid, rule, since FROM holds WHERE account = ?", (account,)
        )
        holds = {(sid, rule): since for sid, rule, since in rows}
        self._kept[account] = dict(holds)
        poll = self._connection.execute("SELECT at FROM polls WHERE account = ?", (account,))
        last = poll.fetchone()
        return holds, None if last is None else last[0]

    def _keep_holds(self, account: str, holds: dict[tuple[str, str], Millis], at: Millis) -> None:
        before = self._kept.get(account)
        if before is None:
            before, _ = self._holds(account)
        gone = [(account, *key) for key in before.keys() - holds.keys()]
        new = [(account, *key, since) for key, since in holds.items() if before.get(key) != since]
        with self._connection as db:
            db.executemany(
                "DELETE FROM holds WHERE account = ? AND call_sid = ? AND rule = ?", gone
            )
            db.executemany("INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?)", new)
            db.execute("INSERT OR REPLACE INTO polls VALUES (?, ?)", (account, at))
        self._kept[account] = holds

    def _claim(self, intents: Sequence[Intent]) -> list[Entry]:
        entries = []
        with self._connection as db:
            db.execute("BEGIN IMMEDIATE")
            for intent in intents:
                cursor = db.execute(
                    "INSERT INTO acts (account, call_sid, flow, rule, revision, then_, request,"
                    " why, at, number, value, outcome, attempt, updated_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING",
                    (*_row_of(intent), first_outcome(intent), intent.at),
                )
                if cursor.rowcount and cursor.lastrowid is not None:
                    outcome = first_outcome(intent)
                    entries.append(Entry(cursor.lastrowid, intent, outcome, 1, intent.at))
        return entries

    def _history(self, query: HistoryQuery) -> list[Entry]:
        where, values = ["1"], []
        for clause, value in (
            ("call_sid = ?", query.call_sid),
            ("outcome = ?", query.outcome),
            ("at >= ?", query.since),
        ):
            if value is not None:
                where.append(clause)
                values.append(value)
        if query.rule is not None:
            where.append("(flow || '/' || rule = ? OR flow = ?)")
            values += [query.rule, query.rule]
        limit = -1 if query.limit is None else query.limit
        newest = self._select(" AND ".join(where) + " ORDER BY id DESC LIMIT ?", [*values, limit])
        return newest[::-1]

    def _select(self, where: str, values: Sequence[Any]) -> list[Entry]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM acts WHERE {where}", values)
        return [_entry_of(row) for row in rows]


def _row_of(intent: Intent) -> tuple[str | int, ...]:
    return (
        intent.account,
        intent.call_sid,
        intent.flow,
        intent.rule,
        intent.revision,
        json.dumps(intent.then),
        json.dumps(intent.request, ensure_ascii=False),
        intent.why,
        intent.at,
        intent.number,
        intent.value,
    )


def _entry_of(row: tuple[Any, ...]) -> Entry:
    id_, account, sid, flow, rule, revision, then, request, why, at, number, value, *state = row
    outcome, attempt, updated_at, detail = state
    intent = Intent(
        account=account,
        call_sid=sid,
        flow=flow,
        rule=rule,
        revision=revision,
        then=tuple(json.loads(then)),
        request=json.loads(request),
        why=why,
        at=at,
        number=number,
        value=value,
    )
    return Entry(id_, intent, outcome, attempt, updated_at, detail)


def _explained(error: sqlite3.Error, path: Path) -> StoreError:
    """SQLite's terse errors in words, each with what to do."""
    text = str(error)
    if "readonly" in text or "unable to open" in text:
        return StoreError(
            f"can't write the store {path}: {text}",
            hint="make the file and its folder writable, or name another with --store",
        )
    if "not a database" in text or "malformed" in text:
        return StoreError(
            f"the store {path} is not a SQLite database, or is damaged: {text}",
            hint="restore it from a backup, or move it away to start afresh: without it, "
            "calls that were acted on before may be acted on again",
        )
    if "locked" in text or "busy" in text:
        return StoreError(
            f"the store {path} is in use by another program: {text}",
            hint="find out what else has it open, and stop it",
        )
    if "full" in text:
        return StoreError(f"can't write the store {path}: {text}", hint="free some disk space")
    return StoreError(f"the store {path} failed: {text}")
