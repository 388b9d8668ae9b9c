"""Lines of a terminal's cells: styled text that is cut and filled to a width, wide characters too.

Text from outside is made safe here: nothing in it moves the cursor or takes a cell that isn't
counted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from runner.cli.terminal import printable


class Span(NamedTuple):
    """Text in one look: a key of `LOOKS`, "" for plain."""

    text: str
    look: str = ""


Line: TypeAlias = Sequence[Span]

#: What each look is written with: (in colour, without).
LOOKS = {
    "": ("", ""),
    "head": ("1", "1"),
    "pick": ("7", "7"),
    "dim": ("2", ""),
    "good": ("32", ""),
    "bad": ("31", ""),
    "warn": ("33", ""),
    "alarm": ("1;37;41", "1;7"),
}


def safe(text: str) -> str:
    """On one line, each character with a width that is known."""
    flat = printable(text.replace("\n", " ").replace("\t", " "))
    return flat if flat.isascii() else "".join(map(_sound, flat))


def width_of(text: str) -> int:
    """How many cells it takes."""
    return sum(map(_cells, text))


def cut(text: str, width: int) -> str:
    """As much of it as fits, with `…` where something is left out."""
    if width_of(text) <= width:
        return text
    taken, left = "", max(0, width - 1)
    for char in text:
        left -= _cells(char)
        if left < 0:
            break
        taken += char
    return taken + "…" if width > 0 else ""


def fitted(text: str, width: int, *, right: bool = False) -> str:
    """Exactly so many cells."""
    shown = cut(safe(text), width)
    gap = " " * (width - width_of(shown))
    return gap + shown if right else shown + gap


def clipped(line: Line, width: int) -> list[Span]:
    """The line, at most so wide."""
    found, left = [], width
    for text, look in line:
        shown = cut(text, left)
        if shown:
            found.append(Span(shown, look))
        left -= width_of(shown)
        if shown != text:
            break
    return found


def wrapped(spans: Iterable[Span], width: int) -> list[list[Span]]:
    """The spans on as many lines as they need, two spaces between them; none is broken."""
    lines: list[list[Span]] = [[]]
    left = width
    for span in spans:
        need = width_of(span.text) + (2 if lines[-1] else 0)
        if need > left and lines[-1]:
            lines.append([])
            left, need = width, width_of(span.text)
        if lines[-1]:
            lines[-1].append(Span("  "))
        lines[-1].append(span)
        left -= need
    return lines


def written(line: Line, *, colour: bool, plain: bool = False) -> str:
    """The line for a terminal; `plain` without any look."""
    if plain:
        return "".join(text for text, _ in line).rstrip()
    parts = []
    for text, look in line:
        code = LOOKS[look][0 if colour else 1]
        parts.append(f"\x1b[{code}m{text}\x1b[0m" if code else text)
    return "".join(parts)


def _sound(char: str) -> str:
    """The character, "" for one that joins or breaks others, `\\ufffd` for half a character."""
    category = unicodedata.category(char)
    return "\ufffd" if category == "Cs" else "" if category in ("Cf", "Zl", "Zp") else char


def _cells(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
