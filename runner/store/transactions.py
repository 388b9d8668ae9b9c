"""Transactions that are all or nothing, and belong to whoever holds the lease."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from runner.store import leases


@contextmanager
def writing(db: sqlite3.Connection, fence: int | None = None) -> Iterator[None]:
    """One write transaction. With a fence, only while the lease still has it: else `LeaseLost`."""
    with _transaction(db, "BEGIN IMMEDIATE"):
        leases.check(db, fence)
        yield


@contextmanager
def reading(db: sqlite3.Connection, fence: int | None = None) -> Iterator[None]:
    """All that is read inside is of one moment; the fence as in `writing`."""
    with _transaction(db, "BEGIN"):
        leases.check(db, fence)
        yield


@contextmanager
def _transaction(db: sqlite3.Connection, begin: str) -> Iterator[None]:
    db.execute(begin)
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # some failures have rolled it back already
            db.execute("ROLLBACK")
        raise
