"""What the parts of the compiler share while they work on one file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from runner.language.source import Document
from runner.language.windows import Window
from runner.problems import Position, Problem


class Entry(Struct, frozen=True):
    """One value of a named list, and where it stands."""

    value: str
    position: Position


class Bench(Struct, frozen=True):
    """One file on the compiler's bench: its document, its lists, and what was found wrong.

    `lists` holds the named lists; one that could not be read is there and empty. `windows` holds
    the named windows, None for one that can't be used. `checked` says which lists were
    already looked at, and as what: phone numbers, or values of a field. `sets` holds what was
    made of lists, for all rules that name them.
    """

    document: Document
    lists: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    windows: Mapping[str, Window | None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    checked: set[tuple[str, str]] = field(default_factory=set)
    sets: dict[str, frozenset[str]] = field(default_factory=dict)

    def error(self, position: Position, code: str, message: str, *, hint: str = "") -> None:
        """Notes what makes the file unusable."""
        self.problems.append(Problem(position, code, message, hint))

    def warn(self, position: Position, code: str, message: str, *, hint: str = "") -> None:
        """Notes what is probably not meant."""
        self.problems.append(Problem(position, code, message, hint, "warning"))

    def at(self, holder: Any, key: str | int) -> Position:
        """Where the value under `key` stands."""
        return self.document.value(holder, key)
