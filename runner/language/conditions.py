"""`match` to conditions: fields, operators, any, all and not, each with its place.

Reads data that may be of any shape: what the schema would call a violation is explained here,
where fields and operators are known.
"""

from __future__ import annotations

from typing import Any

from runner.language.bench import Bench
from runner.language.fields import FIELDS, GROUP_FIELDS, LEGS, Field
from runner.language.kinds import wrong_type
from runner.language.operators import OPERATORS, suiting
from runner.language.source import Place
from runner.language.values import Unfit, Wanted, prepare
from runner.language.vocabulary import ANY_LEG
from runner.language.windows import Window, Windows
from runner.language.words import listed, shown, suggestion
from runner.model import AllOf, AnyOf, Condition, Not, Test
from runner.problems import Position

_GROUPS = ("any", "all", "not")
_AMOUNTS = ("duration", "time")
_NOUNS = {
    "text": "text",
    "phone": "a phone number",
    "status": "a status",
    "leg": "a leg",
    "duration": "a duration",
    "time": "a time",
    "count": "a number of calls",
    "rank": "a place among calls",
}
#: Types that are not compared with a bare value → what is written instead.
_FORMS = {
    "flag": "true or false",
    "count": "a mapping (`{by: from, gt: 10}`)",
    "rank": "a mapping (`{by: to, over: 10}`)",
}


def compile_match(bench: Bench, place: Place) -> AllOf:
    """The conditions at a place, all of which must hold; problems go to the bench."""
    return AllOf(tuple(_mapping(bench, place, "match")), bench.document.value(*place))


def tests_of(condition: Condition) -> list[Test]:
    """Every comparison in a condition, however deep."""
    found: list[Test] = []
    _gather(condition, found)
    return found


def _gather(condition: Condition, found: list[Test]) -> None:
    if isinstance(condition, Test):
        found.append(condition)
    elif isinstance(condition, Not):
        _gather(condition.item, found)
    else:
        for item in condition.items:
            _gather(item, found)


def _mapping(bench: Bench, place: Place, name: str) -> list[Condition]:
    holder, key = place
    conditions = holder[key]
    if not isinstance(conditions, dict):
        _wrong_type(bench, place, name, "a mapping (`field: value`)")
        return []
    found: list[Condition] = []
    for word in conditions:
        if word in _GROUPS:
            found.append(_group(bench, (conditions, word)))
        elif word in FIELDS:
            found.extend(_field(bench, (conditions, word), FIELDS[word]))
        else:
            _unknown_field(bench, conditions, word)
    return found


def _group(bench: Bench, place: Place) -> Condition:
    holder, word = place
    position = bench.document.key(holder, word)
    if word == "not":
        return Not(_together(bench, place, "not"), position)
    items = tuple(_list(bench, place))
    return AnyOf(items, position) if word == "any" else AllOf(items, position)


def _together(bench: Bench, place: Place, name: str) -> Condition:
    """The conditions of a mapping as one."""
    items = _mapping(bench, place, name)
    return items[0] if len(items) == 1 else AllOf(tuple(items), bench.at(*place))


def _list(bench: Bench, place: Place) -> list[Condition]:
    holder, word = place
    value, name = holder[word], str(word)
    if not isinstance(value, list):
        _wrong_type(bench, place, name, "a list of conditions")
        return []
    if not value:
        hint = "name a condition, or remove it"
        bench.error(bench.at(*place), "empty-value", f"`{name}` is empty", hint=hint)
    return [
        _together(bench, (value, index), f"item {index + 1} of {name}")
        for index in range(len(value))
    ]


def _wrong_type(bench: Bench, place: Place, name: str, wanted: str) -> None:
    code, message, hint = wrong_type(bench.document, place, name=f"`{name}`", wanted=wanted)
    bench.error(bench.at(*place), code, message, hint=hint)


def _unknown_field(bench: Bench, holder: dict[str, Any], word: str) -> None:
    hint = suggestion(word, [*FIELDS, *_GROUPS], "fields")
    if word in OPERATORS:
        hint = f"{word} is an operator; it stands under a field: `from: {{{word}: …}}`"
    position = bench.document.key(holder, word)
    bench.error(position, "unknown-field", f"unknown field {shown(word)} in match", hint=hint)


def _field(bench: Bench, place: Place, field: Field) -> list[Condition]:
    value = place[0][place[1]]
    if field.type == "window":
        return _window(bench, place, field)
    if field.type == "flag" and isinstance(value, bool):
        return [Test(field.name, "eq", value, value, bench.document.key(*place))]
    if isinstance(value, dict) and field.type != "flag":
        return _operators(bench, place, field)
    if field.type in _FORMS:
        _wrong_type(bench, place, field.name, _FORMS[field.type])
        return []
    if field.type in _AMOUNTS:
        _equal_amount(bench, place, field)
        return []
    operator = "in" if isinstance(value, list) else "eq"
    return _test(bench, Wanted(field, operator, place), bench.document.key(*place))


def _window(bench: Bench, place: Place, field: Field) -> list[Condition]:
    """`during: office` and `outside: [office, night]`, of which any one counts."""
    holder, key = place
    written = holder[key]
    if isinstance(written, list) and not written:
        message = f"`{field.name}` names no window"
        bench.error(bench.at(*place), "empty-value", message, hint="name one, or remove it")
        return []
    many = isinstance(written, list)
    places = [(written, index) for index in range(len(written))] if many else [place]
    found = [_named_window(bench, its, field) for its in places]
    items = tuple(window for window in found if window is not None)
    operator = "in" if field.name == "during" else "not_in"
    return [Test(field.name, operator, Windows(items), written, bench.document.key(holder, key))]


def _named_window(bench: Bench, place: Place, field: Field) -> Window | None:
    name = place[0][place[1]]
    if not isinstance(name, str):
        wanted = "the name of a window" + ("" if isinstance(place[1], int) else ", or a list")
        _wrong_type(bench, place, field.name, wanted)
        return None
    if name not in bench.windows:
        hint = suggestion(name, list(bench.windows), "windows") or "name it under `windows`"
        bench.error(
            bench.at(*place), "unknown-window", f"there is no window {shown(name)}", hint=hint
        )
    return bench.windows.get(name)


def _operators(bench: Bench, place: Place, field: Field) -> list[Condition]:
    operators: dict[str, Any] = place[0][place[1]]
    by = _counted_by(bench, place, field) if field.read_by else ""
    if not operators and not field.read_by:
        message = f"`{field.name}` names no operator"
        hint = f"it takes {listed(suiting(field.type), 'and')}"
        bench.error(bench.at(*place), "empty-value", message, hint=hint)
    found: list[Condition] = []
    for word in operators:
        position = bench.document.key(operators, word)
        if word == "by" and field.read_by:
            continue
        if _is_suiting(bench, field, word, position):
            found.extend(_test(bench, Wanted(field, word, (operators, word)), position, by=by))
    return found


def _counted_by(bench: Bench, place: Place, field: Field) -> str:
    """The field that `concurrent` or `excess` counts by, "" where it names none of use."""
    operators: dict[str, Any] = place[0][place[1]]
    name = operators.get("by")
    if "by" not in operators:
        message, hint = f"`{field.name}` has no `by`", "name the field that they share: `by: from`"
        bench.error(bench.document.key(*place), "missing-key", message, hint=hint)
    elif not isinstance(name, str):
        _wrong_type(bench, (operators, "by"), "by", "the name of a field")
    elif name not in GROUP_FIELDS:
        message = f"calls can't be counted by {shown(name)}"
        hint = suggestion(name, GROUP_FIELDS, "fields")
        bench.error(bench.at(operators, "by"), "unknown-value", message, hint=hint)
    elif len(operators) == 1:
        message = f"`{field.name}` says by what it counts, and not how many"
        hint = f"it takes {listed(suiting(field.type), 'and')}"
        bench.error(bench.at(*place), "missing-key", message, hint=hint)
    else:
        return name
    return ""


def _is_suiting(bench: Bench, field: Field, word: str, position: Position) -> bool:
    suits = suiting(field.type)
    if word in suits:
        return True
    if word in OPERATORS:
        noun = _NOUNS.get(field.type, field.type)
        message = f"`{word}` does not suit `{field.name}`, which is {noun}"
        hint = f"it takes {listed(suits, 'and')}"
        bench.error(position, "operator-mismatch", message, hint=hint)
    else:
        message = f"unknown operator {shown(word)} for `{field.name}`"
        bench.error(position, "unknown-operator", message, hint=suggestion(word, suits, "ones"))
    return False


def _equal_amount(bench: Bench, place: Place, field: Field) -> None:
    value = place[0][place[1]]
    example = "30m" if field.type == "duration" else "2026-11-02T15:00:00Z"
    wanted = value if isinstance(value, str) and value else example
    bench.error(
        bench.at(*place),
        "operator-mismatch",
        f"`{field.name}` is a {field.type}, and never exactly a value",
        hint=f"say from when: `{field.name}: {{gte: {wanted}}}`",
    )


def _test(bench: Bench, wanted: Wanted, position: Position, *, by: str = "") -> list[Condition]:
    try:
        value = prepare(bench, wanted)
    except Unfit:
        return []
    operator = wanted.operator
    if wanted.field.type == "leg":
        operator, value = _legs(bench, wanted, value)
    return [Test(wanted.field.name, operator, value, wanted.value, position, by=by)]


def _legs(bench: Bench, wanted: Wanted, value: Any) -> tuple[str, Any]:
    """`any` stands for both legs, so that it holds for every call."""
    named = {value} if isinstance(value, str) else value
    if ANY_LEG not in named:
        return wanted.operator, value
    if wanted.operator in ("not", "not_in"):
        message = f"`{wanted.operator}: any` rules out every call"
        bench.error(bench.at(*wanted.place), "unknown-value", message, hint="name parent or child")
    return "in", frozenset(LEGS)
