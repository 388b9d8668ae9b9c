"""Long work in turns: it pauses now and then, so that who has other work can do some in between."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TypeAlias, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Work that pauses wherever it yields.
Turns: TypeAlias = Generator[None, None, Result]


class Pace:
    """Says when it is time for a pause: each time that so much work has been done."""

    def __init__(self, stride: int) -> None:
        self._stride = stride
        self._done = 0

    def due(self, work: int) -> bool:
        """Whether it is, now that this was done too."""
        self._done += work
        if self._done < self._stride:
            return False
        self._done = 0
        return True


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
