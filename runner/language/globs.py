"""Globs: texts with gaps. Most have one, and then both ends tell whether a text fits."""

from __future__ import annotations

import re

from msgspec import Struct

_GAP, _LETTER = "(?s:.*)", "(?s:.)"  # what RE2 knows `*` and `?` as
_LONGEST = 500  # characters; of longer ones RE2 says whether they are too large


class Glob(Struct, frozen=True):
    """A glob with one `*` and no `?`, which no expression has to be compiled for.

    `pattern` is the expression all the same, for whoever puts several together.
    """

    pattern: str
    start: str
    end: str

    def fullmatch(self, text: str) -> Glob | None:
        """As an expression answers: None where the text doesn't fit."""
        whole = len(text) >= len(self.start) + len(self.end)
        return self if whole and text.startswith(self.start) and text.endswith(self.end) else None


def expression_of(written: str) -> str:
    """The glob as an expression for RE2."""
    return re.escape(written).replace(r"\*", _GAP).replace(r"\?", _LETTER)


def simple(written: str) -> Glob | None:
    """The glob by its ends, where they tell all of it."""
    if written.count("*") != 1 or "?" in written or len(written) > _LONGEST:
        return None
    start, _, end = written.partition("*")
    return Glob(expression_of(written), start, end)
