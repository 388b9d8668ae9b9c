"""A call that a rule matches, made up: what shows in no time that there is nothing to prove.

Most rules can match, and most get a call that no rule above takes. One made-up call that shows it
saves the search for a proof that isn't there. Nothing rests on how well it is made up: whether it
fits a rule is always asked by the rule's own conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from runner.language.analysis.meanings import (
    LEAST,
    LEG,
    PARENT,
    UNKNOWN,
    WINDOW,
    is_inside,
    name_of,
)
from runner.language.fields import FIELDS
from runner.language.operators import OPERATORS
from runner.model import AllOf, AnyOf, Condition, Not, Test

#: A made-up call: values by the names of `meanings`. A name that is not there is missing.
Values: TypeAlias = Mapping[str, Any]
#: Tests that must all hold, by the names of `meanings`.
Tests: TypeAlias = Mapping[str, Sequence[Test]]

_UNLIKELY = "\ue000"  # a character of private use: no flow names it


def made_up(tests: Tests, nested: Sequence[Condition]) -> dict[str, Any] | None:
    """A call that fits the conditions; None where the first attempt does not."""
    values: dict[str, Any] = {}
    for name, group in tests.items():
        for test in group:
            _make_fit(values, name, test)
    for condition in nested:
        for test, wanted in _asked(condition, True):
            _make_fit(values, name_of(test), test, wanted)
    return values if fits(tests, nested, values) else None


def fits(tests: Tests, nested: Sequence[Condition], values: Values) -> bool:
    """Whether the conditions all hold for a made-up call."""
    for name, group in tests.items():
        value = values.get(name)
        plain = value is not None and name != PARENT and name[0] != UNKNOWN
        for test in group:
            if plain:
                if not OPERATORS[test.operator].holds(value, test.value):
                    return False
            elif not _truth_of_test(test, name, value):
                return False
    return all(_truth(condition, values) for condition in nested)


def _truth(condition: Condition, values: Values) -> bool | None:
    """True, false or unknown, by the rules that hold for calls."""
    match condition:
        case Test():
            name = name_of(condition)
            return _truth_of_test(condition, name, values.get(name))
        case Not(item=item):
            inner = _truth(item, values)
            return None if inner is None else not inner
        case AllOf(items=items):
            return _decided(items, values, by=False)
        case AnyOf(items=items):
            return _decided(items, values, by=True)


def _decided(items: Sequence[Condition], values: Values, *, by: bool) -> bool | None:
    """`by` where any item is `by`, else unknown where any is, else the opposite."""
    verdict: bool | None = not by
    for item in items:
        found = _truth(item, values)
        if found is by:
            return by
        if found is None:
            verdict = None
    return verdict


def _truth_of_test(test: Test, name: str, value: Any) -> bool | None:
    if name[0] == UNKNOWN:
        # Such a value says itself whether the test holds; and what is no open window is closed.
        return bool(value) is is_inside(test) if _is_window(test) else value
    if test.operator == "exists":
        return (value is not None) is test.value
    if test.field == LEG:
        value = "parent" if value is None else "child"
    return None if value is None else OPERATORS[test.operator].holds(value, test.value)


def _asked(condition: Condition, wanted: bool) -> Iterator[tuple[Test, bool]]:
    """Tests that make the condition true, or false, where they are; the first way there is."""
    match condition:
        case Test():
            yield condition, wanted
        case Not(item=item):
            yield from _asked(item, not wanted)
        case AllOf(items=items) | AnyOf(items=items):
            needs_all = isinstance(condition, AllOf) is wanted
            for item in items if needs_all else items[:1]:
                yield from _asked(item, wanted)


def _make_fit(values: dict[str, Any], name: str, test: Test, wanted: bool = True) -> None:
    make = (_EXAMPLES if wanted else _COUNTEREXAMPLES).get(test.operator)
    if name[0] == UNKNOWN:
        values[name] = wanted is is_inside(test) if _is_window(test) else wanted
    elif test.field == LEG:
        if OPERATORS[test.operator].holds("child", test.value) is wanted and not test.implicit:
            values.setdefault(name, _UNLIKELY)
    elif test.operator == "exists":
        if test.value is wanted:
            values.setdefault(name, 0 if FIELDS[test.field].type in LEAST else _UNLIKELY)
    elif make is None:
        values.setdefault(name, _UNLIKELY)
    else:
        value = make(test.value, test.written, values.get(name))
        least = LEAST.get(FIELDS[test.field].type)
        values[name] = value if least is None else max(value, least)


def _is_window(test: Test) -> bool:
    return test.field in FIELDS and FIELDS[test.field].type == WINDOW


def _larger(least: Any, known: Any) -> Any:
    return max(least, known) if isinstance(known, int) else least


def _another(known: Any) -> Any:
    return _UNLIKELY if known is None else known


def _first(words: Any, written: Any, known: Any) -> Any:
    if isinstance(known, str) and known in words:
        return known
    return written[0] if isinstance(written, list) else next(iter(words), None)


#: How an example of an operator's values is made: of its value, as prepared and as written, and
#: of what other tests of the same field have made so far.
_EXAMPLES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "eq": lambda value, _written, _known: value,
    "in": _first,
    "in_list": _first,
    "prefix": lambda value, _written, _known: value + _UNLIKELY,
    "suffix": lambda value, _written, _known: _UNLIKELY + value,
    "glob": lambda _value, written, _known: written.replace("*", "").replace("?", _UNLIKELY),
    "gt": lambda value, _written, known: _larger(value + 1, known),
    "gte": lambda value, _written, known: _larger(value, known),
    "between": lambda value, _written, known: _larger(value[0], known),
    "over": lambda value, _written, known: _larger(value + 1, known),
    "lt": lambda value, _written, known: value - 1 if known is None else known,
    "lte": lambda value, _written, known: value if known is None else known,
}
#: The same for values that the operator does not hold for.
_COUNTEREXAMPLES: dict[str, Callable[[Any, Any, Any], Any]] = {
    "eq": lambda value, _written, known: not value if isinstance(value, bool) else _another(known),
    "gt": lambda value, _written, _known: value,
    "gte": lambda value, _written, _known: value - 1,
    "lt": lambda value, _written, known: _larger(value, known),
    "lte": lambda value, _written, known: _larger(value + 1, known),
    "between": lambda value, _written, known: _larger(value[1] + 1, known),
    "over": lambda value, _written, _known: value,
}
