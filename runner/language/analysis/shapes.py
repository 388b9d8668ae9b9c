"""Texts with gaps, as `glob`, `prefix` and `suffix` describe them: which contain or exclude which.

Every answer is a proof; where it would take long, the answer is no.
"""

from __future__ import annotations

import re
from typing import TypeAlias

#: Characters, and ONE and MANY, which are longer than one and so no characters.
Shape: TypeAlias = tuple[str, ...]

ONE, MANY = "one", "many"
ANYTHING: Shape = (MANY,)

_LONGEST = 64  # tokens; comparing two shapes takes the product of their lengths

_QUANTIFIERS = "*?{"
_PLAIN = re.compile(r"[^\\.+*?()|\[\]{}^$]")


def from_glob(text: str) -> Shape | None:
    """The shape of a glob; None where it is too long to reason about."""
    tokens: list[str] = []
    for character in text:
        token = {"*": MANY, "?": ONE}.get(character, character)
        if token != MANY or tokens[-1:] != [MANY]:
            tokens.append(token)
    return tuple(tokens) if len(tokens) <= _LONGEST else None


def from_prefix(text: str) -> Shape | None:
    """Everything that begins with the text."""
    return (*text, MANY) if len(text) < _LONGEST else None


def from_suffix(text: str) -> Shape | None:
    """Everything that ends with the text."""
    return (MANY, *text) if len(text) < _LONGEST else None


def literal(shape: Shape) -> str | None:
    """The one text of this shape; None where there are several."""
    return None if ONE in shape or MANY in shape else "".join(shape)


def within(inner: Shape, outer: Shape) -> bool:
    """True only if every text of the inner shape is of the outer one too."""
    # `reached` holds how much of the outer shape the inner one, so far, can have used up.
    reached = _past_gaps({0}, outer)
    for token in inner:
        after = {at for at in reached if at < len(outer) and outer[at] == MANY}
        if token != MANY:
            after |= {at + 1 for at in reached if outer[at : at + 1] in ((token,), (ONE,))}
        reached = _past_gaps(after, outer)
    return len(outer) in reached


def apart(one: Shape, other: Shape) -> bool:
    """True only if no text is of both shapes."""
    seen: set[tuple[int, int]] = set()
    todo = [(0, 0)]
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        if at == (len(one), len(other)):
            return False
        todo += _steps(one[at[0] :][:1], other[at[1] :][:1], at)
    return True


def _steps(one: Shape, other: Shape, at: tuple[int, int]) -> list[tuple[int, int]]:
    """What two readers of the same text may have read after one more token of either."""
    left, right = at
    steps = []
    if one == ANYTHING:
        steps += [(left + 1, right)] + ([(left, right + 1)] if other else [])
    if other == ANYTHING:
        steps += [(left, right + 1)] + ([(left + 1, right)] if one else [])
    if one and other and (one == other or ONE in one + other):
        steps.append((left + 1, right + 1))
    return steps


def _past_gaps(positions: set[int], shape: Shape) -> set[int]:
    """The positions, and those behind gaps at them, which may hold nothing."""
    found = set(positions)
    for at in positions:
        while at < len(shape) and shape[at] == MANY:
            at += 1
            found.add(at)
    return found


def from_regex(pattern: str) -> Shape | None:
    """A shape that every match of the expression has: what it surely begins with.

    Without MANY at its end, the expression matches this one text alone.
    """
    if r"\Q" in pattern or _may_branch(pattern):
        return None
    head, rest = _head(pattern.removeprefix("^"))
    if rest in ("", "$"):
        return tuple(head) if len(head) <= _LONGEST else None
    return from_prefix(head[: _LONGEST - 1])


def _may_branch(pattern: str) -> bool:
    """Whether the whole expression could be an alternative: `a|b`, unlike `a(b|c)`."""
    if "|" not in pattern:
        return False
    bare = re.sub(r"(?s)\\.", "", pattern)
    if "[" in bare:
        return True  # where a class ends is not worth knowing
    while True:
        smaller = re.sub(r"\([^()]*\)", "", bare)
        if smaller == bare:
            return "|" in bare
        bare = smaller


def _head(pattern: str) -> tuple[str, str]:
    """The literal text that an expression begins with, and what is left of it."""
    head, rest = "", pattern
    while rest:
        if _PLAIN.match(rest):
            character, after = rest[0], rest[1:]
        elif re.match(r"\\[!-/:-@\[-`{-~]", rest):
            character, after = rest[1], rest[2:]
        else:
            break
        if after[:1] and after[0] in _QUANTIFIERS:
            break
        if after[:1] == "+":
            return head + character, after
        head, rest = head + character, after
    return head, rest
