"""The ledger's SQL: claiming acts, recording outcomes, and reading them back.

Whoever calls what writes has a transaction open.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from typing import Any

from runner.decision.once import Past
from runner.engine.ports import Entry, HistoryQuery, Intent, StoreError, first_outcome
from runner.model import Millis
from runner.store.journal import Pen

_COLUMNS = (
    "id, account, call_sid, flow, rule, revision, then_, request, why, at, number, value, ends,"
    " outcome, attempt, updated_at, detail"
)
_INSERT = (
    "INSERT INTO acts (account, call_sid, flow, rule, revision, then_, request, why, at, number,"
    " value, ends, outcome, attempt, updated_at, told)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT DO NOTHING"
)

_PLAIN = json.JSONEncoder(ensure_ascii=False)


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
        cursor = db.execute(_INSERT, (*_row_of(intent), outcome, intent.at, pen.next))
        if cursor.rowcount and cursor.lastrowid is not None:
            pen.append(cursor.lastrowid, {"outcome": outcome, "at": intent.at} | _body_of(intent))
            entries.append(Entry(cursor.lastrowid, intent, outcome, 1, intent.at))
    return entries


def record(db: sqlite3.Connection, entry: Entry) -> None:
    """Writes how the entry stands."""
    state = (entry.outcome, entry.attempt, entry.updated_at, entry.detail)
    line = dict(zip(("outcome", "attempt", "at", "detail"), state, strict=True))
    told = Pen(db).append(entry.id, line)
    db.execute(
        "UPDATE acts SET outcome = ?, attempt = ?, updated_at = ?, detail = ?, told = ?"
        " WHERE id = ?",
        (*state, told, entry.id),
    )


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


def _body_of(intent: Intent) -> dict[str, Any]:
    """What the journal says of an intent."""
    return {
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
        "ends": intent.ends,
    }


def _row_of(intent: Intent) -> tuple[str | int | bool, ...]:
    return (
        intent.account,
        intent.call_sid,
        intent.flow,
        intent.rule,
        intent.revision,
        json.dumps(intent.then),
        _PLAIN.encode(intent.request),
        intent.why,
        intent.at,
        intent.number,
        intent.value,
        intent.ends,
    )


def _entry_of(row: tuple[Any, ...]) -> Entry:
    id_, account, sid, flow, rule, revision, then, request, *others = row
    why, at, number, value, ends, outcome, attempt, updated_at, detail = others
    intent = Intent(
        account=account,
        call_sid=sid,
        flow=flow,
        rule=rule,
        revision=revision,
        then=tuple(_json(then, id_)),
        request=_json(request, id_),
        why=why,
        at=at,
        number=number,
        value=value,
        ends=bool(ends),
    )
    return Entry(id_, intent, outcome, attempt, updated_at, detail)


def _json(text: str, act: int) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise StoreError(
            f"act {act} in the store can't be read: {text!r} is not JSON",
            hint="the file is damaged: restore it from a backup",
        ) from None
