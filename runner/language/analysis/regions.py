"""What one field may hold: amounts or texts, and whether it may be missing. Proofs of emptiness.

`is_empty` says True only where nothing is left for sure. So every answer that the analysis builds
on it is a proof, and where the proof is not found there is no warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import inf
from typing import Any, TypeAlias

from msgspec import Struct

from runner.language.analysis.shapes import ANYTHING, Shape, apart, within
from runner.language.operators import OPERATORS

#: Ranges of whole numbers, both ends included, in order and apart from one another.
Amounts: TypeAlias = tuple[tuple[float, float], ...]

_MOST_TRIED = 5_000  # values of a list that are tried one by one


class Told(Struct, frozen=True):
    """An operator that only the call's value can answer; `shape` is what it surely asks for."""

    operator: str
    written: str
    value: Any
    shape: Shape | None = None

    # What is written is what is asked for; `value` is that, made ready.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Told) and self._asked == other._asked

    def __hash__(self) -> int:
        return hash(self._asked)

    @property
    def _asked(self) -> tuple[str, str, Shape | None]:
        return self.operator, self.written, self.shape

    def holds(self, actual: Any) -> bool:
        """Whether the value fits."""
        return OPERATORS[self.operator].holds(actual, self.value)


class FileList(Struct, frozen=True):
    """A list whose values stand in a file, which changes while the flow stays as it is."""

    name: str


#: What a text may be asked for: to be one of these values, to be of a shape, or else.
Atom: TypeAlias = "frozenset[Any] | Shape | Told | FileList"


class Texts(Struct, frozen=True):
    """The values that fit every one of `fits` and none of `misfits`."""

    fits: frozenset[Atom] = frozenset()
    misfits: frozenset[Atom] = frozenset()


class Region(Struct, frozen=True):
    """What a field may hold: nothing, where `missing`, or a value of `part`."""

    missing: bool
    part: Amounts | Texts


NO_TEXT = Texts(fits=frozenset({frozenset()}))
ANY_TEXT = Texts()


def both(one: Region, other: Region) -> Region:
    """What is in either of them."""
    missing = one.missing and other.missing
    if isinstance(one.part, Texts) and isinstance(other.part, Texts):
        fits, misfits = one.part.fits | other.part.fits, one.part.misfits | other.part.misfits
        return Region(missing, Texts(fits, misfits))
    assert not isinstance(one.part, Texts), "a field holds amounts or texts"
    assert not isinstance(other.part, Texts), "a field holds amounts or texts"
    return Region(missing, tuple(_overlaps(one.part, other.part)))


def cost_of(region: Region) -> int:
    """How many steps it takes to look whether the region is empty."""
    if not isinstance(region.part, Texts):
        return 1
    fits, misfits = region.part.fits, region.part.misfits
    return 1 + len(fits) * (len(fits) + len(misfits)) // 2 + len(misfits)


def is_empty(region: Region) -> bool:
    """True only if no value, and no missing one, is in the region."""
    if region.missing:
        return False
    if not isinstance(region.part, Texts):
        return not region.part
    return _no_text(region.part.fits, region.part.misfits)


def outside(part: Amounts, *, least: float) -> Amounts:
    """The whole numbers from `least` up that are not in the ranges."""
    found = []
    for low, high in part:
        if least < low:
            found.append((least, low - 1))
        least = max(least, high + 1)
    return (*found, (least, inf)) if least < inf else tuple(found)


def _overlaps(one: Amounts, other: Amounts) -> Iterator[tuple[float, float]]:
    for low, high in one:
        for least, most in other:
            if max(low, least) <= min(high, most):
                yield max(low, least), min(high, most)


def _no_text(fits: frozenset[Atom], misfits: frozenset[Atom]) -> bool:
    if not fits.isdisjoint(misfits):
        return True
    listed = [atom for atom in fits if isinstance(atom, frozenset)]
    if listed:
        values = frozenset.intersection(*listed)
        values = values.difference(*(atom for atom in misfits if isinstance(atom, frozenset)))
        if len(values) > _MOST_TRIED:
            return False
        return not any(_may_be(value, fits, misfits) for value in values)
    shapes = [ANYTHING, *_shapes(fits)]
    barred = [atom for atom in misfits if isinstance(atom, tuple)]
    return any(within(shape, bar) for shape in shapes for bar in barred) or any(
        apart(*pair) for pair in combinations(shapes, 2)
    )


def _shapes(fits: frozenset[Atom]) -> Iterator[Shape]:
    for atom in fits:
        if isinstance(atom, tuple):
            yield atom
        elif isinstance(atom, Told) and atom.shape is not None:
            yield atom.shape


def _may_be(value: Any, fits: frozenset[Atom], misfits: frozenset[Atom]) -> bool:
    return all(_fits(value, atom) is not False for atom in fits) and not any(
        _fits(value, atom) is True for atom in misfits
    )


def _fits(value: Any, atom: Atom) -> bool | None:
    """Whether a value fits; None where that depends on a file."""
    match atom:
        case frozenset():
            return value in atom
        case tuple():
            return within(tuple(value), atom)
        case Told():
            return atom.holds(value)
        case FileList():
            return None
