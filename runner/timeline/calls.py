"""The `calls` of a test to scripts: fields as Twilio writes them, changes, ends and answers."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from runner.call import format_rfc2822
from runner.language.bench import Bench
from runner.language.words import shown, suggestion
from runner.model import Millis
from runner.timeline.amounts import duration, duration_at, time_at
from runner.timeline.records import Answer, Part, Script

_TIMES = ("start_time", "date_created", "date_updated")
_OWN = frozenset(
    (
        *("id", "sid", "status", "appears", "age", "ends", "vanishes", "parent", "conference"),
        *("then_at", "answers"),
    )
)
#: Twilio's code → HTTP's status, where it isn't 400.
_STATUSES = {20429: 429, 20404: 404}


def read_calls(
    bench: Bench, test: Mapping[str, Any], broken: Collection[Part]
) -> tuple[Script, ...]:
    """The calls of a test, but for those that the schema has refused; problems go to the bench."""
    above: dict[str, Script] = {}
    sids: set[str] = set()
    for number, call in enumerate(test["calls"]):
        if ("calls", number) in broken:
            continue
        _check_id(bench, call, above)
        parent = _parent(bench, call, above, unsure=bool(broken))
        script = _script(bench, call, parent)
        if script.sid in sids and script.id not in above:
            message = f"another call has the SID {shown(script.sid)}"
            bench.error(bench.at(call, "sid" if "sid" in call else "id"), "duplicate-call", message)
        sids.add(script.sid)
        above.setdefault(script.id, script)
    return tuple(above.values())


def names_of(test: Mapping[str, Any]) -> list[str]:
    """The names of all calls of a test, also of those that the schema has refused."""
    calls = [call for call in test["calls"] if isinstance(call, dict)]
    return [call["id"] for call in calls if isinstance(call.get("id"), str)]


def sid_of(name: str) -> str:
    """The SID that a call of this name gets, always the same."""
    return "CA" + hashlib.sha256(name.encode()).hexdigest()[:32]


def _check_id(bench: Bench, call: Mapping[str, Any], above: Mapping[str, Script]) -> None:
    first = above.get(call["id"])
    if first is not None:
        message = f"the call {shown(call['id'])} is already on line {first.position.line}"
        bench.error(bench.at(call, "id"), "duplicate-call", message, hint="give it another id")


def _script(bench: Bench, call: Mapping[str, Any], parent: Script | None) -> Script:
    fields = _fields(bench, call)
    if parent is not None:
        fields["parent_call_sid"] = parent.sid
    script = Script(
        id=call["id"],
        sid=call.get("sid") or sid_of(call["id"]),
        position=bench.at(call, "id"),
        fields=fields,
        status=call.get("status", "in-progress"),
        parent=parent.id if parent else "",
        conference=call.get("conference", ""),
        appears=_moment(bench, call, "appears") or 0,
        age=_moment(bench, call, "age") or 0,
        ends=_moment(bench, call, "ends"),
        vanishes=_moment(bench, call, "vanishes"),
        changes=_changes(bench, call),
        answers=_answers(bench, call),
    )
    _check_order(bench, call, script)
    return script


def _moment(bench: Bench, call: Mapping[str, Any], key: str) -> Millis | None:
    if key not in call or call[key] == "never":
        return None
    return duration_at(bench, (call, key))


def _fields(bench: Bench, written: Mapping[str, Any]) -> dict[str, str | None]:
    """Twilio's fields by their names in `Call`; empty text is an empty field."""
    fields: dict[str, str | None] = {}
    for key, value in written.items():
        if key in _OWN:
            continue
        if key in _TIMES:
            value = format_rfc2822(time_at(bench, (written, key)))
        elif key == "queue_time":
            value = str(duration_at(bench, (written, key)))
        fields["from_" if key == "from" else key] = value or None
    return fields


def _parent(
    bench: Bench, call: Mapping[str, Any], above: Mapping[str, Script], *, unsure: bool
) -> Script | None:
    """The call's parent; with `unsure` it may be one that the schema has refused."""
    if "parent" not in call:
        return None
    position = bench.at(call, "parent")
    if "parent_call_sid" in call:
        message = "`parent` and `parent_call_sid` say the same"
        bench.error(position, "exclusive-key", message, hint="remove one")
    parent = above.get(call["parent"])
    if parent is None and not unsure:
        message = f"no call above this one is named {shown(call['parent'])}"
        bench.error(position, "unknown-call", message, hint=suggestion(call["parent"], [*above]))
    return parent


def _changes(bench: Bench, call: Mapping[str, Any]) -> dict[Millis, Mapping[str, str | None]]:
    written: Mapping[str, Any] = call.get("then_at", {})
    changes: dict[Millis, Mapping[str, str | None]] = {}
    for text, values in written.items():
        position = bench.document.key(written, text)
        when = duration(bench, text, position)
        if when in changes:
            message = f"{text} is a moment that another key names already"
            bench.error(position, "duplicate-key", message, hint="put both changes under one")
        fields = _fields(bench, values)
        if "status" in values:
            fields["status"] = values["status"]
        changes[when] = fields
    return changes


def _check_order(bench: Bench, call: Mapping[str, Any], script: Script) -> None:
    """A call that is over, or changes, before it appears is not what anybody means."""
    for key, when in (("ends", script.ends), ("vanishes", script.vanishes)):
        if when is not None and when <= script.appears:
            message = f"the call is over before it appears at {call.get('appears', '0s')}"
            bench.error(bench.at(call, key), "contradiction", message, hint="times are the test's")
    for text in call.get("then_at", {}):
        if duration(bench, text, bench.document.key(call["then_at"], text)) < script.appears:
            message = f"the call appears later, at {call['appears']}"
            position = bench.document.key(call["then_at"], text)
            bench.error(position, "contradiction", message, hint="times are the test's")


def _answers(bench: Bench, call: Mapping[str, Any]) -> tuple[Answer, ...]:
    written = call.get("answers", [])
    if not isinstance(written, list):
        return (_answer(bench, written),)
    return tuple(_answer(bench, each) for each in written)


def _answer(bench: Bench, written: Any) -> Answer:
    if isinstance(written, str):
        return Answer(written)  # type: ignore[arg-type]  # the schema knows the words
    code: int = written["code"]
    pause = duration_at(bench, (written, "retry_after")) if "retry_after" in written else None
    return Answer(
        "error",
        code=code,
        status=written.get("status", _STATUSES.get(code, 400)),
        message=written.get("message", ""),
        retry_after=pause,
    )
