"""Holds in SQL: since when which rule's conditions hold on which call, as of the last poll."""

from __future__ import annotations

import sqlite3

from runner.model import Millis

#: (call SID, rule) → since when.
Holds = dict[tuple[str, str], Millis]


def kept(db: sqlite3.Connection, account: str) -> tuple[Holds, Millis | None]:
    """See `Store.holds`."""
    rows = db.execute("SELECT call_sid, rule, since FROM holds WHERE account = ?", (account,))
    holds = {(sid, rule): since for sid, rule, since in rows}
    poll = db.execute("SELECT at FROM polls WHERE account = ?", (account,)).fetchone()
    return holds, None if poll is None else poll[0]


def keep(db: sqlite3.Connection, account: str, holds: Holds, at: Millis, before: Holds) -> None:
    """See `Store.keep_holds`. Writes what differs from `before`: most only go on holding."""
    gone = [(account, *key) for key in before.keys() - holds.keys()]
    new = [(account, *key, since) for key, since in holds.items() if before.get(key) != since]
    db.executemany("DELETE FROM holds WHERE account = ? AND call_sid = ? AND rule = ?", gone)
    db.executemany("INSERT OR REPLACE INTO holds VALUES (?, ?, ?, ?)", new)
    db.execute("INSERT OR REPLACE INTO polls VALUES (?, ?)", (account, at))
