"""An entry of the ledger as a row of the table, and as the journal tells of it."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import msgspec

from runner.engine.ports import Entry, Intent, StoreError

COLUMNS = (
    "id, account, call_sid, flow, rule, revision, then_, request, why, at, number, value, ends,"
    " part, route, target, repeatable, outcome, attempt, updated_at, detail"
)
#: Takes a `row_of`. An id that is used already is as good as an act that stands: see to it that
#: there is none.
INSERT = (
    "INSERT INTO acts (id, account, call_sid, flow, rule, revision, then_, request, why, at,"
    " number, value, ends, part, route, target, repeatable, outcome, attempt, updated_at, told)"
    f" VALUES ({', '.join('?' * 21)}) ON CONFLICT DO NOTHING"
)
#: What the journal leaves unsaid where it is so.
UNSAID = {"part": "", "route": "", "target": "", "repeatable": False}

_PLAIN = msgspec.json.Encoder()


def claim_told(entry: Entry) -> dict[str, Any]:
    """What the journal says of an entry that is new."""
    intent = entry.intent
    told = {
        "outcome": entry.outcome,
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
        "ends": intent.ends,
    }
    if intent.part or intent.route or intent.target or intent.repeatable:
        told |= {name: value for name in UNSAID if (value := getattr(intent, name))}
    return told


def outcome_told(entry: Entry) -> dict[str, Any]:
    """What it says of one whose outcome has changed."""
    return {
        "outcome": entry.outcome,
        "attempt": entry.attempt,
        "at": entry.updated_at,
        "detail": entry.detail,
    }


def row_of(entry: Entry, told: int) -> tuple[str | int | bool, ...]:
    """The columns of an entry that is new; `told` is the number of the journal's row about it."""
    intent = entry.intent
    return (
        entry.id,
        intent.account,
        intent.call_sid,
        intent.flow,
        intent.rule,
        intent.revision,
        _names(intent.then),
        _PLAIN.encode(intent.request).decode(),
        intent.why,
        intent.at,
        intent.number,
        intent.value,
        intent.ends,
        intent.part,
        intent.route,
        intent.target,
        intent.repeatable,
        entry.outcome,
        entry.attempt,
        entry.updated_at,
        told,
    )


def entry_of(row: tuple[Any, ...]) -> Entry:
    """The entry in these `COLUMNS`. Raises `StoreError` where they can't be read."""
    id_, account, sid, flow, rule, revision, then, request, *others = row
    why, at, number, value, ends, part, route, target, repeatable, *state = others
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
        part=part,
        route=route,
        target=target,
        repeatable=bool(repeatable),
    )
    return Entry(id_, intent, *state)


def taken(entry: Entry) -> StoreError:
    """What is said where a withdrawn entry is to stand again, and another has its place."""
    return StoreError(
        f"act {entry.id} of call {entry.intent.call_sid} was withdrawn, and claimed afresh since"
    )


def forgotten(entry: Entry) -> StoreError:
    """What is said where an entry that was trimmed is to be changed."""
    return StoreError(
        f"act {entry.id} of call {entry.intent.call_sid} is no longer in the store",
        hint="it was over for so long that it was trimmed",
    )


@lru_cache(maxsize=256)
def _names(then: tuple[str, ...]) -> str:
    """Rules are few and what they do is short: a batch of claims repeats itself."""
    return json.dumps(then)


def _json(text: str, act: int) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise StoreError(
            f"act {act} in the store can't be read: {text!r} is not JSON",
            hint="the file is damaged: restore it from a backup",
        ) from None
