"""Kinds of calls: what a condition on these few fields says of one, it says of all of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from runner.call import Call
from runner.decision.truth import Predicate
from runner.language.conditions import tests_of
from runner.model import Condition, Moment

#: What decides the `FIELDS` of a call, all of which have a few values.
Kind: TypeAlias = tuple[str | None, str | None, str | None, bool]
FIELDS = frozenset({"status", "direction", "answered_by", "leg"})
#: Of so many kinds it is remembered what was said.
REMEMBERED = 256
_NO_MOMENT = Moment(0)


def kind_of(call: Call) -> Kind:
    """The kind of a call."""
    return call.status, call.direction, call.answered_by, not call.parent_call_sid


def is_of_kind(condition: Condition) -> bool:
    """Whether the kind of a call decides what the condition says of it."""
    return all(test.field in FIELDS for test in tests_of(condition))


class Kinds(dict[Kind, bytes]):
    """Of each kind of calls, which rules may match: by number, one byte each, 1 for those that may.

    `gists` are what the rules ask of the kind. Threads may share it.
    """

    def __init__(self, gists: Sequence[Predicate]) -> None:
        super().__init__()
        places = {gist: place for place, gist in enumerate(dict.fromkeys(gists))}
        self._gists = [*places]
        self._places = [places[gist] for gist in gists]

    def __missing__(self, kind: Kind) -> bytes:
        status, direction, answered_by, is_parent = kind
        call = Call(
            sid="",
            status=status,
            direction=direction,
            answered_by=answered_by,
            parent_call_sid=None if is_parent else "CA",
        )
        said = [gist(call, _NO_MOMENT) is True for gist in self._gists]
        if len(self) >= REMEMBERED:
            self.clear()
        self[kind] = fitting = bytes(map(said.__getitem__, self._places))
        return fitting
