"""Writes events as lines: text for people, JSON for machines; numbers masked in both."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TextIO

from runner.cli.naming import with_alias
from runner.cli.parted import said
from runner.cli.terminal import printable
from runner.durations import rfc3339
from runner.engine.ports import Event, Listener
from runner.masking import mask_numbers

#: Fields that identify things and never hold a phone number.
_IDENTIFIERS = frozenset(
    {"account", "alias", "call", "flow", "part", "rule", "then", "store", "version"}
)


def event_log(stream: TextIO, log_format: str, *, show_numbers: bool) -> Listener:
    """A listener that writes each event as one line of `log_format` (`text` or `json`)."""
    render = _json_line if log_format == "json" else _text_line

    def write(event: Event) -> None:
        fields = event.fields if show_numbers else _masked(event.fields)
        line = render(event, dict(fields)) + "\n"
        # A full disk or a reader that is gone must not stop acts half way: what was done stands in
        # the ledger too.
        with suppress(OSError):
            stream.write(line)
            stream.flush()

    return write


def tee(*listeners: Listener) -> Listener:
    """One listener that tells several."""

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell


def _masked(fields: Any) -> dict[str, Any]:
    return {
        name: value if name in _IDENTIFIERS else _deep(value, mask_numbers)
        for name, value in fields.items()
    }


def _deep(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, (list, tuple)):
        return [_deep(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _deep(item, change) for key, item in value.items()}
    return value


def _json_line(event: Event, fields: dict[str, Any]) -> str:
    head = {"time": rfc3339(event.at), "level": event.level, "event": event.name}
    return json.dumps(head | fields, ensure_ascii=False)


def _text_line(event: Event, fields: dict[str, Any]) -> str:
    subject = ""
    if "rule" in fields and "flow" in fields:
        call, then = fields.pop("call", ""), ", ".join(fields.pop("then", ()))
        rule = f"{fields.pop('flow')}/{fields.pop('rule')}"
        # What is about the rule itself has no call, and does nothing to one.
        subject = (f" {call}" if call else "") + f" {rule}" + (f": {then}" if then else "")
    _for_people(fields)
    if fields.get("attempt") == 1:
        del fields["attempt"]
    fields.update(fields.pop("request", {}))
    fields.update(_beside(fields.pop("parts", ())))
    extra = "".join(f" {name}={_value(value)}" for name, value in fields.items() if value != "")
    mark = "" if event.level in ("info", "debug") else f" {event.level.upper()}"
    return printable(f"{rfc3339(event.at)}{mark} {event.name}{subject}{extra}")


def _beside(parts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What is sent beside the update, by part; the update itself only where it fails."""
    shown = {}
    for part in parts:
        if part.get("fault"):
            shown["fault"] = str(part["fault"])
        elif part.get("skipped"):
            shown[str(part["part"])] = f"not sent: {part['skipped']}"
        elif part["route"]:
            shown[str(part["part"])] = said(part)
    return shown


def _for_people(fields: dict[str, Any]) -> None:
    """Leaves out, or says in short, what only machines tell apart."""
    account = fields.pop("account", "")
    if "scope" in fields:
        fields["scope"] = with_alias(fields["scope"], account, fields.get("alias", ""))
    if "holder" in fields:
        fields["holder"] = ":".join(fields["holder"].split(":")[:2])
    if isinstance(problems := fields.get("problems"), (list, tuple)):
        fields["problems"] = "; ".join(map(str, problems))


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if " " in text or "\n" in text else text
