"""One checked document to one flow: rules with all that their flow adds to them folded in."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runner.guards import Guard
from runner.language.actions import compile_actions
from runner.language.bench import Bench
from runner.language.calendars import read_windows
from runner.language.conditions import compile_match, tests_of
from runner.language.files import Files
from runner.language.guarding import check_guard, guard_of
from runner.language.keys import hold_of, mode_of, once_of
from runner.language.lists import list_files, read_lists
from runner.language.placeholders import check_defaults, check_gaps
from runner.language.schema import Misfit, check
from runner.language.source import Document, Pointer
from runner.language.words import shown
from runner.model import AllOf, Condition, Flow, Mode, Rule, Test
from runner.problems import Position, Problem

#: What a rule is about unless it, or its flow, says otherwise.
_IMPLICIT = (("leg", "parent"), ("status", "in-progress"))


@dataclass(frozen=True, slots=True)
class Compiled:
    """What became of a document: its flow, None where there is an error, and all problems."""

    flow: Flow | None
    problems: list[Problem]


def compile_flow(document: Document, files: Files) -> Compiled:
    """Checks a document against the schema and against what only meaning can tell."""
    misfits = check(document, "flow")
    data = document.data if isinstance(document.data, dict) else {}
    lists = data.get("lists")
    bench = Bench(document)
    named = read_lists(bench, lists if isinstance(lists, dict) else {}, files)
    windows = read_windows(bench, data.get("windows"))
    bench = Bench(document, named, windows, bench.problems)
    shape = _Shape(bench, data, _broken(misfits))
    check_defaults(bench, _defaults(shape))
    check_guard(bench, data)
    rules = _rules(shape)
    for rule in rules:
        check_gaps(bench, rule)
    problems = _merged(bench.problems, misfits)
    if any(problem.is_error for problem in problems):
        return Compiled(None, problems)
    return Compiled(_flow(shape, rules, _revision(document, data, files)), problems)


@dataclass(frozen=True, slots=True)
class _Shape:
    """The file's data, which may be of any shape; `broken` as `_broken` gives it."""

    bench: Bench
    data: Mapping[str, Any]
    broken: Mapping[int, Collection[int]]

    @property
    def match(self) -> AllOf | None:
        """The flow's own conditions."""
        return compile_match(self.bench, (self.data, "match")) if "match" in self.data else None

    @property
    def guard(self) -> Guard:
        """The guard of every rule that has none of its own."""
        return guard_of(self.data.get("guard"))


def _merged(found: list[Problem], misfits: Iterable[Misfit]) -> list[Problem]:
    """All problems once.

    The compiler explains conditions itself. Where it has nothing to say about them, the schema
    must not be overruled: a file that editors mark is refused here too.
    """
    elsewhere = [m.problem for m in misfits if not _is_in_match(m.pointer)]
    if not elsewhere and not any(problem.is_error for problem in found):
        elsewhere = [m.problem for m in misfits]
    return [*found, *elsewhere]


def _is_in_match(pointer: Pointer) -> bool:
    return pointer[:1] == ("match",) or (pointer[:1] == ("rules",) and pointer[2:3] == ("match",))


def _flow(shape: _Shape, rules: list[Rule], revision: str) -> Flow:
    data, document = shape.data, shape.bench.document
    return Flow(
        name=data["flow"],
        rules=tuple(rules),
        position=document.value(data, "flow"),
        revision=revision,
        description=data.get("description", ""),
        priority=data.get("priority", 0),
        enabled=data.get("enabled", True),
        accounts=tuple(data.get("accounts", ())),
    )


def _rules(shape: _Shape) -> list[Rule]:
    outer = shape.match
    rules = shape.data.get("rules")
    if not isinstance(rules, list):
        return []
    _check_unique(shape.bench, rules)
    made = (_rule(shape, rules, index, outer) for index in range(len(rules)))
    return [rule for rule in made if rule is not None]


def _check_unique(bench: Bench, rules: list[Any]) -> None:
    first: dict[str, Position] = {}
    for rule in rules:
        name = rule.get("id") if isinstance(rule, dict) else None
        if not isinstance(name, str):
            continue
        position = bench.at(rule, "id")
        if name in first:
            message = f"the rule {shown(name)} is already on line {first[name].line}"
            bench.error(position, "duplicate-rule", message, hint="give this one another id")
        first.setdefault(name, position)


def _rule(shape: _Shape, rules: list[Any], index: int, outer: AllOf | None) -> Rule | None:
    """The rule at an index; None where it is not even a mapping."""
    bench, rule = shape.bench, rules[index]
    if not isinstance(rule, dict):
        return None
    position = bench.at(rule, "id") if "id" in rule else bench.at(rules, index)
    inner = compile_match(bench, (rule, "match")) if "match" in rule else None
    check_guard(bench, rule)
    return Rule(
        id=str(rule.get("id", "")),
        flow=str(shape.data.get("flow", "")),
        match=_folded(outer, inner, position),
        then=compile_actions(
            bench, rule, defaults=_defaults(shape), broken=shape.broken.get(index, ())
        ),
        position=position,
        description=str(rule.get("description", "")),
        proceed=rule.get("continue") is True,
        enabled=rule.get("enabled") is not False,
        hold=hold_of(rule),
        once=once_of(bench, rule),
        mode=mode_of(rule) or mode_of(shape.data) or Mode(),
        recheck=rule.get("recheck") == "always",
        retry_unknown=rule.get("retry_unknown") is True,
        guard=guard_of(rule.get("guard")).over(shape.guard),
    )


def _defaults(shape: _Shape) -> Mapping[str, str]:
    defaults = shape.data.get("defaults")
    return defaults if isinstance(defaults, dict) else {}


def _broken(misfits: Iterable[Misfit]) -> dict[int, set[int]]:
    """Which actions the schema has refused: the index of a rule, and those of its actions."""
    broken: dict[int, set[int]] = {}
    for misfit in misfits:
        match misfit.pointer:
            case ("rules", int(rule), "then", int(action), *_):
                broken.setdefault(rule, set()).add(action)
    return broken


def _folded(outer: AllOf | None, inner: AllOf | None, position: Position) -> AllOf:
    own = inner.position if inner else position
    items: tuple[Condition, ...] = (outer.items if outer else ()) + (inner.items if inner else ())
    mentioned = {test.field for item in items for test in tests_of(item)}
    implicit = tuple(
        Test(field, "eq", value, value, own, implicit=True)
        for field, value in _IMPLICIT
        if field not in mentioned
    )
    return AllOf(items + implicit, own)


def _revision(document: Document, data: Mapping[str, Any], files: Files) -> str:
    digest = hashlib.sha256(document.text.encode())
    for path in list_files(document.path, data.get("lists", {})):
        digest.update(b"\0" + files.digests[path].encode())
    return digest.hexdigest()[:12]
