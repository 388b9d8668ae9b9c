"""The facts that a rule is filed under: wherever its condition is true, one of them holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NamedTuple

from runner.language.fields import FIELDS, Field
from runner.model import AllOf, AnyOf, Condition, Not, Test


class Kind(Enum):
    """How a fact is found by a value: what the field must be, or begin with, and so on."""

    EXACT = auto()
    STARTS = auto()
    ENDS = auto()
    FITS = auto()  # a compiled pattern
    LEAST = auto()  # this, or more
    MOST = auto()  # this, or less
    ASKED = auto()  # a `Question`: nothing finds it but asking


@dataclass(frozen=True, slots=True)
class Question:
    """A comparison, and whether it is to be true or false; unknown is neither."""

    test: Test
    truth: bool


@dataclass(frozen=True, slots=True)
class Anchor:
    """One fact. `share` is a guess at the share of live calls for which it holds."""

    field: Field
    kind: Kind
    value: Any
    share: float


class Filing(NamedTuple):
    """Facts of which one holds wherever a condition is as wanted.

    None where the call and the clock don't tell of any. `whole` says that the other way round, too,
    the condition is as wanted wherever one of them holds.
    """

    anchors: Sequence[Anchor] | None
    whole: bool = False

    @property
    def share(self) -> float:
        """A guess at how often one of them holds."""
        return math.inf if self.anchors is None else sum(each.share for each in self.anchors)


#: Of lists that are longer, the call's value is looked up in the list and not the other way round.
LONGEST_LIST = 256

# Guesses, to choose between the facts of one rule: a poor one costs time, and never a match.
_NARROW = 0.5  # one of a few values: a status, a direction
_RARE = 0.001  # one of many: a number, a SID
_PATTERN = 0.01
_ANY = 0.7  # what says next to nothing: that a number begins with `+1`
#: Values of these are mostly the same for all calls of an account.
_UNIFORM = frozenset({"account_sid", "api_version", "account"})
_UNKNOWN = Filing(None)
_OPPOSITES = {
    "not": "eq",
    "not_in": "in",
    "not_in_list": "in_list",
    "gt": "lte",
    "gte": "lt",
    "lt": "gte",
    "lte": "gt",
}


def filing(condition: Condition, wanted: bool = True) -> Filing:
    """The rarest facts for a condition; where there are none at all, it never is as wanted."""
    match condition:
        case Test():
            return _of_test(Question(condition, wanted))
        case Not(item=item):
            return filing(item, not wanted)
        case AllOf(items=items) if wanted:
            return _rarest([filing(item) for item in items])
        case AnyOf(items=items) if not wanted:
            return _rarest([filing(item, False) for item in items])
        case AllOf(items=items) | AnyOf(items=items):
            return _one_of([filing(item, wanted) for item in items])


def _rarest(found: list[Filing]) -> Filing:
    """Of what must all be so, that which is the least often so."""
    rarest = min(found, key=lambda each: each.share, default=_UNKNOWN)
    return rarest if len(found) == 1 else Filing(rarest.anchors)


def _one_of(found: list[Filing]) -> Filing:
    """Of what need not all be so, whichever is."""
    anchors: list[Anchor] = []
    for each in found:
        if each.anchors is None:
            return _UNKNOWN
        anchors += each.anchors
    return Filing(anchors, all(each.whole for each in found))


def _of_test(question: Question) -> Filing:
    test, field = question.test, FIELDS[question.test.field]
    if field.others:
        return _UNKNOWN
    operator = test.operator if question.truth else _OPPOSITES.get(test.operator, "")
    found = _found_by(field, operator, test)
    if found is not None:
        return Filing(found, operator != "between")  # its upper end is not looked at
    if field.clock == "age":
        return _UNKNOWN
    return Filing([Anchor(field, Kind.ASKED, question, _asked(question))], True)


def _found_by(field: Field, operator: str, test: Test) -> Sequence[Anchor] | None:
    """The facts under which a value is found; None where only asking tells."""
    value = test.value
    match operator:
        case "eq":
            return [Anchor(field, Kind.EXACT, value, _exact(field))]
        case "in" | "in_list" if not field.clock and len(value) <= LONGEST_LIST:
            return [Anchor(field, Kind.EXACT, each, _exact(field)) for each in value]
        case "prefix" | "suffix" if value:
            kind = Kind.STARTS if operator == "prefix" else Kind.ENDS
            return [Anchor(field, kind, value, _edge(value))]
        case "glob" | "regex":
            return [Anchor(field, Kind.FITS, value, _PATTERN)]
        case "gt" | "gte" | "between":
            least = value[0] if operator == "between" else value + (operator == "gt")
            return [Anchor(field, Kind.LEAST, least, _at_least(field, least))]
        case "lt" | "lte":
            return [Anchor(field, Kind.MOST, value - (operator == "lt"), _ANY)]
    return None


def _exact(field: Field) -> float:
    if field.name in _UNIFORM:
        return 1.0
    return _NARROW if field.known else _RARE


def _edge(text: str) -> float:
    """`+1` begins every number of a continent, and each further character rules out most."""
    return min(_ANY, max(_RARE, 10.0 ** (2 - len(text))))


def _at_least(field: Field, least: int) -> float:
    """Most calls are over after some minutes, and have not been held back at all."""
    if field.type != "duration":
        return _ANY
    return 1 / (1 + least / (300_000 if field.clock else 300))


def _asked(question: Question) -> float:
    test, field = question.test, FIELDS[question.test.field]
    if field.known or field.clock:
        return _NARROW
    if question.truth:
        return _ANY
    opposite = _found_by(field, test.operator, test)  # what is rarely so is mostly not so
    return _ANY if opposite is None else 1 - min(1.0, Filing(opposite).share)
