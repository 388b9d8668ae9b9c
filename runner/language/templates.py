"""A text to a template: the parser of placeholders, and everything that is wrong in one text."""

from __future__ import annotations

import re
from itertools import islice
from typing import NoReturn

from msgspec import Struct

from runner.actions.templates import FILTERS, Placeholder, Template
from runner.language.fields import FIELDS
from runner.language.words import shown, suggestion

#: Types of field that can be said; windows and counts can only be asked about.
_SAYABLE = ("text", "phone", "status", "leg", "duration", "time")
SAYABLE = tuple(name for name, row in FIELDS.items() if row.type in _SAYABLE)

#: Jinja's other brackets. Who writes them expects more than a placeholder.
_STATEMENT = re.compile(r"\{[%#]")
_TOKEN = re.compile(r"""\s*(?:(\}\})|([A-Za-z_]\w*)|"([^"]*)"|'([^']*)'|([|(),])|(\S))""")
_ATTRIBUTE = re.compile(r"\s*\.\s*(\w+)")
_LONGEST = 300  # characters of one placeholder
_MOST = 20  # faults told of one text
_CLOSE = "write `}}` after it"


def has_placeholder(text: str) -> bool:
    """Whether the text holds anything that looks like template language."""
    return "{" in text and ("{{" in text or _STATEMENT.search(text) is not None)


class Fault(Struct, frozen=True):
    """What is wrong from `start` to `end` of a text; `anchor` is where its brackets open."""

    code: str
    message: str
    hint: str
    anchor: int
    start: int
    end: int


class _Unreadable(Exception):
    """Ends the reading of one placeholder; the fault has been noted."""


class _Token(Struct):
    """One word, literal or mark; `kind` is `word`, `text`, `end`, or the character itself."""

    kind: str
    value: str
    start: int
    end: int


class TemplateReader:
    """Reads one text, left to right. The whole grammar is `{{ name | filter("text") | … }}`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._opened = 0
        self.faults: list[Fault] = []

    def template(self) -> Template:
        """The text in parts, as far as it can be read; `faults` says what is wrong with it."""
        parts: list[str | Placeholder] = []
        while True:
            start = self._text.find("{{", self._at)
            literal = self._text[self._at :] if start < 0 else self._text[self._at : start]
            self._check_literal(literal)
            if literal:
                parts.append(literal)
            if start < 0 or len(self.faults) >= _MOST:
                return Template(self._text, tuple(parts))
            self._opened = start
            self._at = start + 2
            try:
                parts.append(self._placeholder())
            except _Unreadable:
                end = self._text.find("}}", self._at)
                self._at = len(self._text) if end < 0 else end + 2

    def _check_literal(self, literal: str) -> None:
        for found in islice(_STATEMENT.finditer(literal), _MOST):
            start = self._at + found.start()
            message = f"`{found[0]}` is template language that flows don't have"
            hint = "placeholders are a field and filters: `{{ from }}`, `{{ from | spell }}`"
            self.faults.append(Fault("placeholder", message, hint, start, start, start + 2))

    def _placeholder(self) -> Placeholder:
        word = self._next()
        if word.kind != "word":
            self._unexpected(word, "the name of a field")
        row = FIELDS.get(word.value)
        if row is None or row.type not in _SAYABLE:
            self._unknown(word)
        filters: list[tuple[str, tuple[str, ...]]] = []
        token = self._next()
        while token.kind == "|":
            name = self._next()
            if name.kind != "word":
                self._unexpected(name, "the name of a filter")
            self._check_filter(name, measured=row.type == "duration" and not filters)
            token = self._next()
            arguments: tuple[str, ...] = ()
            if token.kind == "(":
                arguments, token = self._arguments(), self._next()
            self._check_count(name, arguments)
            filters.append((name.value, arguments))
        if token.kind != "end":
            self._unexpected(token, "`|` and a filter, or `}}`")
        return Placeholder(word.value, tuple(filters))

    def _arguments(self) -> tuple[str, ...]:
        found = []
        while True:
            token = self._next()
            if token.kind != "text":
                self._unexpected(token, "a text in quotes")
            found.append(token.value)
            token = self._next()
            if token.kind == ")":
                return tuple(found)
            if token.kind != ",":
                self._unexpected(token, "`)`")

    def _next(self) -> _Token:
        match = _TOKEN.match(self._text, self._at, self._opened + _LONGEST)
        if match is None:
            opening = _Token("", "", self._opened, self._opened + 2)
            self._fault(opening, "placeholder", "this placeholder is not closed", _CLOSE)
        self._at = match.end()
        group = match.lastindex or 0
        kind = ("", "end", "word", "text", "text", match[group], match[group])[group]
        return _Token(kind, match[group], match.start(group), match.end(group))

    def _unexpected(self, token: _Token, wanted: str) -> NoReturn:
        what = "`}}`" if token.kind == "end" else shown(token.value)
        message = f"{what} can't stand here in a placeholder: expected {wanted}"
        hint = 'a placeholder is a field and filters: `{{ caller_name | default("there") }}`'
        self._fault(token, "placeholder", message, hint)

    def _unknown(self, word: _Token) -> NoReturn:
        if word.value in FIELDS:
            message = f"{word.value} can only be asked about in `match`; it has no text to say"
            self._fault(word, "placeholder", message, "remove the placeholder")
        message = f"unknown field {shown(word.value)} in a placeholder"
        hint = suggestion(word.value, SAYABLE, "fields")
        attribute = _ATTRIBUTE.match(self._text, word.end)
        if attribute and attribute[1] in SAYABLE:
            hint = f"fields stand alone: `{{{{ {attribute[1]} }}}}`"
        self._fault(word, "unknown-field", message, hint)

    def _check_filter(self, name: _Token, *, measured: bool) -> None:
        row = FILTERS.get(name.value)
        if row is None:
            hint = suggestion(name.value, tuple(FILTERS), "filters")
            self._fault(name, "unknown-filter", f"unknown filter {shown(name.value)}", hint)
        if row.durations and not measured:
            message = f"{name.value} counts a duration, and there is none before it"
            self._fault(name, "placeholder", message, f"write `{{{{ age | {name.value} }}}}`")

    def _check_count(self, name: _Token, arguments: tuple[str, ...]) -> None:
        wanted = FILTERS[name.value].arguments
        if len(arguments) == wanted:
            return
        if wanted:
            message = f"{name.value} needs one text in quotes"
            hint = f'write `{name.value}("there")`'
        else:
            message = f"{name.value} takes nothing in brackets"
            hint = f"write `{name.value}`"
        self._fault(name, "placeholder", message, hint)

    def _fault(self, token: _Token, code: str, message: str, hint: str) -> NoReturn:
        self.faults.append(Fault(code, message, hint, self._opened, token.start, token.end))
        self._at = max(token.start, self._opened + 2)
        raise _Unreadable
