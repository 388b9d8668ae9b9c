"""Calls made up: one that a rule matches shows in no time that there is nothing to prove.

Most rules can match, and most get a call that no rule above takes. One made-up call that shows it
saves the search for a proof that isn't there. Nothing rests on how well it is made up: whether it
fits a rule is always asked by the rule's own conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from functools import cache
from typing import Any, TypeAlias

from msgspec import Struct

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
from runner.language.operators import OPERATORS, Holds
from runner.model import AllOf, AnyOf, Condition, Not, Rule, Test

#: A made-up call: values by the names of `meanings`. A name that is not there is missing.
Values: TypeAlias = dict[str, Any]

#: Makes an example: of a value, as prepared and as written, and of the example so far.
Make: TypeAlias = Callable[[Any, Any, Any], Any]

_UNLIKELY = "\ue000"  # a character of private use: no flow names it


class Look(Struct):
    """Conditions at a first look: plain comparisons as `(name, holds, wanted)`, and all others.

    What a rule means unless it says otherwise is left out: whoever passes the rest may still fail
    it. `values` is a call that fits all conditions, None where none was made up. `usual` says that
    the rule means parents because it names no leg.
    """

    plain: list[tuple[str, Holds, Any]]
    odd: list[Condition]
    values: Values | None
    usual: bool = False

    def fits(self, values: Values) -> bool:
        """Whether a call fits the conditions."""
        for name, holds, wanted in self.plain:
            value = values.get(name)
            if value is None or not holds(value, wanted):
                return False
        return not self.odd or all(_truth(condition, values) for condition in self.odd)


def looked_at(rules: Sequence[Rule]) -> tuple[Look, list[Look]]:
    """What rules share because it is the flow's, and then what is each rule's own."""
    shared = _shared(rules)
    base, ids = _looked(shared, Look([], [], {}), ()), {id(item) for item in shared}
    return base, [_looked(items_of(rule), base, ids) for rule in rules]


def items_of(rule: Rule) -> Sequence[Condition]:
    """The conditions that must all hold, as they are written."""
    return rule.match.items if isinstance(rule.match, AllOf) else (rule.match,)


def _shared(rules: Sequence[Rule]) -> list[Condition]:
    """The conditions of the first rule that stand in the last one too."""
    ids = {id(item) for item in items_of(rules[-1])}
    return [item for item in items_of(rules[0]) if id(item) in ids] if len(rules) > 1 else []


@cache
def ordinary() -> Values:
    """A call in progress that nobody dialled from another, with something in every field."""
    amounts = {name: 0 for name, row in FIELDS.items() if row.type in LEAST}
    texts = {name: _UNLIKELY for name, row in FIELDS.items() if row.type in ("text", "phone")}
    del texts[PARENT]
    return {**amounts, **texts, "status": "in-progress"}


def _looked(items: Sequence[Condition], base: Look, shared: Container[int]) -> Look:
    plain: list[tuple[str, Holds, Any]] = []
    odd: list[Condition] = []
    values: Values = dict(base.values or {})
    usual = False
    for item in items:
        if id(item) in shared:
            continue
        if not isinstance(item, Test):
            odd.append(item)
        elif item.implicit:
            if item.field == LEG:
                usual = True
            else:
                values[item.field] = item.value
        elif (row := _row(item.field, item.operator, item.by)) is None:
            odd.append(item)
        else:
            name, wanted, (holds, make, least) = item.field, item.value, row
            value = make(wanted, item.written, values.get(name))
            values[name] = value if least is None or value >= least else least
            plain.append((name, holds, wanted))
    look = Look(plain, odd, values, usual)
    if odd:
        _make_odd_fit(odd, values)
    is_fit = base.values is not None and look.fits(values) and base.fits(values)
    if not is_fit or (usual and PARENT in values):
        look.values = None
    return look


def _make_odd_fit(conditions: Sequence[Condition], values: Values) -> None:
    for condition in conditions:
        for test, wanted in _asked(condition, True):
            _make_fit(values, name_of(test), test, wanted)


@cache
def _row(name: str, operator: str, by: str) -> tuple[Holds, Make, float | None] | None:
    """How a plain comparison is answered, and how an example of it is made; None for others."""
    kind = FIELDS[name].type if name in FIELDS else ""
    is_plain = kind in ("text", "phone", "status") or kind in LEAST
    if by or not is_plain or operator == "exists" or operator not in OPERATORS:
        return None
    return OPERATORS[operator].holds, _EXAMPLES.get(operator, _any), LEAST.get(kind)


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


def _make_fit(values: Values, name: str, test: Test, wanted: bool) -> None:
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


def _first(words: Any, written: Any, known: Any) -> Any:
    if isinstance(known, str) and known in words:
        return known
    return written[0] if isinstance(written, list) else next(iter(words), None)


def _any(_value: Any, _written: Any, known: Any) -> Any:
    return _UNLIKELY if known is None else known


#: How an example of an operator's values is made: of its value, as prepared and as written, and
#: of what other tests of the same field have made so far.
_EXAMPLES: dict[str, Make] = {
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
_COUNTEREXAMPLES: dict[str, Make] = {
    "eq": lambda value, _written, known: (
        not value if isinstance(value, bool) else _any(value, None, known)
    ),
    "gt": lambda value, _written, _known: value,
    "gte": lambda value, _written, _known: value - 1,
    "lt": lambda value, _written, known: _larger(value, known),
    "lte": lambda value, _written, known: _larger(value + 1, known),
    "between": lambda value, _written, known: _larger(value[1] + 1, known),
    "over": lambda value, _written, _known: value,
}
