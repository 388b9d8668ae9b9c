"""Words for messages: the nearest known word, lists of words, values as they were written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

_LONGEST_WORD = 60  # nobody mistypes a longer one, and comparing it takes time


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant; case, `-` and `_` are no difference."""
    if len(word) > _LONGEST_WORD:
        return None
    folded = {_fold(candidate): candidate for candidate in known}
    near = get_close_matches(_fold(word), folded, 1, 0.65)
    return folded[near[0]] if near else None


def _fold(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")


def suggestion(word: str, known: Sequence[str], noun: str = "") -> str:
    """`did you mean "from"?`, or the known words where none is near."""
    near = nearest(word, known)
    if near is not None:
        return f"did you mean {shown(near)}?"
    if not known:
        return ""
    return f"known {noun or 'words'} are {listed(known, 'and')}"


def listed(words: Sequence[str], joint: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"


def shown(value: object, limit: int = 60) -> str:
    """A value as a message quotes it: text in double quotes, one line, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 2] + '…"'


def counted(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
