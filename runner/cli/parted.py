"""The parts of an act as plain data and as text: what is sent to whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from runner.cli.hiding import Hide
from runner.engine.ports import Intent
from runner.engine.telling import parts_told
from runner.masking import shown_request, shown_target
from runner.sides import Part


def parts_data(parts: Sequence[Part], hide: Hide) -> list[dict[str, Any]]:
    """The parts in the order of sending, with what `parts_told` says of them."""
    return [_hidden(part, hide) for part in parts_told(parts)]


def _hidden(part: dict[str, Any], hide: Hide) -> dict[str, Any]:
    fields = {name: hide(value) for name, value in part["request"].items()}
    faults: dict[str, Any] = {
        name: hide(part[name]) for name in ("fault", "skipped") if name in part
    }
    return {**part, "target": hide(part["target"]), "request": fields, **faults}


def intent_data(intent: Intent, hide: Hide) -> dict[str, Any]:
    """Which part of an act an entry of the ledger is, whom it goes to, and what is sent."""
    fields = shown_request(intent.route, intent.request)
    return {
        "part": intent.part,
        "route": intent.route,
        "target": hide(shown_target(intent.route, intent.target)),
        "request": {name: hide(value) for name, value in fields.items()},
    }


def part_lines(parts: Sequence[Mapping[str, Any]], sent: str) -> Iterator[str]:
    """Each part for people: a field of the update a line, anything beside it on one line."""
    for part in parts:
        name = ", ".join(part["then"])
        if part.get("fault"):
            yield f"fail: {name}: {part['fault']}"
        elif part.get("skipped"):
            yield f"skip: {name}: {part['skipped']}"
        else:
            yield from (f"{sent}: {line}" for line in sent_lines(part))


def sent_lines(part: Mapping[str, Any]) -> Iterator[str]:
    """What one part sends, and to whom where it isn't the update of the call."""
    if not part["route"]:
        yield from (f"{name}={value}" for name, value in part["request"].items())
    else:
        yield said(part)


def said(part: Mapping[str, Any]) -> str:
    """A part beside the update on one line: `Recordings: RecordingChannels=dual`."""
    fields = _words(part)
    return whither(part) + (f": {fields}" if fields else "")


def whither(part: Mapping[str, Any]) -> str:
    """Whom a part goes to."""
    route, target = part["route"], part["target"]
    if route == "web":
        return f"POST to {urlsplit(target).netloc}"
    if route == "conference":
        return "to its conference"
    return "a line in the history" if route == "history" else f"POST {target}"


def _words(part: Mapping[str, Any]) -> str:
    """The fields in short; what is only filled in when it is sent is left out."""
    fields, route = part["request"], part["route"]
    if route == "history":
        return str(fields.get("text", ""))
    if route == "web":
        headers = fields.get("headers", "")
        return str(fields.get("body", "")) + (f" (headers: {headers})" if headers else "")
    return ", ".join(f"{name}={value}" for name, value in fields.items() if value)
