"""`log`: a line in the history; nothing is sent to anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from runner.actions.base import ActionKind, Arguments, BadArgument
from runner.actions.templates import Template, clean
from runner.sides import Side

_LONGEST = 1_000


def _prepare(value: Any, _defaults: Mapping[str, str]) -> Arguments:
    if isinstance(value, Template):
        _line(value.filled(lambda _: "x"))
        return {"text": replace(value, check=_line)}
    return {"text": _line(value)}


def _line(text: str) -> str:
    """The text as one line, without what would change how the lines around it read."""
    line = clean(text).strip()
    if not line:
        raise BadArgument("there is nothing to log: the text is empty")
    if len(line) > _LONGEST:
        raise BadArgument(f"the line is {len(line):,} characters long; {_LONGEST:,} is the limit")
    return line


def _side(arguments: Arguments) -> Side:
    return Side("history", fields={"text": arguments["text"]}, repeatable=True)


def _effects(_arguments: Arguments) -> tuple[str, ...]:
    return ("writes a line into the history",)


LOG = ActionKind(
    name="log",
    prepare=_prepare,
    changes_call=False,
    placeholders=("",),
    effects=_effects,
    side=_side,
    tells=True,
)
