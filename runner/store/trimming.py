"""Trimming: forgets old acts and the front of the journal, in steps that hold up nobody for long.

Only a prefix of the journal goes, and its last row's number and hash stay behind in two places:
the checkpoint, where verification begins, and a row at the journal's end. What the prefix tells
about acts and pauses that stay is told again at the end. No part of an act goes before all of them
were over for long enough, tries that were withdrawn included; where the cut falls between them,
the others go with a later trim. A trim that finds its part of the file
not as it was written stops: it would remove the evidence.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from runner.engine.ports import StoreError
from runner.model import Millis
from runner.store import pauses
from runner.store.journal import Mark, Pen, checkpoint, last
from runner.store.verification import Walk, acts_differ

#: How many rows of the journal one step looks at: some 30 ms during which other writers wait.
STEP = 500
#: How many it looks at where none of those can go: old acts that stay may stand in front of others.
FURTHER = 20_000
#: Seconds between two steps. Whoever waits for SQLite's lock looks again every 0.1 s at the latest.
BREATH = 0.11


@dataclass(frozen=True, slots=True)
class Wish:
    """What to forget: acts over before then, on no call of `keep`, told of up to `end`."""

    before: Millis
    keep: frozenset[tuple[str, str]]
    end: int


def wish(db: sqlite3.Connection, before: Millis, keep: Collection[tuple[str, str]]) -> Wish:
    """For one trim: what is told again on the way is not looked at in the same trim."""
    return Wish(before, frozenset(keep), last(db).seq)


def step(db: sqlite3.Connection, wanted: Wish) -> int:
    """Forgets some of it; returns how many acts went, 0 when there is no more to do."""
    going = _going(db, wanted, STEP) or _going(db, wanted, FURTHER)
    if not going:
        return 0
    cut = max(going.values())
    walk = Walk(checkpoint(db))
    for row in db.execute("SELECT * FROM journal WHERE seq <= ? ORDER BY seq", (cut,)):
        _insist(walk.step(*row))
    _insist(acts_differ(db, walk, going.keys()))
    _insist(_pauses_differ(db))
    _tell(db, walk, going, wanted.before)
    _forget(db, walk.at, going)
    return len(going)


def _going(db: sqlite3.Connection, wanted: Wish, rows: int) -> dict[int, int]:
    """Which acts can go, of those in the first so many rows; each with the last row about it.

    An act of which a later row tells stays, to be looked at when that row is in front. Rows about
    no act, which can be told again, don't count.
    """
    (end,) = db.execute(
        "SELECT max(seq) FROM"
        " (SELECT seq FROM journal WHERE act <> 0 AND seq <= ? ORDER BY seq LIMIT ?)",
        (wanted.end, rows),
    ).fetchone()
    old = db.execute(
        "SELECT id, told, account, call_sid, flow, rule, number FROM acts"
        " WHERE updated_at < ? AND told <= ? AND outcome NOT IN ('intended', 'retrying')"
        " AND id IN (SELECT act FROM journal WHERE seq <= ?)",
        (wanted.before, end, end),
    )
    going = {entry: (told, act) for entry, told, *act in old if (act[0], act[1]) not in wanted.keep}
    held = not_over(db, wanted.before, {act[1] for _, act in going.values()})
    return {entry: told for entry, (told, act) in going.items() if tuple(act) not in held}


def not_over(
    db: sqlite3.Connection, before: Millis, call_sids: Collection[str]
) -> set[tuple[Any, ...]]:
    """The acts on these calls of which some part was not over before then."""
    of_calls = (
        "SELECT account, call_sid, flow, rule, number FROM acts"
        " WHERE call_sid IN (SELECT value FROM json_each(?1)) AND"
    )
    rows = db.execute(
        f"{of_calls} outcome = 'withdrawn' AND updated_at >= ?2"
        f" UNION {of_calls} outcome <> 'withdrawn'"
        " AND (updated_at >= ?2 OR outcome IN ('intended', 'retrying'))",
        (json.dumps(list(call_sids)), before),
    )
    return set(rows)


def _tell(db: sqlite3.Connection, walk: Walk, going: dict[int, int], before: Millis) -> None:
    """Writes to the journal's end what its front told that stays, and the trim itself."""
    pen, cut = Pen(db), walk.at
    for act in sorted(walk.acts.keys() - going.keys()):
        row = pen.append(act, walk.acts[act] | {"restated": walk.newest[act]})
        moved = db.execute("UPDATE acts SET told = ? WHERE id = ? AND told < ?", (row, act, row))
        _insist("" if moved.rowcount else f"act {act} of the journal is not in the ledger")
    pauses.restate(db, pen, cut.seq)
    told = {"event": "trimmed", "seq": cut.seq, "hash": cut.hash}
    pen.append(0, told | {"before": before, "acts": len(going)})


def _forget(db: sqlite3.Connection, cut: Mark, going: dict[int, int]) -> None:
    db.execute("INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?)", (cut.seq, cut.hash))
    db.execute("DELETE FROM journal WHERE seq <= ?", (cut.seq,))
    db.executemany("DELETE FROM acts WHERE id = ?", [(act,) for act in going])


def _pauses_differ(db: sqlite3.Connection) -> str:
    rows = db.execute("SELECT body FROM journal WHERE act = 0 ORDER BY seq")
    return pauses.difference(db, [json.loads(body) for (body,) in rows])


def _insist(fault: str) -> None:
    if fault:
        raise StoreError(
            f"the store was not trimmed, because it is not as it was written: {fault}",
            hint="callflow history --verify says more; restore the file from a backup",
        )
