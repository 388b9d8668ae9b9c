"""The journal: every change of the store, append-only, each row's hash covering the one before.

Rows about an act have its id; rows about pauses, notes and trims have 0. Whoever changes or removes
a row in the file breaks the chain from there on, and `verification.py` says where. Cutting off the
end can't be seen from inside: keep the last hash elsewhere to notice that.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

#: What the first row's hash covers in place of a row before it.
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the journal: a row's number, and its hash."""

    seq: int
    hash: str


START = Mark(0, GENESIS)
#: A body has one spelling.
_ONE_WAY = msgspec.json.Encoder(order="sorted")


class Pen:
    """Appends rows within one transaction of the caller's, which makes them durable."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._last = last(db)

    @property
    def next(self) -> int:
        """The number that the next row will have."""
        return self._last.seq + 1

    def append(self, act: int, body: dict[str, Any]) -> int:
        """Adds a row about this act (0: about none); returns its number."""
        self.append_all([(act, body)])
        return self._last.seq

    def append_all(self, told: Iterable[tuple[int, dict[str, Any]]]) -> None:
        """Adds a row for each of these, in order."""
        (seq, head), rows = (self._last.seq, self._last.hash), []
        for act, body in told:
            text = _ONE_WAY.encode(body).decode()
            seq, head = seq + 1, chained(head, act, text)
            rows.append((seq, act, text, head))
        self._db.executemany("INSERT INTO journal VALUES (?, ?, ?, ?)", rows)
        self._last = Mark(seq, head)


def last(db: sqlite3.Connection) -> Mark:
    """The last row."""
    row = db.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    return START if row is None else Mark(*row)


def checkpoint(db: sqlite3.Connection) -> Mark:
    """The last row that was trimmed: the first one left follows it."""
    row = db.execute("SELECT seq, hash FROM checkpoint").fetchone()
    return START if row is None else Mark(*row)


def chained(before: str, act: int, body: str) -> str:
    """The hash of a row, given the hash of the row before it."""
    return hashlib.sha256(f"{before}\n{act}\n{body}".encode()).hexdigest()
