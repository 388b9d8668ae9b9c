"""The SQLite file: opened, recognised as ours, its tables made; SQLite's errors in words."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from runner.engine.ports import StoreError

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

-- Everything that was ever written to acts, in order; each row's hash covers the row before it.
CREATE TABLE journal (
  seq  INTEGER PRIMARY KEY,
  act  INTEGER NOT NULL,
  body TEXT NOT NULL,           -- JSON object
  hash TEXT NOT NULL
);
CREATE TRIGGER journal_is_final BEFORE UPDATE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_whole BEFORE DELETE ON journal
  BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

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
    db = sqlite3.connect(uri, uri=True, timeout=patience, check_same_thread=False)
    try:
        if not read_only:
            db.execute("PRAGMA journal_mode = WAL")
            # An intent that a power cut takes back could be acted on twice.
            db.execute("PRAGMA synchronous = FULL")
        _recognise(db, path, read_only=read_only)
    except BaseException:
        db.close()
        raise
    return db


def _recognise(db: sqlite3.Connection, path: Path, *, read_only: bool) -> None:
    """Makes the tables in a new file, and refuses files that are not ours to write to."""
    (owner,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables == 0 and not read_only:
        db.executescript(
            f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA application_id = {APPLICATION_ID};"
            f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )
    elif owner != APPLICATION_ID:
        raise StoreError(
            f"{path} is a SQLite file of another program",
            hint="name another file with --store sqlite:///FILE",
        )
    elif version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} was written by a newer callflow (store version {version}, "
            f"this one knows {SCHEMA_VERSION})",
            hint="run the newer callflow, or name another file with --store",
        )


def explained(error: sqlite3.Error, path: Path) -> StoreError:
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
