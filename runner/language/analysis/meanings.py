"""What a single test says about its field: where it is true, false, or neither.

A test of which nothing is known here (a window, an operator of tomorrow) is a field of its own
that is true, false or missing: it agrees with itself, and proves nothing about any other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from math import inf
from typing import Any

from msgspec import Struct

from runner.language.analysis import shapes
from runner.language.analysis.regions import (
    ANY_TEXT,
    NO_TEXT,
    Amounts,
    Atom,
    FileList,
    Region,
    Texts,
    Told,
    outside,
)
from runner.language.fields import FIELDS
from runner.language.operators import OPERATORS
from runner.model import Test

_WITHIN = ("in", "not_in")
_TEXTS = ("text", "phone", "status", "flag")
#: The field types that hold whole numbers, and the least of them.
LEAST = {"duration": 0.0, "count": 0.0, "rank": 0.0, "time": -inf}
#: `leg` says of every call whether this field is empty.
LEG, PARENT = "leg", "parent_call_sid"
#: What the name of a test begins with of which nothing is known.
UNKNOWN = "?"
#: Windows are not looked into either, but one that is named twice is known again.
WINDOW = "window"


class Meaning(Struct, frozen=True):
    """Where a test is true and false, and the opposites: a missing value is neither."""

    true: Region
    false: Region
    untrue: Region
    unfalse: Region


def name_of(test: Test) -> str:
    """Under which name the test's value is reasoned about: its field's, or its own."""
    name = _name(test.field, test.operator)
    if name == WINDOW:
        return f"{UNKNOWN}{WINDOW} {_windows(test)}"
    if name is None:
        return f"{UNKNOWN}{test.field} {test.operator} {test.by} {test.written!r}"
    return f"{name} by {test.by}" if test.by else name


def is_known(test: Test) -> bool:
    """Whether it is known here what the test asks for."""
    return _name(test.field, test.operator) is not None


@cache
def _name(field: str, operator: str) -> str | None:
    """What a field is called here; None where nothing is known of it, or of the operator."""
    kind = FIELDS[field].type if field in FIELDS else ""
    if kind == WINDOW:
        return WINDOW if operator in _WITHIN else None
    if kind == LEG:
        return PARENT if operator in ("eq", "not", "in", "not_in") else None
    if kind in LEAST:
        return field if operator in _RANGES or operator == "exists" else None
    known = kind in _TEXTS and (operator in _ATOMS or operator == "exists")
    return field if known else None


def meaning_of(test: Test, files: Collection[str]) -> Meaning:
    """What the test says; `files` are the lists whose values stand in files."""
    if not is_known(test):
        return _of_text(frozenset({True}), positive=True)
    kind = FIELDS[test.field].type
    if kind == WINDOW:
        return _of_window(test)
    if kind == LEG:
        return _of_leg(test)
    if test.operator == "exists":
        return _of_existence(test.value, kind)
    if kind in LEAST:
        return _of_amount(test, LEAST[kind])
    return _of_text(*_ATOMS[test.operator](test, files))


def _opposed(missing: bool, part: Amounts | Texts, against: Amounts | Texts) -> Meaning:
    true, false = Region(missing, part), Region(False, against)
    return Meaning(true, false, Region(not missing, against), Region(True, part))


def _of_text(atom: Atom, positive: bool) -> Meaning:
    yes, no = Texts(fits=frozenset({atom})), Texts(misfits=frozenset({atom}))
    return _opposed(False, yes, no) if positive else _opposed(False, no, yes)


def _of_amount(test: Test, least: float) -> Meaning:
    low, high = _RANGES[test.operator](test.value)
    low = max(low, least)
    part: Amounts = ((low, high),) if low <= high else ()
    return _opposed(False, part, outside(part, least=least))


def _of_existence(wanted: bool, kind: str) -> Meaning:
    """Never unknown: missing is an answer."""
    everything = ((LEAST[kind], inf),) if kind in LEAST else ANY_TEXT
    nothing = () if kind in LEAST else NO_TEXT
    there, gone = Region(False, everything), Region(True, nothing)
    return Meaning(there, gone, gone, there) if wanted else Meaning(gone, there, there, gone)


def _windows(test: Test) -> list[str]:
    return sorted(test.written) if isinstance(test.written, list) else [test.written]


def _of_window(test: Test) -> Meaning:
    """Never unknown: there is always a moment, and it is in the windows or not."""
    window = frozenset({frozenset({True})})
    inside, other = Region(False, Texts(fits=window)), Region(False, Texts(misfits=window))
    true, false = (inside, other) if is_inside(test) else (other, inside)
    return Meaning(true, false, false, true)


def is_inside(test: Test) -> bool:
    """Whether a test of a window asks for it to be open."""
    return test.operator == _WITHIN[0]


def _of_leg(test: Test) -> Meaning:
    holds = OPERATORS[test.operator].holds
    parent, child = holds("parent", test.value), holds("child", test.value)
    true = Region(parent, ANY_TEXT if child else NO_TEXT)
    false = Region(not parent, NO_TEXT if child else ANY_TEXT)
    return Meaning(true, false, false, true)


def _one(test: Test, _files: Collection[str]) -> tuple[Atom, bool]:
    if test.value is False:  # a flag is true or not: one way of saying it is enough
        return frozenset({True}), test.operator != "eq"
    return frozenset({test.value}), test.operator == "eq"


def _several(test: Test, _files: Collection[str]) -> tuple[Atom, bool]:
    return test.value, test.operator == "in"


def _list(test: Test, files: Collection[str]) -> tuple[Atom, bool]:
    atom = FileList(test.written) if test.written in files else test.value
    return atom, test.operator == "in_list"


def _shaped(test: Test, _files: Collection[str]) -> tuple[Atom, bool]:
    shape = _SHAPES[test.operator](test.written)
    told = Told(test.operator, test.written, test.value, shape)
    if shape is None:
        return told, True
    only = shapes.literal(shape)
    if only is not None:
        return frozenset({only}), True
    # An expression says more than its shape does; the others are their shapes.
    return (told if test.operator == "regex" else shape), True


_SHAPES: dict[str, Callable[[str], shapes.Shape | None]] = {
    "prefix": shapes.from_prefix,
    "suffix": shapes.from_suffix,
    "glob": shapes.from_glob,
    "regex": shapes.from_regex,
}
_ATOMS: dict[str, Callable[[Test, Collection[str]], tuple[Atom, bool]]] = {
    "eq": _one,
    "not": _one,
    "in": _several,
    "not_in": _several,
    "in_list": _list,
    "not_in_list": _list,
    **dict.fromkeys(_SHAPES, _shaped),
}
_RANGES: dict[str, Callable[[Any], tuple[float, float]]] = {
    "gt": lambda value: (value + 1, inf),
    "gte": lambda value: (value, inf),
    "lt": lambda value: (-inf, value - 1),
    "lte": lambda value: (-inf, value),
    "between": lambda value: value,
    "over": lambda value: (value + 1, inf),
}
