"""JSON that an action sends: checked beforehand, with placeholders in any of its texts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from runner.actions.base import BadArgument, Key
from runner.actions.templates import Template, resolve


def checked(value: Any, *, key: Key, longest: int) -> Any:
    """A value as it will be sent, placeholders still in it; refuses what JSON can't hold."""
    made = _part(value, () if key is None else (key,) if isinstance(key, str) else key)
    try:
        text_of(resolve(made, lambda template: template.literal), longest=longest)
    except ValueError as error:
        raise BadArgument(str(error), key=key) from None
    return made


def text_of(value: Any, *, longest: int) -> str:
    """The JSON of a value, without spaces. Raises ValueError where it is too long."""
    import json  # here, not above: most flows need none

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if len(text) > longest:
        raise ValueError(f"as JSON it is {len(text):,} characters long; {longest:,} is the limit")
    return text


def _part(value: Any, way: tuple[str | int, ...]) -> Any:
    if isinstance(value, Template):
        _encodable(value.written, way)
        return replace(value, context="data")
    if isinstance(value, Mapping):
        return {_name(key, way): _part(inner, (*way, key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_part(inner, (*way, index)) for index, inner in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise BadArgument("JSON has no such number", key=way, hint="write a number, or a text")
    if isinstance(value, str):
        _encodable(value, way)
    return value


def _name(name: str, way: tuple[str | int, ...]) -> str:
    _encodable(name, (*way, name))
    if "{{" in name:
        message = "a placeholder can't stand in a key; only in what stands below it"
        hint = "write the key out"
        raise BadArgument(message, key=(*way, name), code="placeholder", hint=hint)
    return name


def _encodable(text: str, way: tuple[str | int, ...]) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        bad = ord(text[error.start])
        raise BadArgument(f"U+{bad:04X} is half a character", key=way) from None
