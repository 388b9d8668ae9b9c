"""The journal: every change of the ledger, append-only, each row's hash covering the one before.

Whoever changes or removes a row in the file breaks the chain from there on, and `verify` says
where. Cutting off the end can't be seen from inside: keep the last hash elsewhere to notice that.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import Any

from runner.engine.ports import Verification

#: What the first row's hash covers in place of a row before it.
GENESIS = "0" * 64


def append(db: sqlite3.Connection, act: int, body: dict[str, Any]) -> None:
    """Adds one row; the caller's transaction makes it durable."""
    last = db.execute("SELECT hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    chained = _hash(GENESIS if last is None else last[0], act, text)
    db.execute("INSERT INTO journal (act, body, hash) VALUES (?, ?, ?)", (act, text, chained))


def verify(db: sqlite3.Connection) -> Verification:
    """Walks the whole chain, and compares what it ends in with the ledger."""
    before, rows = GENESIS, 0
    told: dict[int, dict[str, Any]] = {}
    for seq, act, body, found in db.execute(
        "SELECT seq, act, body, hash FROM journal ORDER BY seq"
    ):
        rows += 1
        if seq != rows:
            return Verification(rows, before, f"row {rows} of the journal is missing")
        if _hash(before, act, body) != found:
            return Verification(rows, before, f"row {seq} of the journal was changed")
        before = found
        told.setdefault(act, {}).update(json.loads(body))
    return Verification(rows, before, _difference(db, told))


def _difference(db: sqlite3.Connection, told: dict[int, dict[str, Any]]) -> str:
    """What the ledger says differently from its journal, "" where they agree."""
    acts = db.execute("SELECT id, call_sid, flow, rule, request, outcome FROM acts ORDER BY id")
    for act, call, flow, rule, request, outcome in acts:
        line = told.pop(act, None)
        if line is None:
            return f"act {act} of the ledger is not in the journal"
        seen = {"call": call, "flow": flow, "rule": rule, "outcome": outcome}
        for name, value in (seen | {"request": json.loads(request)}).items():
            if line.get(name) != value:
                return f"act {act}: the ledger's {name} is {value}, the journal's {line.get(name)}"
    return f"act {min(told)} of the journal is not in the ledger" if told else ""


def _hash(before: str, act: int, body: str) -> str:
    return hashlib.sha256(f"{before}\n{act}\n{body}".encode()).hexdigest()
