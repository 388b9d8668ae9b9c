"""Proofs that no call fits: conditions as formulas over regions, and a search that may give up.

A condition is true, false or unknown on a call (docs/decisions/0005). Asked for one of these, or
for the opposite, it becomes a formula with two values, `All`, `Any` and `Fact`, because a test is
true, false or unknown where its field lies in one region of values or another. `refuted` looks for
a proof that a formula can't hold: each way of making it true must leave some field nothing to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from runner.language.analysis.meanings import Meaning, name_of
from runner.language.analysis.regions import Region, both, cost_of, is_empty
from runner.model import AllOf, AnyOf, Condition, Not, Test

Wanted = Literal["true", "false", "untrue", "unfalse"]

_OPPOSITE: dict[Wanted, Wanted] = {
    "true": "false",
    "false": "true",
    "untrue": "unfalse",
    "unfalse": "untrue",
}
_COMPLEMENT: dict[Wanted, Wanted] = {
    "true": "untrue",
    "untrue": "true",
    "false": "unfalse",
    "unfalse": "false",
}


class Fact(Struct, frozen=True):
    """The field of this name lies in a region; `otherwise` is everything else it could be."""

    name: str
    region: Region
    otherwise: Region


class All(Struct, frozen=True):
    """Every part holds."""

    parts: tuple[Formula, ...]


class Any(Struct, frozen=True):
    """At least one part holds."""

    parts: tuple[Formula, ...]


Formula: TypeAlias = Fact | All | Any
Regions: TypeAlias = Mapping[str, Region]


def formula(condition: Condition, wanted: Wanted, mean: Callable[[Test], Meaning]) -> Formula:
    """That the condition is true (or false, or not true, or not false)."""
    match condition:
        case Test():
            meaning = mean(condition)
            region, otherwise = getattr(meaning, wanted), getattr(meaning, _COMPLEMENT[wanted])
            return Fact(name_of(condition), region, otherwise)
        case Not(item=item):
            return formula(item, _OPPOSITE[wanted], mean)
        case AllOf(items=items) | AnyOf(items=items):
            parts = tuple(formula(item, wanted, mean) for item in items)
            together = isinstance(condition, AllOf) is (wanted in ("true", "unfalse"))
            return All(parts) if together else Any(parts)


class Patience(Struct):
    """How many more steps proofs may take; without any left, nothing is proved."""

    steps: int


def refuted(parts: Iterable[Formula], known: Regions, patience: Patience) -> bool:
    """True only if the parts can't all hold of a call whose fields lie in the known regions."""
    regions, choices = dict(known), []
    todo = list(parts)
    while todo:
        part = todo.pop()
        if isinstance(part, All):
            todo += part.parts
        elif isinstance(part, Any):
            choices.append(part)
        elif _contradicts(part, regions, patience):
            return True
        if not todo:
            settled = _settled(choices, regions, patience)
            if settled is None:
                return True
            todo, choices = settled
    return bool(choices) and _all_ways_refuted(choices, regions, patience)


def _contradicts(fact: Fact, regions: dict[str, Region], patience: Patience) -> bool:
    """Adds a fact to what is known; True where that leaves its field nothing to be."""
    region = regions[fact.name] = _met(fact.region, fact.name, regions)
    return _is_empty(region, patience)


def _settled(
    choices: list[Any], regions: Regions, patience: Patience
) -> tuple[list[Formula], list[Any]] | None:
    """What must hold because nothing else is left, and the choices that are; None: none is."""
    forced: list[Formula] = []
    open_: list[Any] = []
    for choice in choices:
        left = [part for part in choice.parts if not _is_out(part, regions, patience)]
        if not left:
            return None
        if len(left) == 1:
            forced += left
        elif not any(_is_sure(part, regions, patience) for part in left):
            open_.append(Any(tuple(left)))
    return forced, open_


def _is_out(part: Formula, regions: Regions, patience: Patience) -> bool:
    if not isinstance(part, Fact):
        return False
    return _is_empty(_met(part.region, part.name, regions), patience)


def _is_sure(part: Formula, regions: Regions, patience: Patience) -> bool:
    if not isinstance(part, Fact):
        return False
    return _is_empty(_met(part.otherwise, part.name, regions), patience)


def _is_empty(region: Region, patience: Patience) -> bool:
    patience.steps -= cost_of(region)
    return patience.steps > 0 and is_empty(region)


def _met(region: Region, name: str, regions: Regions) -> Region:
    known = regions.get(name)
    return region if known is None else both(known, region)


def _all_ways_refuted(choices: list[Any], regions: Regions, patience: Patience) -> bool:
    choice = min(choices, key=lambda each: len(each.parts))
    others = [each for each in choices if each is not choice]
    patience.steps -= len(choices)
    for part in choice.parts:
        if patience.steps <= 0 or not refuted([part, *others], regions, patience):
            return False
    return True
