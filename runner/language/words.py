"""Words for messages: the nearest known word, lists of words, values as they were written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

_LONGEST_WORD = 60  # nobody mistypes a longer one, and comparing it takes time
_MOST_LISTED = 50  # of the known words; more of them help nobody
#: How many words one file's mistakes are compared with: a thousand mistakes, and then no more.
_COMPARED = 50_000

_left: ContextVar[list[int] | None] = ContextVar("words left to compare", default=None)


@contextmanager
def bounded_guesses() -> Iterator[None]:
    """Within it, `nearest` finds something for so many mistakes only, whatever a file holds."""
    token = _left.set([_COMPARED])
    try:
        yield
    finally:
        _left.reset(token)


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that was probably meant; case, `-` and `_` are no difference."""
    if len(word) > _LONGEST_WORD or not _may_compare(len(known)):
        return None
    from difflib import get_close_matches  # most files have nothing to guess at

    folded = {_fold(candidate): candidate for candidate in known}
    near = get_close_matches(_fold(word), folded, 1, 0.65)
    return folded[near[0]] if near else None


def _may_compare(words: int) -> bool:
    """Takes so many comparisons from what is left, where that is bounded."""
    left = _left.get()
    if left is None:
        return True
    left[0] -= words
    return left[0] >= 0


def _fold(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")


def suggestion(word: str, known: Sequence[str], noun: str = "") -> str:
    """`did you mean "from"?`, or the known words where none is near."""
    near = nearest(word, known)
    if near is not None:
        return f"did you mean {shown(near)}?"
    if not known:
        return ""
    more = len(known) - _MOST_LISTED
    words = [*known[:_MOST_LISTED], f"{more} more"] if more > 0 else known
    return f"known {noun or 'words'} are {listed(words, 'and')}"


def listed(words: Sequence[str], joint: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joint} {words[-1]}"


def shown(value: object, limit: int = 60) -> str:
    """A value as a message quotes it: text in double quotes, one line, cut where it is long."""
    import json  # here, not above: most files need none

    text = json.dumps(value, ensure_ascii=False, default=str)
    text = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 2] + '…"'


def counted(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
