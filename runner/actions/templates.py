"""Texts with placeholders: what stands in them, and how a call's values get into them, harmlessly.

A template is a list of literal texts and placeholders; there is no expression to evaluate and so
nothing that a caller's name could be evaluated as. `docs/decisions/0008-placeholders.md` says why.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from msgspec import Struct

from runner.model import Millis


class Measured(Struct, frozen=True):
    """A value that reads differently to people (`31 minutes`) and to programs (`1860`)."""

    spoken: str
    exact: str
    millis: Millis = 0


Value: TypeAlias = str | Measured
#: Reads a field of the call that a rule acts on; None where it is empty.
Values: TypeAlias = Callable[[str], Value | None]
#: Where a value comes to stand: among people's words, in a URL, or in what programs read.
Context = Literal["text", "url", "data"]


class Filter(Struct, frozen=True):
    """One row of the filter table.

    `apply` gets text, or for a filter that is about `durations` what was measured, and then its
    arguments. What is missing passes every filter by but `default`.
    """

    apply: Callable[..., str]
    arguments: int = 0
    durations: bool = False


class Placeholder(Struct, frozen=True):
    """`{{ name | filter("argument") }}`: a field, and what is done to its value, in order."""

    name: str
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def has_default(self) -> bool:
        """Whether something stands in for a missing value."""
        return any(name == DEFAULT for name, _ in self.filters)


class Template(Struct, frozen=True):
    """A text as `written`, in parts. `check` is passed by whatever it renders to, or raises."""

    written: str
    parts: tuple[str | Placeholder, ...]
    context: Context = "text"
    check: Callable[[str], str] = str

    def __repr__(self) -> str:
        return f"Template(written={self.written!r}, context={self.context!r})"

    @property
    def literal(self) -> str:
        """What stands there whatever the call: the text without its placeholders."""
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """Every placeholder, in order."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    def render(self, values: Values) -> str:
        """The text for one call. Raises ValueError where it can't be used as it comes out."""
        return self.check(self.filled(partial(_filled, values=values, context=self.context)))

    def filled(self, fill: Callable[[Placeholder], str]) -> str:
        """The text with each placeholder replaced, unchecked but bounded."""
        made, size = [], 0
        for part in self.parts:
            made.append(part if isinstance(part, str) else fill(part))
            size += len(made[-1])
            if size > _LONGEST:
                raise ValueError(f"the text grows beyond {_LONGEST:,} characters")
        return "".join(made)


def resolve(arguments: Any, render: Callable[[Template], str]) -> Any:
    """An action's arguments with every template in them, however deep, rendered to text."""
    if isinstance(arguments, str):
        return arguments
    if isinstance(arguments, Template):
        return render(arguments)
    if isinstance(arguments, (dict, Mapping)):
        return {
            key: value if isinstance(value, str) else resolve(value, render)
            for key, value in arguments.items()
        }
    if isinstance(arguments, (list, tuple)):
        return [resolve(value, render) for value in arguments]
    return arguments


def templates_of(arguments: Any) -> Sequence[Template]:
    """Every template in an action's arguments, however deep."""
    found: list[Template] = []
    _gather(arguments, found)
    return found


def _gather(value: Any, found: list[Template]) -> None:
    if isinstance(value, Template):
        found.append(value)
    elif isinstance(value, (dict, Mapping)):  # nearly all are dicts, which is the quicker question
        for each in value.values():
            if not isinstance(each, str):
                _gather(each, found)
    elif isinstance(value, (list, tuple)):
        for each in value:
            _gather(each, found)


def clean(text: str) -> str:
    """Text without what can't be spoken, can't stand in XML, or makes a line read backwards.

    Breaks and tabs become spaces. Joiners and the like stay: emoji and some scripts need them.
    """
    if text.isascii() and text.isprintable():  # as most text is
        return text
    text = re.sub(_BREAK, " ", text)
    return re.sub(_UNFIT, "", text)


def _filled(placeholder: Placeholder, *, values: Values, context: Context) -> str:
    value = _filtered(placeholder, values(placeholder.name), context)
    if value is None:
        raise ValueError(
            f"{placeholder.name} is empty on this call, and its placeholder has no default"
        )
    return quote(value, safe="") if context == "url" else value


def _filtered(placeholder: Placeholder, value: Value | None, context: Context) -> str | None:
    for name, arguments in placeholder.filters:
        row = FILTERS[name]
        if row.durations:
            value = None if value is None else row.apply(value, *arguments)
            continue
        text = _as_text(value, context)
        if name == DEFAULT:
            value = row.apply(text, *arguments)
            if not value:
                return ""  # written so: nothing stands in for what is missing
        else:
            value = None if text is None else row.apply(text, *arguments)
    return _as_text(value, context)


def _as_text(value: Value | None, context: Context) -> str | None:
    """Clean text; None where there is nothing in it to hear or see."""
    if isinstance(value, Measured):
        value = value.spoken if context == "text" else value.exact
    text = clean(value or "")
    return text if text.strip() else None


def _default(text: str | None, instead: str) -> str:
    return instead if text is None else text


def _spell(text: str) -> str:
    return " ".join(c for c in unicodedata.normalize("NFC", text) if c.isalnum())


def _last4(text: str) -> str:
    return "".join(c for c in text if c.isalnum())[-4:]


def _whole(value: Measured, unit: Millis) -> str:
    return str(value.millis // unit)


DEFAULT = "default"
#: Characters past which a text is given up: much more than Twilio takes of anything.
_LONGEST = 100_000

#: Every filter by the name it has in a flow file.
FILTERS: dict[str, Filter] = {
    DEFAULT: Filter(_default, arguments=1),
    "spell": Filter(_spell),
    "last4": Filter(_last4),
    "upper": Filter(str.upper),
    "lower": Filter(str.lower),
    "trim": Filter(str.strip),
    "minutes": Filter(partial(_whole, unit=60_000), durations=True),
    "seconds": Filter(partial(_whole, unit=1_000), durations=True),
}

_BREAK = "\r\n|[\t-\r\x1c-\x1f\x85\u2028\u2029]"
#: Other controls, half characters, what is none at all, and what turns the reading direction.
_UNFIT = (
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
