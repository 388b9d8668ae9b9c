"""Kinds of calls: what a condition on these few fields says of one, it says of all of its kind."""

from __future__ import annotations

from typing import TypeAlias

from runner.call import Call
from runner.decision.truth import Predicate
from runner.language.conditions import tests_of
from runner.model import Condition

#: What decides the `FIELDS` of a call, all of which have a few values.
Kind: TypeAlias = tuple[str | None, str | None, str | None, bool]
FIELDS = frozenset({"status", "direction", "answered_by", "leg"})
#: Of so many kinds it is remembered what was said.
REMEMBERED = 256


def kind_of(call: Call) -> Kind:
    """The kind of a call."""
    return call.status, call.direction, call.answered_by, not call.parent_call_sid


def is_of_kind(condition: Condition) -> bool:
    """Whether the kind of a call decides what the condition says of it."""
    return all(test.field in FIELDS for test in tests_of(condition))


class Said(dict[Kind, dict[Predicate, bool]]):
    """Of each kind, which of the predicates that were asked are true."""

    def __missing__(self, kind: Kind) -> dict[Predicate, bool]:
        if len(self) >= REMEMBERED:
            self.clear()
        said: dict[Predicate, bool] = {}
        self[kind] = said
        return said
