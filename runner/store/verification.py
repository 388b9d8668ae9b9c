"""Whether the journal is as it was written, and the acts and pauses are as it tells them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from runner.engine.ports import StoreError, Verification
from runner.store import pauses
from runner.store.journal import START, Mark, chained, checkpoint
from runner.store.rows import UNSAID

#: Of an act: its columns, each under the name by which the journal tells of it.
_ACTS = (
    "SELECT id, told, account, call_sid AS call, flow, rule, revision, then_ AS 'then', request,"
    " why, number, value, ends, part, route, target, repeatable, at AS claimed, outcome, attempt,"
    " updated_at AS at, detail FROM acts"
)


@dataclass
class Walk:
    """Goes through rows in order, and gathers what they tell."""

    at: Mark
    acts: dict[int, dict[str, Any]] = field(default_factory=dict)
    newest: dict[int, int] = field(default_factory=dict)  # as of which row that is told
    told: dict[int, int] = field(default_factory=dict)  # the last row about each act
    others: list[dict[str, Any]] = field(default_factory=list)

    def step(self, seq: int, act: int, body: str, found: str) -> str:
        """Takes one row in; says what is wrong with it, "" where nothing is."""
        expected = self.at.seq + 1
        if seq != expected:
            return f"row {expected} of the journal is missing"
        if chained(self.at.hash, act, body) != found:
            return f"row {seq} of the journal was changed"
        self.at = Mark(seq, found)
        if act:
            self._act(seq, act, json.loads(body))
        else:
            self.others.append(json.loads(body))
        return ""

    def _act(self, seq: int, act: int, told: dict[str, Any]) -> None:
        """A row that tells again what a trimmed one told is worth no more than that one was."""
        of = told.pop("restated", seq)
        if "account" in told:
            told.setdefault("claimed", told["at"])
        known = self.acts.get(act, {})
        newer = of > self.newest.get(act, 0)
        self.acts[act] = known | told if newer else told | known
        self.newest[act] = max(of, self.newest.get(act, 0))
        self.told[act] = seq


def verify(db: sqlite3.Connection) -> Verification:
    """Walks the whole journal, and compares what it ends in with the rest of the store."""
    start = checkpoint(db)
    walk, rows = Walk(start), 0
    for row in db.execute("SELECT seq, act, body, hash FROM journal ORDER BY seq"):
        rows += 1
        if fault := walk.step(*row):
            return Verification(rows, walk.at.hash, fault)
    fault = _trimmed(start, walk) or _state(db, walk) or _structure(db)
    trim = _last_trim(walk.others)
    return Verification(rows, walk.at.hash, fault, start.seq, trim.get("before"))


def acts_differ(db: sqlite3.Connection, walk: Walk, only: Collection[int] | None = None) -> str:
    """What the ledger says differently of its acts, "" where it agrees; `only` some of them."""
    expected = {act: told for act, told in walk.acts.items() if only is None or act in only}
    wanted = () if only is None else (json.dumps(list(only)),)
    where = "" if only is None else " WHERE id IN (SELECT value FROM json_each(?))"
    cursor = db.execute(f"{_ACTS}{where} ORDER BY id", wanted)
    names = [column[0] for column in cursor.description]
    for values in cursor:
        row = dict(zip(names, values, strict=True))
        act, told = row.pop("id"), row.pop("told")
        line = expected.pop(act, None)
        if line is None:
            return f"act {act} of the ledger is not in the journal"
        if told not in (None, walk.told[act]):
            return (
                f"act {act}: the ledger says row {told} is its last, the journal {walk.told[act]}"
            )
        if fault := _first_difference(row, line):
            return f"act {act}: {fault}"
    return f"act {min(expected)} of the journal is not in the ledger" if expected else ""


def _first_difference(row: dict[str, Any], line: dict[str, Any]) -> str:
    for name in ("ends", "repeatable"):
        row[name] = bool(row[name])
    for name in ("then", "request"):
        try:
            row[name] = json.loads(row[name])
        except (ValueError, TypeError):
            return f"the ledger's {name} can't be read"
    # Rows of the first version tell no `ends`, the first row of an act no `attempt` and `detail`.
    silent = {"attempt": 1, "detail": "", "ends": row["ends"]} | UNSAID
    for name, value in row.items():
        told = line.get(name, silent.get(name))
        if told != value:
            return f"the ledger's {name} is {value}, the journal's {told}"
    return ""


def _state(db: sqlite3.Connection, walk: Walk) -> str:
    try:
        return acts_differ(db, walk) or pauses.difference(db, walk.others)
    except StoreError as error:
        return str(error)


def _trimmed(start: Mark, walk: Walk) -> str:
    """What is wrong with where the journal begins, "" where nothing is."""
    trim = _last_trim(walk.others)
    if start == START:
        return "the journal tells of a trim, and begins as if there was none" if trim else ""
    if (trim.get("seq"), trim.get("hash")) != (start.seq, start.hash):
        return f"the journal begins after row {start.seq}, and no trim tells of that"
    return ""


def _last_trim(bodies: Iterable[dict[str, Any]]) -> dict[str, Any]:
    trims = [body for body in bodies if body.get("event") == "trimmed"]
    return trims[-1] if trims else {}


def _structure(db: sqlite3.Connection) -> str:
    """What SQLite says of its own pages and indexes, "" where they are sound."""
    (said,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    return "" if said == "ok" else f"the file is damaged: {said}"
