"""Writes events as lines: text for people, JSON for machines; numbers masked in both."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from runner.cli.daemon.sink import Sink
from runner.cli.naming import with_alias
from runner.cli.parted import said
from runner.cli.terminal import printable
from runner.durations import rfc3339
from runner.engine.ports import Event, Listener
from runner.masking import mask_numbers

#: A line that is longer is cut down; what is longer than this, log stores cut or refuse.
LONGEST = 32_000
#: Then texts have so many characters, and lists so many items.
_TEXT, _ITEMS = 2_000, 20
#: Fields that identify things and never hold a phone number.
_IDENTIFIERS = frozenset(
    {"account", "alias", "call", "flow", "part", "rule", "then", "store", "version"}
)


def event_log(stream: TextIO, log_format: str, *, show_numbers: bool) -> Listener:
    """A listener that writes each event as one line of `log_format` (`text` or `json`)."""
    render = _json_line if log_format == "json" else _text_line
    sink = Sink(stream)

    def line_of(event: Event) -> str:
        fields = event.fields if show_numbers else _masked(event.fields)
        line = render(event, dict(fields))
        if len(line) > LONGEST:
            line = render(event, _shortened(fields))
        return line + "\n"

    def write(event: Event) -> None:
        sink.offer()
        if lost := sink.take_lost():
            sink.write(line_of(Event("log.lost", event.at, "warning", {"lines": lost})))
        sink.write(line_of(event))

    return write


def tee(*listeners: Listener) -> Listener:
    """One listener that tells several."""

    def tell(event: Event) -> None:
        for listener in listeners:
            listener(event)

    return tell


def _shortened(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same in lines that log stores take: texts and lists end in `…`."""

    def cut(text: str) -> str:
        return text if len(text) <= _TEXT else text[:_TEXT] + "…"

    shorter: dict[str, Any] = _deep(fields, cut, most=_ITEMS)
    return shorter


def _masked(fields: Any) -> dict[str, Any]:
    return {
        name: value if name in _IDENTIFIERS else _deep(value, mask_numbers)
        for name, value in fields.items()
    }


def _deep(value: Any, change: Callable[[str], str], *, most: int | None = None) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, (list, tuple)):
        return [_deep(item, change, most=most) for item in value[:most]]
    if isinstance(value, Mapping):
        return {key: _deep(item, change, most=most) for key, item in value.items()}
    return value


def _json_line(event: Event, fields: dict[str, Any]) -> str:
    head = {"time": rfc3339(event.at), "level": event.level, "event": event.name}
    try:
        # In ASCII: whole in any encoding, and nothing in it acts on a terminal.
        line = json.dumps(head | fields, allow_nan=False)
    except (TypeError, ValueError):
        line = json.dumps(_deep_plain(head | fields))
    # Half of a surrogate pair would make strict readers refuse the whole line.
    return json.dumps(_deep(json.loads(line), _whole)) if "\\ud" in line else line


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _deep_plain(value: Any) -> Any:
    """The same with texts in the place of what JSON can't hold."""
    if isinstance(value, Mapping):
        return {str(key): _deep_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_deep_plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    return value if isinstance(value, float) and math.isfinite(value) else str(value)


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
    text = value if isinstance(value, str) else json.dumps(_deep_plain(value), ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if " " in text or "\n" in text else text
