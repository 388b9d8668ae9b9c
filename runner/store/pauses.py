"""Pauses in SQL: kept until somebody lifts them, and told in the journal as acts are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from runner.engine.ports import StoreError
from runner.model import Millis
from runner.pauses import Pause
from runner.store.journal import Pen

#: By what a pause replaces another: account, flow, rule, tripped.
Key: TypeAlias = tuple[str, str, str, bool]

_SELECT = "SELECT account, flow, rule, reason, by_, at, until, tripped FROM pauses ORDER BY at, id"
_TYPES = (str, str, str, str, str, int, int | None, int)


def standing(db: sqlite3.Connection) -> list[Pause]:
    """See `Store.pauses`. One that can't be read is an error: it may be the one that matters."""
    return [_pause_of(row) for row in db.execute(_SELECT)]


def pause(db: sqlite3.Connection, new: Pause) -> None:
    """See `Store.pause`."""
    told = Pen(db).append(0, body_of(new))
    db.execute(
        "INSERT OR REPLACE INTO pauses (account, flow, rule, reason, by_, at, until, tripped, told)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*_row_of(new), told),
    )


def resume(db: sqlite3.Connection, scope: tuple[str, str, str], by: str, at: Millis) -> list[Pause]:
    """See `Store.resume`; `scope` is account, flow and rule."""
    lifted = [each for each in standing(db) if (each.account, each.flow, each.rule) == scope]
    if lifted:
        names = dict(zip(("account", "flow", "rule"), scope, strict=True))
        Pen(db).append(0, {"event": "resumed", **names, "by": by, "at": at})
        db.execute("DELETE FROM pauses WHERE account = ? AND flow = ? AND rule = ?", scope)
    return lifted


def restate(db: sqlite3.Connection, pen: Pen, cut: int) -> None:
    """Tells the pauses again that only rows up to `cut` tell of."""
    rows = db.execute(
        "SELECT id, account, flow, rule, reason, by_, at, until, tripped FROM pauses"
        " WHERE told <= ? ORDER BY told",
        (cut,),
    ).fetchall()
    for number, *row in rows:
        told = pen.append(0, body_of(_pause_of(row)) | {"restated": True})
        db.execute("UPDATE pauses SET told = ? WHERE id = ?", (told, number))


def body_of(pause: Pause) -> dict[str, Any]:
    """What the journal says of a pause."""
    return {
        "event": "tripped" if pause.tripped else "paused",
        "account": pause.account,
        "flow": pause.flow,
        "rule": pause.rule,
        "reason": pause.reason,
        "by": pause.by,
        "at": pause.at,
        "until": pause.until,
    }


def key_of(pause: Pause) -> Key:
    """By what it replaces another."""
    return (pause.account, pause.flow, pause.rule, pause.tripped)


def told(bodies: Iterable[Mapping[str, Any]]) -> dict[Key, Mapping[str, Any]]:
    """What the journal's rows without an act say is paused: by key, the row that says so."""
    found: dict[Key, Mapping[str, Any]] = {}
    for body in bodies:
        event = body.get("event")
        scope = (body.get("account", ""), body.get("flow", ""), body.get("rule", ""))
        if event in ("paused", "tripped"):
            found[(*scope, event == "tripped")] = body
        elif event == "resumed":
            found.pop((*scope, False), None)
            found.pop((*scope, True), None)
    return found


def difference(db: sqlite3.Connection, bodies: Iterable[Mapping[str, Any]]) -> str:
    """What the table says differently from the journal, "" where they agree."""
    expected = told(bodies)
    for pause in standing(db):
        body = expected.pop(key_of(pause), None)
        if body is None:
            return f"a pause of {pause.scope} stands that the journal doesn't tell of"
        if body_of(pause) != {name: value for name, value in body.items() if name != "restated"}:
            return f"the pause of {pause.scope} is not as the journal tells it"
    for account, flow, rule, _ in expected:
        return f"a pause of {Pause(account, flow, rule).scope} that nobody lifted is gone"
    return ""


def _row_of(pause: Pause) -> tuple[Any, ...]:
    return (
        pause.account,
        pause.flow,
        pause.rule,
        pause.reason,
        pause.by,
        pause.at,
        pause.until,
        pause.tripped,
    )


def _pause_of(row: Iterable[Any]) -> Pause:
    values = tuple(row)
    if not all(isinstance(value, kind) for value, kind in zip(values, _TYPES, strict=True)):
        raise StoreError(
            f"the store holds a pause that can't be read: {values!r}",
            hint="nothing acts until it can: restore the store from a backup",
        )
    account, flow, rule, reason, by, at, until, tripped = values
    return Pause(account, flow, rule, reason, by, at, until, tripped != 0)
