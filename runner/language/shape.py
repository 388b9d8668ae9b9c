"""Whether data fits a JSON Schema, and nothing more: the quick answer for files that are right.

A full report needs the `jsonschema` package, which takes longer to import than a thousand flows
take to check. So the schema becomes closures here, and only what doesn't fit is looked at again.
Understands the keywords that our own schemas use; another one is a mistake of ours and raises.

All goes by types. A schema becomes a table: for each type of value that it allows, what else must
hold of it. So a choice between text, a list and a mapping costs one look, and no closure asks what
it was given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

#: Says of a value of one type whether it fits: true, or anything that counts as true.
Fits: TypeAlias = Callable[[Any], object]
#: The types of values that fit, each with what is asked of such a value.
Table: TypeAlias = dict[type, Fits]
Make: TypeAlias = Callable[[Any, Mapping[str, Any], "Shapes"], Fits]

#: Keywords that are for people and editors.
SILENT = frozenset({"$schema", "$id", "definitions", "default", "examples", "defaultSnippets"})
SILENT |= {"title", "description", "markdownDescription", "enumDescriptions"}
SILENT |= {"patternErrorMessage", "markdownEnumDescriptions", "doNotSuggest"}

_TYPES = {"string": str, "array": list, "object": dict, "integer": int, "boolean": bool}
_ALL = (*_TYPES.values(), float, type(None))


class Shapes:
    """The closures of one schema; a definition is built once, and may refer to itself."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._definitions: Mapping[str, Any] = schema.get("definitions", {})
        self._built: dict[str, Table] = {}
        self._whole = self.build(schema)

    def fits(self, data: Any) -> bool:
        """Whether the data fits the schema."""
        check = self._whole.get(type(data))
        return check is not None and bool(check(data))

    def build(self, schema: Mapping[str, Any]) -> Table:
        """One (sub)schema as a table."""
        if "$ref" in schema:  # draft-07: what stands beside a $ref is for editors only
            return self._reference(schema["$ref"].removeprefix("#/definitions/"))
        kinds: Collection[type] = (_TYPES[schema["type"]],) if "type" in schema else _ALL
        checks: dict[type, list[Fits]] = {kind: [] for kind in kinds}
        for word, value in schema.items():
            if word in SILENT or word == "type":
                continue
            told = self._told(word, value, schema)
            for kind in kinds:
                if kind in told:
                    checks[kind].append(told[kind])
                elif word in _CHOICES:
                    checks.pop(kind, None)
        return {kind: _together(found) for kind, found in checks.items()}

    def _told(self, word: str, value: Any, schema: Mapping[str, Any]) -> Table:
        """What a keyword asks of each type. Of others it asks nothing, unless it is a choice."""
        if word in _CHOICES:
            return _CHOICES[word](value, self)
        kind, make = _KEYWORDS[word]
        return {kind: make(value, schema, self)}

    def _reference(self, name: str) -> Table:
        if name not in self._built:
            # What asks for it while it is being built, as it refers to itself, looks later.
            table = self._built[name] = {}
            table.update(self.build(self._definitions[name]))
        return self._built[name]


def end_anchored(pattern: str) -> str:
    """A schema's pattern as Python reads it: `$` is the very end, not before a last newline."""
    return pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern


def _anything(_data: Any) -> bool:
    return True


def _together(checks: list[Fits]) -> Fits:
    """All of the checks as one."""
    checks = [check for check in checks if check is not _anything]
    if len(checks) < 2:
        return checks[0] if checks else _anything

    def fits(data: Any) -> bool:  # plain loops: this is the inner loop of `validate`
        for check in checks:  # noqa: SIM110
            if not check(data):
                return False
        return True

    return fits


def _properties(parts: Mapping[str, Any], schema: Mapping[str, Any], shapes: Shapes) -> Fits:
    known = {name: shapes.build(part) for name, part in parts.items()}
    rest = schema.get("additionalProperties", True)
    others = shapes.build(rest) if isinstance(rest, dict) else dict.fromkeys(_ALL, _anything)
    if rest is False:
        others = {}

    def fits(data: dict[str, Any]) -> bool:
        for name, value in data.items():
            check = known.get(name, others).get(type(value))
            if check is None or not check(value):
                return False
        return True

    return fits


def _additional(_rest: Any, schema: Mapping[str, Any], shapes: Shapes) -> Fits:
    if "properties" in schema:  # which sees to the others too
        return _anything
    return _properties({}, schema, shapes)


def _names(rest: Any, _schema: Mapping[str, Any], shapes: Shapes) -> Fits:
    check = shapes.build(rest)[str]
    return lambda data: all(map(check, data))


def _items(part: Any, _schema: Mapping[str, Any], shapes: Shapes) -> Fits:
    table = shapes.build(part)

    def fits(data: list[Any]) -> bool:
        for value in data:
            check = table.get(type(value))
            if check is None or not check(value):
                return False
        return True

    return fits


def _required(names: list[str], _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    def fits(data: Any) -> bool:
        for name in names:  # noqa: SIM110
            if name not in data:
                return False
        return True

    return fits


def _dependencies(
    needs: Mapping[str, list[str]], _schema: Mapping[str, Any], _shapes: Shapes
) -> Fits:
    return lambda data: all(
        other in data for name, others in needs.items() if name in data for other in others
    )


def _pattern(pattern: str, _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    search: Callable[[str], object] | None = None

    def fits(data: Any) -> object:
        nonlocal search
        if search is None:  # compiled when first asked for: most files ask for few
            search = re.compile(end_anchored(pattern)).search
        return search(data)

    return fits


def _at_least(least: int, _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    return len if least == 1 else lambda data: len(data) >= least


def _at_most(most: int, _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    return lambda data: len(data) <= most


def _minimum(least: int, _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    return lambda data: data >= least


def _maximum(most: int, _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    return lambda data: data <= most


def _any_of(parts: list[Any], shapes: Shapes) -> Table:
    tables = [shapes.build(part) for part in parts]
    found: dict[type, list[Fits]] = {}
    for table in tables:
        if not table:
            raise NotImplementedError("a choice refers to what it stands in")
        for kind, check in table.items():
            found.setdefault(kind, []).append(check)
    return {kind: _one_of(checks) for kind, checks in found.items()}


def _one_of(checks: list[Fits]) -> Fits:
    if len(checks) == 1:
        return checks[0]

    def fits(data: Any) -> bool:
        for check in checks:  # noqa: SIM110
            if check(data):
                return True
        return False

    return fits


def _enum(values: list[Any], _shapes: Shapes) -> Table:
    by_type: dict[type, set[Any]] = {}
    for value in values:  # by type, because True == 1
        by_type.setdefault(type(value), set()).add(value)
    return {kind: frozenset(known).__contains__ for kind, known in by_type.items()}


def _const(value: Any, shapes: Shapes) -> Table:
    return _enum([value], shapes)


#: Keywords that say of every type whether its values fit.
_CHOICES: dict[str, Callable[[Any, Shapes], Table]] = {
    "anyOf": _any_of,
    "enum": _enum,
    "const": _const,
}

#: Keywords that ask something of one type and let others pass.
_KEYWORDS: dict[str, tuple[type, Make]] = {
    "properties": (dict, _properties),
    "additionalProperties": (dict, _additional),
    "propertyNames": (dict, _names),
    "required": (dict, _required),
    "dependencies": (dict, _dependencies),
    "minProperties": (dict, _at_least),
    "items": (list, _items),
    "minItems": (list, _at_least),
    "maxItems": (list, _at_most),
    "pattern": (str, _pattern),
    "minLength": (str, _at_least),
    "minimum": (int, _minimum),
    "maximum": (int, _maximum),
}
