"""Many patterns asked at once: which of them a text fits, without asking each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from runner.decision.turns import slices

#: So many patterns make one. Of more, RE2 has more to do for each character that it hasn't met;
#: of fewer, there is more to ask.
TOGETHER = 128
#: Bytes that one of those may take, compiled and while it runs.
LARGEST = 16 * 1024 * 1024
#: What begins or ends with so many plain characters is found by them.
EDGE = 3

#: What stands after a backslash and is one character, or a place between two.
_KNOWN_ESCAPES = frozenset("dDsSwWbBAz")
#: To RE2 any other brace stands for itself, and whatever follows it keeps its own meaning.
_REPETITION = re.compile(r"\{[0-9]+(,[0-9]*)?\}")

#: A pattern of RE2, compiled, with what it stands for.
Known: TypeAlias = tuple[Any, Sequence[int]]


class Patterns:
    """Patterns, each with what it stands for."""

    def __init__(self, patterns: Iterable[Known]) -> None:
        self._patterns = [*patterns]
        self._tables: _Tables | None = None
        #: How many of them no plain text finds; known once they have been asked.
        self.loose = 0

    def hits(self, text: str) -> list[int]:
        """What the patterns stand for that fit the text as a whole."""
        if self._tables is None:
            # Only now: an edit of a flow makes an index that may meet no text for them.
            self._tables = _arranged(self._patterns)
            self.loose = sum(len(chunk) for _, chunk in self._tables.chunks)
        found: list[int] = []
        for pattern, numbers in self._tables.likely(text):
            if pattern.fullmatch(text) is not None:
                found += numbers
        return found


@dataclass(frozen=True, slots=True)
class _Tables:
    """Patterns by the plain text that they begin or end with, by its length; and the others, each
    chunk with a pattern that fits whatever any of them fits, or None.
    """

    starts: dict[int, dict[str, list[Known]]] = field(default_factory=dict)
    ends: dict[int, dict[str, list[Known]]] = field(default_factory=dict)
    chunks: list[tuple[Any, Sequence[Known]]] = field(default_factory=list)

    def likely(self, text: str) -> Iterator[Known]:
        """The patterns that may fit."""
        for length, table in self.starts.items():
            yield from table.get(text[:length], ())
        for length, table in self.ends.items():
            yield from table.get(text[-length:], ())
        for union, chunk in self.chunks:
            if union is None or union.fullmatch(text) is not None:
                yield from chunk


def _arranged(patterns: Sequence[Known]) -> _Tables:
    tables, others = _Tables(), []
    for known in patterns:
        starts, ends = ends_of(known[0].pattern)
        edge, table = max((starts, tables.starts), (ends, tables.ends), key=_length)
        if len(edge) >= EDGE:
            table.setdefault(len(edge), {}).setdefault(edge, []).append(known)
        else:
            others.append(known)
    # `\Q` quotes whatever follows, so that it can't stand before another pattern.
    loose = [each for each in others if "\\Q" not in each[0].pattern]
    for chunk in slices(loose, TOGETHER):
        tables.chunks.append((_together([each.pattern for each, _ in chunk]), chunk))
    tables.chunks.append((None, [each for each in others if "\\Q" in each[0].pattern]))
    return tables


def _length(edge: tuple[str, Any]) -> int:
    return len(edge[0])


def _together(patterns: list[str]) -> Any:
    """One that fits what any of them fits, or None where there can be none."""
    import re2  # few flows need it, and it takes time to load

    options = re2.Options()
    options.log_errors, options.never_capture, options.max_mem = False, True, LARGEST
    try:
        return re2.compile("|".join(f"(?:{pattern})" for pattern in patterns), options)
    except re2.error:  # two groups of one name, or too large
        return None
    finally:
        re2.purge()  # else it would be kept for long after it is of use


def ends_of(pattern: str) -> tuple[str, str]:
    r"""What every text begins and ends with that fits the pattern as a whole, as far as is plain.

    `\+1900.*` → `("+1900", "")`. Reads only what it is certain of: two empty texts where there is
    anything else.
    """
    parts = _parts(pattern.removeprefix("^"))
    if parts is None:
        return "", ""
    return _run(parts), _run(parts[::-1])[::-1]


def _run(parts: list[str]) -> str:
    return "".join(parts[: parts.index("")] if "" in parts else parts)


def _parts(pattern: str) -> list[str] | None:
    """A character for each that must stand there, an empty text for what may differ."""
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        character, following = pattern[at], pattern[at + 1 : at + 2]
        if character == "\\":
            if not following or (following.isalnum() and following not in _KNOWN_ESCAPES):
                return None
            parts.append("" if following.isalnum() else following)
            at += 2
            continue
        end = _end(pattern, at)
        if character in "|)" or end is None:
            return None
        if character in "*+?{":
            parts[-1:] = [""]  # it repeats, or makes optional, what stands before it
        elif not (character == "$" and end == len(pattern)):
            parts.append("" if character in ".^$([" else character)
        at = end
    return parts


def _end(pattern: str, at: int) -> int | None:
    """Where that ends which begins here; None where that is not plain."""
    match pattern[at]:
        case "{":
            repetition = _REPETITION.match(pattern, at)
            return None if repetition is None else repetition.end()
        case "[":
            return _end_of_class(pattern, at)
        case "(":
            return _end_of_group(pattern, at)
    return at + 1


def _end_of_class(pattern: str, at: int) -> int | None:
    at += 2 if pattern.startswith("[^", at) else 1
    if pattern.startswith("]", at):  # here it stands for itself
        at += 1
    while at < len(pattern) and pattern[at] != "]":
        if pattern[at] == "[" or pattern.startswith(("\\Q", "\\E"), at):
            return None
        at += 2 if pattern[at] == "\\" else 1
    return at + 1 if at < len(pattern) else None


def _end_of_group(pattern: str, at: int) -> int | None:
    if pattern.startswith("(?", at) and not pattern.startswith(("(?:", "(?s:", "(?P"), at):
        return None  # flags, which may reach beyond the group
    at += 1
    while at < len(pattern) and pattern[at] != ")":
        if pattern[at] == "\\":
            if pattern.startswith(("\\Q", "\\E"), at):
                return None
            at += 2
            continue
        end = _end(pattern, at) if pattern[at] in "[(" else at + 1
        if end is None:
            return None
        at = end
    return at + 1 if at < len(pattern) else None
