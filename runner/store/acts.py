"""The ledger's SQL: claiming acts, recording outcomes, and reading them back.

Whoever calls what writes has a transaction open.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from itertools import count
from typing import Any

from runner.decision.once import Past
from runner.engine.ports import Entry, HistoryQuery, Intent, first_outcome
from runner.model import Millis
from runner.store.journal import Pen
from runner.store.pasts import NEVER, with_act
from runner.store.rows import (
    COLUMNS,
    INSERT,
    claim_told,
    entry_of,
    forgotten,
    outcome_told,
    row_of,
    taken,
)

#: One line an act: what of it stands, and which parts of it are there as withdrawn only.
_ACTS = """
SELECT call_sid, flow || '/' || rule, number, max(at), iif(number = 0, NULL, (
  SELECT nullif(json_group_array(DISTINCT part), '[]') FROM acts AS gone
  WHERE gone.account = here.account AND gone.call_sid = here.call_sid AND gone.flow = here.flow
    AND gone.rule = here.rule AND gone.number = here.number AND gone.outcome = 'withdrawn'
    AND NOT EXISTS (
      SELECT 1 FROM acts AS again
      WHERE again.account = here.account AND again.call_sid = here.call_sid
        AND again.flow = here.flow AND again.rule = here.rule AND again.number = here.number
        AND again.part = gone.part AND again.outcome <> 'withdrawn')))
FROM acts AS here
WHERE account = ? AND outcome <> 'withdrawn' AND call_sid IN (SELECT value FROM json_each(?))
GROUP BY call_sid, flow, rule, number
"""
_LAST_ID = """
SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'acts'), 0),
  coalesce((SELECT max(id) FROM acts), 0))
"""
#: How an act stands from now on.
_RECORD = (
    "UPDATE acts SET outcome = ?, attempt = ?, updated_at = ?, detail = ?, told = ? WHERE id = ?"
)
#: As two questions, because an index answers each.
_OF_CALL = "(call_sid = ?1 AND outcome <> 'withdrawn' OR call_sid = ?1 AND outcome = 'withdrawn')"


def acts(
    db: sqlite3.Connection, account: str, call_sids: Collection[str]
) -> dict[str, dict[str, Past]]:
    """See `Store.acts`."""
    found: dict[str, dict[str, Past]] = {}
    for sid, rule, number, at, gone in db.execute(_ACTS, (account, json.dumps(list(call_sids)))):
        rules, missing = found.setdefault(sid, {}), json.loads(gone) if gone else ()
        rules[rule] = with_act(rules.get(rule, NEVER), number=number, at=at, missing=missing)
    return found


def values(
    db: sqlite3.Connection, account: str, keys: Collection[tuple[str, str, bool]]
) -> dict[tuple[str, str, bool], Millis]:
    """See `Store.values`."""
    found = {}
    for key in keys:
        rule_key, value, shadow = key
        flow, _, rule = rule_key.partition("/")
        (last,) = db.execute(
            "SELECT max(at) FROM acts WHERE account = ? AND flow = ? AND rule = ? AND value = ?"
            " AND value <> '' AND (number = 0) = ? AND outcome <> 'withdrawn'",
            (account, flow, rule, value, shadow),
        ).fetchone()
        if last is not None:
            found[key] = last
    return found


def ended(db: sqlite3.Connection, account: str, since: Millis) -> dict[str, list[Millis]]:
    """See `Store.ended`."""
    rows = db.execute(
        "SELECT flow || '/' || rule, max(at) AS latest FROM acts WHERE account = ? AND at > ?"
        " AND ends = 1 AND number > 0 AND outcome <> 'withdrawn'"
        " GROUP BY flow, rule, call_sid ORDER BY latest",
        (account, since),
    )
    found: dict[str, list[Millis]] = {}
    for rule, at in rows:
        found.setdefault(rule, []).append(at)
    return found


def claim(db: sqlite3.Connection, intents: Sequence[Intent]) -> list[Entry]:
    """See `Store.claim`."""
    pen, first = Pen(db), _next_id(db)
    entries = [
        Entry(number, intent, first_outcome(intent), 1, intent.at)
        for number, intent in enumerate(intents, first)
    ]
    made = db.executemany(INSERT, map(row_of, entries, count(pen.next)))
    if made.rowcount < len(entries):
        entries = _new_ones(db, entries, pen.next)
    pen.append_all((entry.id, claim_told(entry)) for entry in entries)
    return entries


def _next_id(db: sqlite3.Connection) -> int:
    """Greater than any that an act ever had, those that were trimmed among them."""
    (last,) = db.execute(_LAST_ID).fetchone()
    return int(last) + 1


def _new_ones(db: sqlite3.Connection, entries: Sequence[Entry], told: int) -> list[Entry]:
    """Those that stood nowhere before; the journal tells of them from row `told` on."""
    made = {id_ for (id_,) in db.execute("SELECT id FROM acts WHERE id >= ?", (entries[0].id,))}
    new = [entry for entry in entries if entry.id in made]
    rows = zip(count(told), (entry.id for entry in new), strict=False)
    db.executemany("UPDATE acts SET told = ? WHERE id = ?", rows)
    return new


def record(db: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """Writes how the entries stand, whatever it was before.

    Raises `StoreError` where one is gone, or its place taken: where there are several, it need not
    be the one that is named, and nothing of it may stand.
    """
    pen = Pen(db)
    rows = [
        (each.outcome, each.attempt, each.updated_at, each.detail, told, each.id)
        for told, each in enumerate(entries, pen.next)
    ]
    pen.append_all((each.id, outcome_told(each)) for each in entries)
    try:
        changed = db.executemany(_RECORD, rows)
    except sqlite3.IntegrityError:
        raise taken(entries[0]) from None
    if changed.rowcount < len(entries):
        raise forgotten(entries[0])


def unfinished(db: sqlite3.Connection, account: str) -> list[Entry]:
    """See `Store.unfinished`."""
    where = "account = ? AND outcome IN ('intended', 'retrying') ORDER BY id"
    return _select(db, where, [account])


def history(db: sqlite3.Connection, query: HistoryQuery) -> list[Entry]:
    """See `Store.history`."""
    where, wanted = ["1"], []
    for clause, value in (
        (_OF_CALL, query.call_sid),
        ("outcome = ?", query.outcome),
        ("at >= ?", query.since),
    ):
        if value is not None:
            where.append(clause)
            wanted.append(value)
    if query.rule is not None:
        where.append("(flow || '/' || rule = ? OR flow = ?)")
        wanted += [query.rule, query.rule]
    limit = -1 if query.limit is None else query.limit
    newest = _select(db, " AND ".join(where) + " ORDER BY id DESC LIMIT ?", [*wanted, limit])
    return newest[::-1]


def _select(db: sqlite3.Connection, where: str, wanted: Sequence[Any]) -> list[Entry]:
    rows = db.execute(f"SELECT {COLUMNS} FROM acts WHERE {where}", wanted)
    return [entry_of(row) for row in rows]
