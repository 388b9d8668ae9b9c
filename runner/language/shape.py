"""Whether data fits a JSON Schema, and nothing more: the quick answer for files that are right.

A full report needs the `jsonschema` package, which takes longer to import than a thousand flows
take to check. So the schema becomes closures here, and only what doesn't fit is looked at again.
Understands the keywords that our own schemas use; another one is a mistake of ours and raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Fits = Callable[[Any], bool]
Make = Callable[[Any, Mapping[str, Any], "Shapes"], Fits]

#: Keywords that are for people and editors.
SILENT = frozenset({"$schema", "$id", "definitions", "default", "examples", "defaultSnippets"})
SILENT |= {"title", "description", "markdownDescription", "enumDescriptions"}
SILENT |= {"patternErrorMessage", "markdownEnumDescriptions", "doNotSuggest"}


class Shapes:
    """The closures of one schema; a definition is built once, and may refer to itself."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._definitions: Mapping[str, Any] = schema.get("definitions", {})
        self._built: dict[str, Fits] = {}
        self.fits = self.build(schema)

    def build(self, schema: Mapping[str, Any]) -> Fits:
        """One (sub)schema as a function that says whether a value fits it."""
        if "$ref" in schema:  # draft-07: what stands beside a $ref is for editors only
            return self._reference(schema["$ref"].removeprefix("#/definitions/"))
        checks = [
            _KEYWORDS[word](value, schema, self)
            for word, value in schema.items()
            if word not in SILENT
        ]
        if len(checks) == 1:
            return checks[0]

        def fits(data: Any) -> bool:  # plain loops: this is the inner loop of `validate`
            for check in checks:  # noqa: SIM110
                if not check(data):
                    return False
            return True

        return fits

    def _reference(self, name: str) -> Fits:
        if name not in self._built:
            # What asks for it while it is being built, as it refers to itself, gets a detour.
            self._built[name] = lambda data: self._built[name](data)
            self._built[name] = self.build(self._definitions[name])
        return self._built[name]


def end_anchored(pattern: str) -> re.Pattern[str]:
    """A schema's pattern as Python reads it: `$` is the very end, not before a last newline."""
    return re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)


def _type(word: str, _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    if word == "integer":
        return lambda data: isinstance(data, int) and not isinstance(data, bool)
    wanted = {"string": str, "array": list, "object": dict, "boolean": bool}[word]
    return lambda data: isinstance(data, wanted)


def _properties(parts: Mapping[str, Any], schema: Mapping[str, Any], shapes: Shapes) -> Fits:
    known = {name: shapes.build(part) for name, part in parts.items()}
    closed = schema.get("additionalProperties") is False

    def fits(data: Any) -> bool:
        if not isinstance(data, dict):
            return True
        for name, value in data.items():
            check = known.get(name)
            if closed if check is None else not check(value):
                return False
        return True

    return fits


def _additional(rest: Any, schema: Mapping[str, Any], shapes: Shapes) -> Fits:
    if rest is False:
        return lambda data: True  # `properties` sees to it
    check = shapes.build(rest)
    known = schema.get("properties", {})
    return lambda data: (
        not isinstance(data, dict) or all(check(v) for k, v in data.items() if k not in known)
    )


def _names(rest: Any, _schema: Mapping[str, Any], shapes: Shapes) -> Fits:
    check = shapes.build(rest)
    return lambda data: not isinstance(data, dict) or all(map(check, data))


def _items(part: Any, _schema: Mapping[str, Any], shapes: Shapes) -> Fits:
    check = shapes.build(part)
    return lambda data: not isinstance(data, list) or all(map(check, data))


def _required(names: list[str], _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    return lambda data: not isinstance(data, dict) or all(name in data for name in names)


def _dependencies(needs: Mapping[str, list[str]], _schema: Any, _shapes: Shapes) -> Fits:
    def fits(data: Any) -> bool:
        if not isinstance(data, dict):
            return True
        return all(
            other in data for name, others in needs.items() if name in data for other in others
        )

    return fits


def _any_of(parts: list[Any], _schema: Mapping[str, Any], shapes: Shapes) -> Fits:
    checks = [shapes.build(part) for part in parts]

    def fits(data: Any) -> bool:
        for check in checks:  # noqa: SIM110
            if check(data):
                return True
        return False

    return fits


def _enum(values: list[Any], _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    kinds = [(type(value), value) for value in values]  # because True == 1
    return lambda data: (type(data), data) in kinds


def _const(value: Any, _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    return lambda data: type(data) is type(value) and data == value


def _pattern(pattern: str, _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    search = end_anchored(pattern).search
    return lambda data: not isinstance(data, str) or search(data) is not None


def _at_least(kind: type[str | list[Any] | dict[str, Any]]) -> Make:
    def make(least: int, _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
        return lambda data: not isinstance(data, kind) or len(data) >= least

    return make


def _max_items(most: int, _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    return lambda data: not isinstance(data, list) or len(data) <= most


def _minimum(least: int, _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    return lambda data: not isinstance(data, int) or data >= least


def _maximum(most: int, _schema: Mapping[str, Any], _shapes: Shapes) -> Fits:
    return lambda data: not isinstance(data, int) or data <= most


_KEYWORDS: dict[str, Make] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "items": _items,
    "required": _required,
    "dependencies": _dependencies,
    "anyOf": _any_of,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "minLength": _at_least(str),
    "minItems": _at_least(list),
    "minProperties": _at_least(dict),
    "maxItems": _max_items,
    "minimum": _minimum,
    "maximum": _maximum,
}
