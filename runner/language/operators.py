"""The operators of `match`: which field types each suits, and when it holds."""

from __future__ import annotations

import operator as compare
from collections.abc import Callable, Container
from functools import cache
from typing import Any

from msgspec import Struct

from runner.language.fields import FieldType

Holds = Callable[[Any, Any], bool]

_TEXTS: frozenset[FieldType] = frozenset({"text", "phone"})
_WORDS: frozenset[FieldType] = frozenset({"text", "phone", "status", "leg"})
_AMOUNTS: frozenset[FieldType] = frozenset({"duration", "time", "count"})
_WINDOWS: frozenset[FieldType] = frozenset({"window"})
_KNOWABLE: frozenset[FieldType] = frozenset({"text", "phone", "duration", "time"})


class Operator(Struct, frozen=True):
    """One row of the operator table.

    `holds(actual, wanted)` compares a call's value, which is present, with `Test.value` as the
    compiler prepared it: milliseconds for durations and times, a frozenset of text for lists,
    `Windows` for windows, a compiled expression for `regex` and `glob` (or a `Glob`, which answers
    as one does), a pair for `between`. Only `exists` is asked about a missing value, which it gets
    as None.
    """

    name: str
    suits: frozenset[FieldType]
    holds: Holds


def _is_in(actual: Any, wanted: Container[Any]) -> bool:
    return actual in wanted


def _is_not_in(actual: Any, wanted: Container[Any]) -> bool:
    return actual not in wanted


def _fits(actual: str, wanted: Any) -> bool:
    return wanted.fullmatch(actual) is not None


def _is_between(actual: int, wanted: tuple[int, int]) -> bool:
    return wanted[0] <= actual <= wanted[1]


def _exists(actual: object | None, wanted: bool) -> bool:
    return (actual is not None) is wanted


_ROWS = (
    Operator("eq", _WORDS | {"flag"}, compare.eq),
    Operator("not", _WORDS, compare.ne),
    Operator("in", _WORDS | _WINDOWS, _is_in),
    Operator("not_in", _WORDS | _WINDOWS, _is_not_in),
    Operator("in_list", _TEXTS, _is_in),
    Operator("not_in_list", _TEXTS, _is_not_in),
    Operator("prefix", _TEXTS, str.startswith),
    Operator("suffix", _TEXTS, str.endswith),
    Operator("glob", _TEXTS, _fits),
    Operator("regex", _TEXTS, _fits),
    Operator("gt", _AMOUNTS, compare.gt),
    Operator("gte", _AMOUNTS, compare.ge),
    Operator("lt", _AMOUNTS, compare.lt),
    Operator("lte", _AMOUNTS, compare.le),
    Operator("between", _AMOUNTS, _is_between),
    Operator("over", frozenset({"rank"}), compare.gt),
    Operator("exists", _KNOWABLE, _exists),
)

#: Every operator by the name it has in a flow file, in the order in which messages list them.
OPERATORS: dict[str, Operator] = {row.name: row for row in _ROWS}


@cache
def suiting(field_type: FieldType) -> tuple[str, ...]:
    """The names of the operators that a field of this type takes, in table order."""
    return tuple(row.name for row in OPERATORS.values() if field_type in row.suits)
