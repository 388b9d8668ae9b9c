"""SQLite's terse errors in words, each with what to do."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import NamedTuple

from runner.engine.ports import StoreError

_AGAIN = "without it, calls that were acted on before may be acted on again"


class _Said(NamedTuple):
    """What is said of the file, before SQLite's own words, and what to do."""

    message: str
    hint: str


_FULL = _Said("can't write the store {path}", "free some disk space; nothing acts until then")
_CLOSED = _Said(
    "can't open or write the store {path}",
    "make the file and its folder writable, or name another with --store",
)
_DAMAGED = _Said(
    "the store {path} is not a SQLite database, or is damaged",
    f"restore it from a backup, or move it away to start afresh: {_AGAIN}",
)
_BUSY = _Said(
    "the store {path} is in use by another program", "find out what else has it open, and stop it"
)
_DISK = _Said(
    "the disk failed the store {path}",
    "look whether the disk is full or failing, a quota or file size limit is reached, or a "
    "network share is gone",
)
_OTHER = _Said("the store {path} failed", "")

#: By SQLite's primary result code.
_BY_CODE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _CLOSED,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_PERM: _CLOSED,
    sqlite3.SQLITE_AUTH: _CLOSED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_PROTOCOL: _BUSY,
    sqlite3.SQLITE_IOERR: _DISK,
}
#: What comes without a code of its own.
_BY_WORD = {"Could not decode": _DAMAGED, "malformed": _DAMAGED, "no such table": _DAMAGED}


def explained(error: sqlite3.Error, path: Path) -> StoreError:
    """The error as one of ours."""
    said = _BY_CODE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    if said is None:
        said = next((each for word, each in _BY_WORD.items() if word in str(error)), _OTHER)
    return StoreError(f"{said.message.format(path=path)}: {error}", hint=said.hint)


class Identity:
    """Which file, and which companions of it, are open: a path can come to mean another.

    A database that was deleted or replaced takes writes all the same, and nobody finds them again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files = [f"{path}{suffix}" for suffix in ("", "-wal", "-shm")]
        self._seen = [_inode(file) for file in self._files]

    def check(self) -> None:
        """Raises `StoreError` where one of them is not the file that was opened."""
        for file, seen in zip(self._files, self._seen, strict=True):
            found = _inode(file)
            if found != seen:
                what = "deleted" if found is None else "replaced"
                raise StoreError(
                    f"the store's file {file} was {what} while it was in use",
                    hint=f"put the file back, or restore {self._path.name} from a backup and "
                    f"start callflow again: {_AGAIN}",
                )


def _inode(file: str) -> tuple[int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return (found.st_dev, found.st_ino)
