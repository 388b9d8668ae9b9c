"""What is wrong with a file, where, and how to mend it: the one record every check returns."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

#: A `note` complains of nothing: it tells what somebody asked for.
Severity = Literal["error", "warning", "note"]


class Position(Struct, frozen=True, order=True):
    """A place in a text: `line` and `column` count from 1; `width` is how many columns to mark."""

    path: str
    line: int
    column: int
    width: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Problem(Struct, frozen=True, order=True):
    """One finding.

    `code` is a stable kebab-case word that tools may rely on; `message` says what is wrong and
    what was expected; `hint` says how to mend it (empty when the message already does).
    """

    position: Position
    code: str
    message: str
    hint: str = ""
    severity: Severity = "error"

    @property
    def is_error(self) -> bool:
        """True where the file cannot be used as it stands."""
        return self.severity == "error"

    def fails(self, strict: bool) -> bool:
        """Whether it fails a check; with `strict` warnings do too."""
        return self.is_error or (strict and self.severity == "warning")
