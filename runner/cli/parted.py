"""The parts of an act as plain data and as text: what is sent to whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from runner.cli.hiding import Hide
from runner.engine.ports import Intent
from runner.masking import shown_request, shown_target
from runner.sides import Part


def parts_data(parts: Sequence[Part], hide: Hide) -> list[dict[str, Any]]:
    """The parts in the order of sending.

    One with a `fault` is not sent and fails; what would be sent after an update of that kind is
    not sent either, and has the reason as `skipped`.
    """
    found: list[dict[str, Any]] = []
    failing = ""
    for part in parts:
        data = _part(part, hide)
        if failing:
            data["skipped"] = f"{failing} before it fails"
        found.append(data)
        if part.key == "" and part.fault:
            failing = ", ".join(part.then)
    return found


def _part(part: Part, hide: Hide) -> dict[str, Any]:
    route, target = ("", "") if part.side is None else (part.side.route, part.side.target)
    return {
        "part": part.key,
        "then": list(part.then),
        **_way(route, target, hide),
        "request": _fields(route, part.request, hide),
        **({"fault": hide(part.fault)} if part.fault else {}),
    }


def intent_data(intent: Intent, hide: Hide) -> dict[str, Any]:
    """Which part of an act an entry of the ledger is, whom it goes to, and what is sent."""
    return {
        "part": intent.part,
        **_way(intent.route, intent.target, hide),
        "request": _fields(intent.route, intent.request, hide),
    }


def _way(route: str, target: str, hide: Hide) -> dict[str, str]:
    return {"route": route, "target": hide(shown_target(route, target))}


def _fields(route: str, fields: Mapping[str, str], hide: Hide) -> dict[str, str]:
    return {name: hide(value) for name, value in shown_request(route, fields).items()}


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
