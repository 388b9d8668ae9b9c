"""Reads what a request asks for: its query and its JSON, checked, with every fault in words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from aiohttp import web

from runner.console.answers import Fault
from runner.durations import LAST_MOMENT, parse_duration, parse_since
from runner.language.words import listed, nearest, shown
from runner.masking import mask_numbers
from runner.model import Millis

T = TypeVar("T")

#: So long somebody may take to send a body of 64 KiB.
BODY: Millis = 10_000

#: Letters that nobody sees: what is made of them looks empty.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"


def bad(message: str, hint: str = "") -> Fault:
    """400, with what can't be understood in it masked: it may be a number."""
    return Fault(400, mask_numbers(message), hint=mask_numbers(hint))


class Query:
    """The query of a URL. Each parameter is known, and given once."""

    def __init__(self, request: web.Request, known: Collection[str]) -> None:
        self._given: Mapping[str, str] = request.query
        for name in self._given:
            _known(name, known, "parameter")
            if len(request.query.getall(name)) > 1:
                raise bad(f"{name} is given twice", "give it once")

    def text(self, name: str, most: int = 200) -> str:
        """A text; "" where it isn't given."""
        text = self._given.get(name, "")
        if len(text) > most:
            raise bad(f"{name} has {len(text)} characters, at most {most} are looked for")
        return text

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number."""
        text = self._given.get(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) < 12):
            raise bad(f"{name} is {shown(text)}", f"write a number from {least} to {most}")
        if not least <= int(text) <= most:
            raise bad(f"{name} is {int(text)}", f"write a number from {least} to {most}")
        return int(text)

    def flag(self, name: str) -> bool:
        """`1` or `0`."""
        text = self._given.get(name, "0")
        if text not in ("0", "1"):
            raise bad(f"{name} is {shown(text)}", "write 1 or 0")
        return text == "1"

    def choice(self, name: str, known: Collection[str], default: str = "") -> str:
        """One of these words."""
        text = self._given.get(name, "")
        if text and text not in known:
            raise bad(f"{name} is {shown(text)}", _meant(text, known))
        return text or default

    def since(self, name: str, now: Millis) -> Millis | None:
        """A moment, or a length of time before now."""
        text = self._given.get(name)
        if text is None:
            return None
        try:
            return parse_since(text, now)
        except ValueError:
            hint = "write a duration (2h) or an RFC 3339 time with its zone (2026-11-02T15:00:00Z)"
            raise bad(f"{name} is {shown(text)}", hint) from None


async def body_of(request: web.Request, known: Collection[str]) -> Form:
    """The JSON object that was sent. Raises `Fault`."""
    try:
        async with asyncio.timeout(BODY / 1000):
            sent = await request.read()
    except TimeoutError:
        raise Fault(408, "the body did not come", hint="send it at once") from None
    try:
        fields = json.loads(sent, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise bad("the body is no JSON", 'send an object: {"reason": "…"}') from None
    if not isinstance(fields, dict):
        raise bad("the body is no JSON object", 'send an object: {"reason": "…"}')
    for name in fields:
        _known(name, known, "key")
    return Form(fields)


class Form:
    """The keys of a JSON object."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def text(self, name: str, most: int = 200) -> str:
        """A line of text, without what doesn't show; "" where it isn't given."""
        value = self._fields.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise bad(f"{name} is no text", f'write {{"{name}": "…"}}')
        text = value.strip()
        if len(text) > most:
            raise bad(f"{name} has {len(text)} characters", f"at most {most} can be kept")
        if not all(char.isprintable() and char not in _BLANK for char in text):
            raise bad(f"{name} holds what doesn't show, such as a line's end", "write one line")
        return text

    def needed(self, name: str, hint: str, most: int = 200) -> str:
        """A text that can't be left out."""
        text = self.text(name, most)
        if not text:
            raise bad(f"{name} is missing", hint)
        return text

    def flag(self, name: str) -> bool:
        """true or false."""
        value = self._fields.get(name, False)
        if not isinstance(value, bool):
            raise bad(f"{name} is neither true nor false", f'write {{"{name}": true}}')
        return value

    def lasting(self, name: str, now: Millis) -> Millis | None:
        """How long; None where it isn't given."""
        text = self.text(name)
        if not text:
            return None
        try:
            millis = parse_duration(text)
        except ValueError as error:
            raise bad(f"{name}: {error}") from None
        if millis == 0:
            raise bad(f"{name}: a pause of no time pauses nothing", "write 30m, or leave it out")
        if now + millis > LAST_MOMENT:
            hint = f"without {name} it lasts until it is resumed"
            raise bad(f"{name}: no calendar reaches that far", hint)
        return millis


def _known(name: str, known: Collection[str], noun: str) -> None:
    if name not in known:
        raise bad(f"there is no {noun} {shown(name)} here", _meant(name, known))


def _meant(word: str, known: Collection[str]) -> str:
    near = nearest(word, known)
    if near is not None:
        return f"did you mean {shown(near)}?"
    return f"known are {listed(list(known)[:30], 'and')}" if known else "none are known here"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key is given twice")
    return fields


def refuse_unknown(name: str, value: str, known: Callable[[], Collection[str]]) -> None:
    """Raises `Fault` where a value is given that nobody knows."""
    if value and value not in (words := known()):
        raise bad(f"{name} is {shown(value)}, which isn't known", _meant(value, words))
