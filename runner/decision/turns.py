"""Long work in turns: it pauses now and then, so that who has other work can do some in between."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TypeAlias, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Work that pauses wherever it yields.
Turns: TypeAlias = Generator[None, None, Result]


def at_once(turns: Turns[Result]) -> Result:
    """Does without the pauses."""
    while True:
        try:
            next(turns)
        except StopIteration as end:
            result: Result = end.value
            return result


def slices(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """The items in order, so many in one turn."""
    return (items[first : first + size] for first in range(0, len(items), size))
