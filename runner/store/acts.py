"""The ledger's SQL: claiming acts, recording outcomes, and reading them back.

Whoever calls what writes has a transaction open.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from runner.decision.once import Past
from runner.engine.ports import Entry, HistoryQuery, Intent, first_outcome
from runner.model import Millis
from runner.store.journal import Pen
from runner.store.pasts import NEVER, with_act
from runner.store.rows import COLUMNS, INSERT, body_of, entry_of, forgotten, row_of, taken

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
    entries, pen = [], Pen(db)
    for intent in intents:
        outcome = first_outcome(intent)
        cursor = db.execute(INSERT, (*row_of(intent), outcome, intent.at, pen.next))
        if cursor.rowcount and cursor.lastrowid is not None:
            pen.append(cursor.lastrowid, {"outcome": outcome, "at": intent.at} | body_of(intent))
            entries.append(Entry(cursor.lastrowid, intent, outcome, 1, intent.at))
    return entries


def record(db: sqlite3.Connection, entry: Entry) -> None:
    """Writes how the entry stands, whatever it was before. Raises `StoreError` where it is gone."""
    state = (entry.outcome, entry.attempt, entry.updated_at, entry.detail)
    line = dict(zip(("outcome", "attempt", "at", "detail"), state, strict=True))
    told = Pen(db).append(entry.id, line)
    try:
        changed = db.execute(
            "UPDATE acts SET outcome = ?, attempt = ?, updated_at = ?, detail = ?, told = ?"
            " WHERE id = ?",
            (*state, told, entry.id),
        )
    except sqlite3.IntegrityError:
        raise taken(entry) from None
    if not changed.rowcount:
        raise forgotten(entry)


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
