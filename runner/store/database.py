"""The SQLite file: opened, recognised as ours, and brought up to date."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from runner.engine.ports import StoreError
from runner.store.transactions import reading, writing
from runner.store.versions import VERSIONS, VIEWS, statements, upgrade

#: Marks a file as ours (`PRAGMA application_id`), so that no other program's file is written to.
APPLICATION_ID = 0x43464C57  # "CFLW"
SCHEMA_VERSION = len(VERSIONS)
#: How much of the file is kept in memory at most.
_CACHE_KIB = 16_384
#: Pages of 4 KiB in the write-ahead log.
_LONGEST_LOG = 10_000


def open_database(path: Path, *, read_only: bool, patience: float) -> sqlite3.Connection:
    """Opens the file, making it where there is none. Raises `StoreError` or `sqlite3.Error`."""
    if not path.parent.is_dir():
        raise StoreError(
            f"can't open the store {path}: there is no folder {path.parent}",
            hint="make the folder, or name another file with --store sqlite:///FILE",
        )
    if not read_only and not path.exists():
        # It holds phone numbers: for its owner's eyes. SQLite gives its companions the same mode.
        with suppress(OSError):  # which SQLite then explains
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    db = sqlite3.connect(
        uri, uri=True, timeout=patience, check_same_thread=False, isolation_level=None
    )
    try:
        if not read_only:
            _write_ahead(db, patience)
        _recognise(db, path, read_only=read_only)
    except BaseException:
        db.close()
        raise
    return db


def _write_ahead(db: sqlite3.Connection, patience: float) -> None:
    """Switches to a write-ahead log, for which SQLite itself doesn't wait for others."""
    until = time.monotonic() + patience
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
    # An intent that a power cut takes back could be acted on twice.
    db.execute("PRAGMA synchronous = FULL")
    # The store sees to the log when it has nothing else to do; where it always has, a commit does.
    db.execute(f"PRAGMA wal_autocheckpoint = {_LONGEST_LOG}")
    # What a poll's intents touch in a large ledger; with less, pages are written and read twice.
    db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def _recognise(db: sqlite3.Connection, path: Path, *, read_only: bool) -> None:
    """Brings a new or older file up to date, and refuses files that are not ours to write to."""
    with reading(db):  # of one moment: another process may just be making the file
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (owner,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
    if owner != APPLICATION_ID and (owner or tables or read_only):
        raise StoreError(
            f"{path} is a SQLite file of another program",
            hint="name another file with --store sqlite:///FILE",
        )
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} was written by a newer callflow (store version {version}, "
            f"this one knows {SCHEMA_VERSION})",
            hint="run the newer callflow, or name another file with --store",
        )
    if not read_only:
        with writing(db):  # even where nothing is to do: whether it can be written shows now
            upgrade(db, APPLICATION_ID)
    elif version < SCHEMA_VERSION:
        _show_as_todays(db, version)


def _show_as_todays(db: sqlite3.Connection, version: int) -> None:
    """For a file that may not be changed: `callflow run` brings it up to date."""
    db.execute("PRAGMA temp_store = MEMORY")
    for statement in statements(VIEWS[version]):
        db.execute(statement)
