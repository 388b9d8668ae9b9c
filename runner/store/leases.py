"""The lease in SQL: who may act, changed only where it is as the asker believes it to be."""

from __future__ import annotations

import sqlite3

from runner.engine.ports import Lease, LeaseLost, StoreError
from runner.model import Millis

_HINT = "only one runner acts on what is in a store: let this one wait, or stop it"


def current(db: sqlite3.Connection) -> Lease | None:
    """See `Store.lease`."""
    holder, fence, beat, at = _row(db)
    return None if holder is None else Lease(holder, fence, beat, at)


def take(db: sqlite3.Connection, holder: str, over: Lease | None, at: Millis) -> Lease | None:
    """See `Store.take`."""
    if current(db) != over:
        return None
    (_, fence, _, _) = _row(db)
    db.execute("INSERT OR REPLACE INTO lease VALUES (1, ?, ?, 0, ?)", (holder, fence + 1, at))
    return Lease(holder, fence + 1, 0, at)


def renew(db: sqlite3.Connection, at: Millis) -> Lease:
    """Adds a beat to the lease, which the caller's transaction has made sure of."""
    db.execute("UPDATE lease SET beat = beat + 1, at = ?", (at,))
    renewed = current(db)
    assert renewed is not None, "the lease was checked in this transaction"
    return renewed


def release(db: sqlite3.Connection) -> None:
    """Leaves the lease to whoever asks next; the caller's transaction has made sure of it."""
    db.execute("UPDATE lease SET holder = NULL")


def check(db: sqlite3.Connection, fence: int | None) -> None:
    """Raises `LeaseLost` where there is a fence and the lease has another one by now."""
    if fence is None:
        return
    holder, found, _, _ = _row(db)
    if holder is None or found != fence:
        raise lost(holder)


def lost(holder: str | None) -> LeaseLost:
    """What to raise when the lease is another's, or nobody's."""
    who = f"{holder} has it now" if holder else "it is given back"
    return LeaseLost(f"this runner has lost the lease of the store: {who}", hint=_HINT)


def _row(db: sqlite3.Connection) -> tuple[str | None, int, int, Millis]:
    row = db.execute("SELECT holder, fence, beat, at FROM lease").fetchone()
    if row is None:
        return (None, 0, 0, 0)
    holder, *numbers = row
    if not isinstance(holder, str | None) or not all(isinstance(n, int) for n in numbers):
        raise StoreError(
            f"the store's lease can't be read: {row!r}",
            hint="stop every runner of this store, then restore it from a backup",
        )
    return (holder, *numbers)
