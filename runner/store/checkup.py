"""Examines a store for `callflow doctor`: does it open, can it be written, is it whole?

It makes no store and changes none: what it writes is rolled back. Everything here blocks; run it
on a thread, with `seconds` as the limit for each of the two long looks.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from runner.engine.ports import StoreError
from runner.store.database import open_database
from runner.store.failures import explained
from runner.store.verification import verify
from runner.store.versions import VERSIONS

T = TypeVar("T")

#: Written and taken back: more than SQLite's cache holds below, so that it reaches the disk.
_PROBE_BYTES = 256 * 1024
#: SQLite calls back after this many steps of its machine, about a millisecond's.
_STEPS = 10_000
#: Seconds to wait for another program's lock.
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found. Where no file `exists` yet, nothing but `not_written` was looked at.

    `not_written` is what kept it from being written, None where nothing did; `damage` and
    `tampered` say what is wrong with it, "" where nothing is. `unfinished` names what took longer
    than it may. `rows` are the journal's; `newest` is the version that this callflow writes.
    """

    exists: bool
    version: int = 0
    newest: int = len(VERSIONS)
    not_written: StoreError | None = None
    damage: str = ""
    tampered: str = ""
    rows: int = 0
    unfinished: tuple[str, ...] = ()


def examine(path: Path, *, seconds: float) -> Checkup:
    """Looks at everything. Raises `StoreError` where it is not a store that could be opened."""
    if not path.parent.is_dir():
        raise StoreError(
            f"there is no folder {path.parent}",
            hint="make the folder, or name another file with --store sqlite:///FILE",
        )
    if not path.exists():
        return Checkup(exists=False, not_written=_folder_fault(path.parent))
    try:
        with closing(open_database(path, read_only=True, patience=_PATIENCE)) as db:
            return _looked_at(db, path, seconds)
    except sqlite3.Error as error:
        raise explained(error, path) from error


def _looked_at(db: sqlite3.Connection, path: Path, seconds: float) -> Checkup:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    unfinished = []
    damage = _within(db, seconds, _damage)
    if damage is None:
        unfinished.append("PRAGMA quick_check")
    verified = None if damage else _within(db, seconds, verify)
    if verified is None and not damage:
        unfinished.append("callflow history --verify")
    return Checkup(
        exists=True,
        version=version,
        not_written=None if damage else _write_fault(path),
        damage=damage or "",
        tampered=verified.fault if verified else "",
        rows=verified.rows if verified else 0,
        unfinished=tuple(unfinished),
    )


def _damage(db: sqlite3.Connection) -> str:
    (first,) = db.execute("PRAGMA quick_check(1)").fetchone()
    return "" if first == "ok" else " ".join(str(first).split())


def _write_fault(path: Path) -> StoreError | None:
    """Writes for real, to the disk, and takes it back."""
    try:
        uri = f"{path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)
        with closing(connection) as db:
            db.execute("PRAGMA cache_size = 10")  # pages; what is more goes to the disk at once
            db.execute("BEGIN IMMEDIATE")
            db.execute("CREATE TABLE doctor (filling BLOB)")
            db.execute("INSERT INTO doctor VALUES (zeroblob(?))", (_PROBE_BYTES,))
            db.execute("ROLLBACK")
    except sqlite3.Error as error:
        return explained(error, path)
    return None


def _folder_fault(folder: Path) -> StoreError | None:
    """Whether a store could be made there."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_PROBE_BYTES))
            os.fsync(file.fileno())
    except OSError as error:
        hint = "make the folder writable, free space, or name another with --store"
        return StoreError(f"can't write to {folder}: {error.strerror}", hint=hint)
    return None


def _within(
    db: sqlite3.Connection, seconds: float, work: Callable[[sqlite3.Connection], T]
) -> T | None:
    """What the work brings; None where it took longer."""
    until = time.monotonic() + seconds
    db.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS)
    try:
        return work(db)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    finally:
        db.set_progress_handler(None, 0)
