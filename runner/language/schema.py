"""Schema violations to problems: every one at its place, in words, never the library's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec

from runner import resources
from runner.language.shape import Shapes, end_anchored
from runner.language.source import Document, Pointer
from runner.language.words import bounded_guesses
from runner.problems import Problem

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

    from runner.language.violations import Violation

SchemaName = Literal["flow", "test", "config"]


class Misfit(msgspec.Struct, frozen=True):
    """One violation: the place in the data that a pointer leads to, and the problem there."""

    pointer: Pointer
    problem: Problem


def text_of(name: SchemaName) -> str:
    """The schema file as it ships."""
    return _file_of(name).read_text(encoding="utf-8")


def check(document: Document, name: SchemaName) -> list[Misfit]:
    """Everything in the document that its schema does not allow; empty where it fits."""
    if _shapes(name).fits(document.data):
        return []
    from runner.language.violations import explain  # as the library: only broken files pay for it

    found: dict[Misfit, None] = {}  # the library tells of each missing key; once is enough
    with bounded_guesses():
        for error in _leaves(_validator(name).iter_errors(document.data)):
            violation = _violation(error)
            for problem in explain(document, violation):
                found[Misfit(violation.pointer, problem)] = None
    return list(found)


def _file_of(name: SchemaName) -> Path:
    return resources.schemas() / f"{name}.schema.json"


def _violation(error: ValidationError) -> Violation:
    from runner.language.violations import Violation

    wanted: Any = error.validator_value
    if error.validator == "anyOf":
        wanted = [inner.validator_value for inner in error.context if _is_of_wrong_type(inner)]
    keyword, pointer = str(error.validator), tuple(error.absolute_path)
    schema = cast("dict[str, Any]", error.schema)
    return Violation(keyword, wanted, schema, error.instance, pointer)


@cache
def _schema(name: SchemaName) -> dict[str, Any]:
    schema: dict[str, Any] = msgspec.json.decode(_file_of(name).read_bytes())
    return schema


@cache
def _shapes(name: SchemaName) -> Shapes:
    return Shapes(_schema(name))


@cache
def _validator(name: SchemaName) -> Validator:
    # Here, not above: only broken files pay for the import.
    from jsonschema import Draft7Validator, ValidationError, validators

    def pattern(_v: Any, pattern: str, instance: Any, _s: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and not re.search(end_anchored(pattern), instance):
            yield ValidationError("does not match")

    extend: Any = validators.extend  # which has no types
    definitions = _schema(name).get("definitions", {})

    def reference(v: Any, name: str, instance: Any, _s: Any) -> Iterator[ValidationError]:
        # All of ours stand in the same file. The library looks for them as if they might not.
        yield from v.descend(instance, definitions[name.removeprefix("#/definitions/")])

    known = {"pattern": pattern, "$ref": reference}
    validator: Validator = extend(Draft7Validator, known)(_schema(name))
    return validator


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """The violations to report: of a choice, those of the branch that was meant."""
    for error in errors:
        branch = _branch(error) if error.validator == "anyOf" else None
        if branch is None:
            yield error
        else:
            yield from _leaves(branch)
        _part(error)


def _part(error: ValidationError) -> None:
    """Parts the errors inside an error from it. They name each other, so they would outlive it,
    and in a wild file they are many.
    """
    for inner in error.context or ():
        inner.parent = None
        _part(inner)


def _branch(error: ValidationError) -> list[ValidationError] | None:
    """The errors of the one branch of a choice that takes this type of value, if one does."""
    branches: dict[object, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    meant = [inner for inner in branches.values() if not any(map(_is_of_wrong_type, inner))]
    return meant[0] if len(meant) == 1 else None


def _is_of_wrong_type(error: ValidationError) -> bool:
    return error.validator == "type" and not error.relative_path
