"""The ledger's SQL: claiming acts, recording outcomes, and reading them back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from runner.decision.once import Past
from runner.engine.ports import Entry, HistoryQuery, Intent, Outcome, first_outcome
from runner.model import Millis
from runner.store import journal

_COLUMNS = (
    "id, account, call_sid, flow, rule, revision, then_, request, why, at, number, value,"
    " outcome, attempt, updated_at, detail"
)
_INSERT = (
    "INSERT INTO acts (account, call_sid, flow, rule, revision, then_, request, why, at, number,"
    " value, outcome, attempt, updated_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING"
)


def acts(
    db: sqlite3.Connection, account: str, call_sids: Collection[str]
) -> dict[str, dict[str, Past]]:
    """See `Store.acts`."""
    rows = db.execute(
        "SELECT call_sid, flow || '/' || rule, total(number > 0), max(iif(number > 0, at, 0)),"
        " min(number) = 0 FROM acts WHERE account = ? AND outcome <> 'withdrawn'"
        " AND call_sid IN (SELECT value FROM json_each(?)) GROUP BY call_sid, flow, rule",
        (account, json.dumps(list(call_sids))),
    )
    found: dict[str, dict[str, Past]] = {}
    for sid, rule, count, last, shadowed in rows:
        found.setdefault(sid, {})[rule] = Past(int(count), last, bool(shadowed))
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


def claim(db: sqlite3.Connection, intents: Sequence[Intent]) -> list[Entry]:
    """See `Store.claim`: all of them in one transaction."""
    entries = []
    with db:
        db.execute("BEGIN IMMEDIATE")
        for intent in intents:
            outcome = first_outcome(intent)
            cursor = db.execute(_INSERT, (*_row_of(intent), outcome, intent.at))
            if cursor.rowcount and cursor.lastrowid is not None:
                journal.append(db, cursor.lastrowid, _first_line(intent, outcome))
                entries.append(Entry(cursor.lastrowid, intent, outcome, 1, intent.at))
    return entries


def record(db: sqlite3.Connection, entry: Entry) -> None:
    """Makes how the entry stands durable."""
    state = (entry.outcome, entry.attempt, entry.updated_at, entry.detail)
    with db:
        db.execute("BEGIN IMMEDIATE")
        db.execute(
            "UPDATE acts SET outcome = ?, attempt = ?, updated_at = ?, detail = ? WHERE id = ?",
            (*state, entry.id),
        )
        line = dict(zip(("outcome", "attempt", "at", "detail"), state, strict=True))
        journal.append(db, entry.id, line)


def unfinished(db: sqlite3.Connection, account: str) -> list[Entry]:
    """See `Store.unfinished`."""
    where = "account = ? AND outcome IN ('intended', 'retrying') ORDER BY id"
    return _select(db, where, [account])


def history(db: sqlite3.Connection, query: HistoryQuery) -> list[Entry]:
    """See `Store.history`."""
    where, wanted = ["1"], []
    for clause, value in (
        ("call_sid = ?", query.call_sid),
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
    rows = db.execute(f"SELECT {_COLUMNS} FROM acts WHERE {where}", wanted)
    return [_entry_of(row) for row in rows]


def _first_line(intent: Intent, outcome: Outcome) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "at": intent.at,
        "account": intent.account,
        "call": intent.call_sid,
        "flow": intent.flow,
        "rule": intent.rule,
        "revision": intent.revision,
        "then": intent.then,
        "request": dict(intent.request),
        "why": intent.why,
        "number": intent.number,
        "value": intent.value,
    }


def _row_of(intent: Intent) -> tuple[str | int, ...]:
    return (
        intent.account,
        intent.call_sid,
        intent.flow,
        intent.rule,
        intent.revision,
        json.dumps(intent.then),
        json.dumps(intent.request, ensure_ascii=False),
        intent.why,
        intent.at,
        intent.number,
        intent.value,
    )


def _entry_of(row: tuple[Any, ...]) -> Entry:
    id_, account, sid, flow, rule, revision, then, request, why, at, number, value, *state = row
    outcome, attempt, updated_at, detail = state
    intent = Intent(
        account=account,
        call_sid=sid,
        flow=flow,
        rule=rule,
        revision=revision,
        then=tuple(json.loads(then)),
        request=json.loads(request),
        why=why,
        at=at,
        number=number,
        value=value,
    )
    return Entry(id_, intent, outcome, attempt, updated_at, detail)
