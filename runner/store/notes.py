"""Notes: what people did that is no act on a call, told in the journal beside acts.

Pauses are told there for themselves; here they are read back with the rest, in words.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, get_args

from runner.durations import rfc3339
from runner.engine.ports import Note, NoteKind
from runner.model import Millis
from runner.pauses import Pause
from runner.store.journal import Pen

_KINDS: tuple[str, ...] = get_args(NoteKind)


def note(db: sqlite3.Connection, new: Note) -> None:
    """See `Store.note`."""
    assert new.event in _KINDS, "the journal's other events say what is paused, or trimmed"
    body = {"event": new.event, "by": new.by, "at": new.at, "detail": new.detail}
    Pen(db).append(0, body)


def told(db: sqlite3.Connection, since: Millis | None, limit: int | None) -> list[Note]:
    """See `Store.notes`."""
    rows = db.execute("SELECT body FROM journal WHERE act = 0 ORDER BY seq DESC")
    return newest(_read(json.loads(body) for (body,) in rows), since, limit)


def newest(backwards: Iterable[Note], since: Millis | None, limit: int | None) -> list[Note]:
    """The newest ones, newest last, of those that were written last to first.

    A trim writes those that it keeps anew.
    """
    wanted = (each for each in backwards if since is None or each.at >= since)
    found = list(islice(wanted, limit))
    found.reverse()
    return sorted(found, key=lambda each: each.at)


def of_pause(pause: Pause) -> Note:
    """A pause that was made."""
    until = "" if pause.until is None else f", until {rfc3339(pause.until)}"
    why = f": {pause.reason}" if pause.reason else ""
    event = "tripped" if pause.tripped else "paused"
    return Note(event, pause.by, pause.at, f"{pause.scope}{until}{why}")


def of_resuming(scope: Pause) -> Note:
    """Pauses of this scope that were lifted, by whom and when it says."""
    return Note("resumed", scope.by, scope.at, scope.scope)


def _read(bodies: Iterable[Mapping[str, Any]]) -> Iterator[Note]:
    for body in bodies:
        event = body["event"]
        if event in _KINDS:
            yield Note(event, body["by"], body["at"], body["detail"])
        elif event == "resumed":
            yield of_resuming(_scope(body))
        elif event in ("paused", "tripped"):
            yield of_pause(_scope(body))


def _scope(body: Mapping[str, Any]) -> Pause:
    return Pause(
        body["account"],
        body["flow"],
        body["rule"],
        reason=body.get("reason", ""),
        by=body["by"],
        at=body["at"],
        until=body.get("until"),
        tripped=body["event"] == "tripped",
    )
