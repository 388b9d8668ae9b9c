"""The language reference, made from the schemas and the tables, so that it can't go stale."""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec.structs import replace

from runner.actions import ACTIONS
from runner.language import hints
from runner.language.codes import CODES
from runner.language.entries import Entry, Section, deep_entries, entries, entry, parts, words
from runner.language.fields import FIELDS, Field
from runner.language.hints import Node
from runner.language.operators import OPERATORS
from runner.language.schema import SchemaName
from runner.language.words import listed

#: Type of a field → what it holds, and what several such fields are called.
_KINDS = {
    "text": ("text", "text"),
    "phone": ("a phone number or address", "phone numbers"),
    "status": ("a status", "statuses"),
    "leg": ("a leg", "legs"),
    "duration": ("a duration", "durations"),
    "time": ("a moment", "moments"),
    "window": ("the name of a window", "windows"),
    "count": ("a number of live calls", "numbers of live calls"),
    "rank": ("a place among live calls", "places among live calls"),
    "flag": ("`true` or `false`", "flags"),
}
_FEW = 20

_FIELDS = "What `match` can ask about a live call. Twilio's fields have Twilio's names."
_OPERATORS = "They stand below a field: `field: {operator: value}`. All of several must hold."
_ACTIONS = "The items of `then`. What changes the call becomes one update, sent as a whole."
_CODES = "What the word in brackets at the end of a problem means, and how to mend it."


@cache
def sections() -> tuple[Section, ...]:
    """The whole reference, in the order in which it is read."""
    flow = hints.schema("flow")
    rule = flow["definitions"]["rule"]
    return (
        Section("flow", "Flow keys", flow["description"], tuple(entries("flow", flow, "flow"))),
        Section("rule", "Rule keys", rule["description"], tuple(entries("rule", rule, "flow"))),
        Section("conditions", "Conditions", _conditions_intro(), _groups()),
        Section("fields", "Fields", _FIELDS, tuple(map(_field, FIELDS.values()))),
        Section("operators", "Operators", _OPERATORS, tuple(map(_operator, OPERATORS))),
        Section("actions", "Actions", _ACTIONS, tuple(map(_action, ACTIONS))),
        _file("test", "Test files"),
        _file("config", "Configuration"),
        Section("codes", "Problem codes", _CODES, tuple(map(_code, CODES))),
    )


def _file(name: SchemaName, title: str) -> Section:
    schema = hints.schema(name)
    return Section(name, title, schema["description"], tuple(deep_entries(name, schema, name)))


def _definition(name: str) -> dict[str, Any]:
    found: dict[str, Any] = hints.schema("flow")["definitions"][name]
    return found


def _conditions() -> dict[str, Node]:
    found: dict[str, Node] = _definition("conditions")["properties"]
    return found


def _conditions_intro() -> str:
    return hints.prose(_definition("conditions"), "flow")


def _groups() -> tuple[Entry, ...]:
    return tuple(
        entry(f"match.{word}", node, "flow")
        for word, node in _conditions().items()
        if word not in FIELDS
    )


# ---- fields ---------------------------------------------------------------------------------


def _field(field: Field) -> Entry:
    node = _conditions()[field.name]
    below = words(node, "flow") if field.read_by is None else parts(node, "flow")
    return replace(
        entry(f"match.{field.name}", node, "flow"), facts=_facts(field, bool(below)), parts=below
    )


def _facts(field: Field, explained: bool) -> tuple[tuple[str, str], ...]:
    facts = [("Holds", _KINDS[field.type][0])]
    written = [word for word in OPERATORS if _operator_node(field, word)]
    if written:
        facts.append(("Operators", _coded(written)))
    if not explained and 0 < len(field.known) <= _FEW:
        facts.append(("Values", _coded(field.known)))
    return tuple(facts)


def _coded(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# ---- operators ------------------------------------------------------------------------------


def _operator_node(field: Field, word: str) -> Node | None:
    """The operator's place in the schema below this field; None where it is not written there."""
    for branch in hints.branches(_conditions()[field.name], "flow"):
        node: Node | None = branch.get("properties", {}).get(word)
        if node is not None:
            return node
    return None


def _operator(word: str) -> Entry:
    # Fields that share a place in the schema share what the operator means there.
    places: dict[int, list[Field]] = {}
    for field in FIELDS.values():
        node = _operator_node(field, word)
        if node is not None:
            places.setdefault(id(node), []).append(field)
    return Entry(
        topic=f"operator.{word}",
        name=word,
        prose="\n".join(_meaning(word, fields) for fields in places.values()),
        examples=tuple(e for fields in places.values() for e in _operator_examples(word, fields)),
    )


def _meaning(word: str, fields: list[Field]) -> str:
    kinds = list(dict.fromkeys(_KINDS[field.type][1] for field in fields))
    names = f" ({_coded([field.name for field in fields])})" if len(fields) < 5 else ""
    text = hints.prose(_operator_node(fields[0], word) or {}, "flow")
    return f"- On {listed(kinds, 'and')}{names}: {text}"


def _operator_examples(word: str, fields: list[Field]) -> tuple[str, ...]:
    # The field with the shortest name is the one that people know.
    field = min(fields, key=lambda each: len(each.name))
    node = _operator_node(field, word) or {}
    found = hints.examples(word, node, "flow")
    if not found or not found[0].startswith(f"{word}:"):
        return found  # a whole condition
    pairs = found[0]
    if field.read_by is not None:
        below = hints.properties(_conditions()[field.name], "flow")
        pairs = f"{hints.examples('by', below['by'], 'flow')[0]}, {pairs}"
    return (f"{field.name}: {{{pairs}}}",)


# ---- actions and codes ----------------------------------------------------------------------


def _action(word: str) -> Entry:
    node = _definition("actionObject")["properties"][word]
    made = replace(entry(f"then.{word}", node, "flow"), parts=parts(node, "flow", deep=True))
    if word not in _definition("bareAction")["enum"]:
        return made
    form = f"`{word}` alone"
    if made.parts:
        form += f", or {made.facts[0][1]}"
    return replace(made, facts=(("Written", form), *made.facts[1:]))


def _code(code: str) -> Entry:
    what, mend = CODES[code]
    return Entry(topic=f"code.{code}", name=code, prose=f"{what} {mend}")
