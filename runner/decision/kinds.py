"""Kinds of calls: what a condition on these few fields says of one, it says of all of its kind."""

from __future__ import annotations

from typing import TypeAlias

from runner.call import Call
from runner.language.conditions import tests_of
from runner.model import Condition

#: What decides these fields of a call, all of which have a few values.
Kind: TypeAlias = tuple[str | None, str | None, str | None, bool]
OF_KIND = frozenset({"status", "direction", "answered_by", "leg"})
#: Of so many kinds it is remembered what was said.
REMEMBERED = 512
#: Stands where a rule was not asked yet what it says of a kind.
UNASKED = 2


def kind_of(call: Call) -> Kind:
    """The kind of a call."""
    return call.status, call.direction, call.answered_by, not call.parent_call_sid


def is_of_kind(condition: Condition) -> bool:
    """Whether the kind of a call decides what the condition says of it."""
    return all(test.field in OF_KIND for test in tests_of(condition))


class Kinds(dict[Kind, bytearray]):
    """Of each kind of calls, which of so many rules may match: by number, one byte each.

    0 for a rule that can't, 1 for one that may, and `UNASKED`. Who asks a rule for its gist writes
    it down here. Threads may share it: what is written does not depend on who writes.
    """

    def __init__(self, rules: int) -> None:
        super().__init__()
        self._unasked = bytes((UNASKED,)) * rules

    def __missing__(self, kind: Kind) -> bytearray:
        if len(self) >= REMEMBERED:
            self.clear()
        self[kind] = fitting = bytearray(self._unasked)
        return fitting
