"""One checked document to one flow: rules with all that their flow adds to them folded in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from msgspec import Struct

from runner.guards import Guard
from runner.language.actions import compile_actions
from runner.language.bench import Bench
from runner.language.conditions import compile_match, tests_of
from runner.language.digests import sha256
from runner.language.files import Files
from runner.language.guarding import check_guard, guard_of
from runner.language.keys import hold_of, mode_of, once_of
from runner.language.lists import list_files, read_lists
from runner.language.placeholders import check_defaults, check_gaps
from runner.language.schema import Misfit, check
from runner.language.source import Document, Pointer
from runner.language.windows import Window
from runner.language.words import shown
from runner.model import AllOf, Condition, Flow, Mode, Rule, Test
from runner.problems import Position, Problem

#: What a rule is about unless it, or its flow, says otherwise.
_IMPLICIT = (("leg", "parent"), ("status", "in-progress"))


class Compiled(Struct, frozen=True):
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
    windows = _windows(bench, data["windows"]) if "windows" in data else {}
    bench = Bench(document, named, windows, bench.problems)
    shape = _shape_of(bench, data, misfits)
    check_defaults(bench, shape.defaults)
    check_guard(bench, data)
    rules = _rules(shape)
    for rule in rules:
        check_gaps(bench, rule)
    problems = _merged(bench.problems, misfits)
    if any(problem.is_error for problem in problems):
        return Compiled(None, problems)
    return Compiled(_flow(shape, rules, _revision(document, data, files)), problems)


def _windows(bench: Bench, written: Any) -> dict[str, Window | None]:
    from runner.language.calendars import read_windows  # here, not above: few flows have windows

    return read_windows(bench, written)


class _Shape(Struct, frozen=True):
    """The file's data, which may be of any shape, and what it says of all of its rules.

    `match` are its own conditions; `broken` as `_broken` gives it.
    """

    bench: Bench
    data: Mapping[str, Any]
    flow: str
    match: AllOf | None
    defaults: Mapping[str, str]
    mode: Mode
    guard: Guard
    broken: Mapping[int, Collection[int]]


def _shape_of(bench: Bench, data: Mapping[str, Any], misfits: Iterable[Misfit]) -> _Shape:
    defaults = data.get("defaults")
    return _Shape(
        bench,
        data,
        flow=str(data.get("flow", "")),
        match=compile_match(bench, (data, "match")) if "match" in data else None,
        defaults=defaults if isinstance(defaults, dict) else {},
        mode=mode_of(data) or Mode(),
        guard=guard_of(data.get("guard")),
        broken=_broken(misfits),
    )


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
    rules = shape.data.get("rules")
    if not isinstance(rules, list):
        return []
    _check_unique(shape.bench, rules)
    made = (_rule(shape, rules, index) for index in range(len(rules)))
    return [rule for rule in made if rule is not None]


def _check_unique(bench: Bench, rules: list[Any]) -> None:
    seen: dict[str, int] = {}
    for index, rule in enumerate(rules):
        name = rule.get("id") if isinstance(rule, dict) else None
        if not isinstance(name, str):
            continue
        first = seen.setdefault(name, index)
        if first != index:
            line = bench.at(rules[first], "id").line
            message = f"the rule {shown(name)} is already on line {line}"
            position = bench.at(rule, "id")
            bench.error(position, "duplicate-rule", message, hint="give this one another id")


def _rule(shape: _Shape, rules: list[Any], index: int) -> Rule | None:
    """The rule at an index; None where it is not even a mapping."""
    bench, rule = shape.bench, rules[index]
    if not isinstance(rule, dict):
        return None
    position = bench.document.value(*((rule, "id") if "id" in rule else (rules, index)))
    inner = compile_match(bench, (rule, "match")) if "match" in rule else None
    if "guard" in rule:
        check_guard(bench, rule)
    return Rule(
        id=str(rule.get("id", "")),
        flow=shape.flow,
        match=_folded(shape.match, inner, position),
        then=compile_actions(
            bench, rule, defaults=shape.defaults, broken=shape.broken.get(index, ())
        ),
        position=position,
        description=str(rule.get("description", "")),
        proceed=rule.get("continue") is True,
        enabled=rule.get("enabled") is not False,
        hold=hold_of(rule),
        once=once_of(bench, rule),
        mode=mode_of(rule) or shape.mode,
        recheck=rule.get("recheck") == "always",
        retry_unknown=rule.get("retry_unknown") is True,
        guard=guard_of(rule["guard"]).over(shape.guard) if "guard" in rule else shape.guard,
    )


def _broken(misfits: Iterable[Misfit]) -> dict[int, set[int]]:
    """Which actions the schema has refused: the index of a rule, and those of its actions."""
    broken: dict[int, set[int]] = {}
    for misfit in misfits:
        match misfit.pointer:
            case ("rules", int(rule), "then", int(action), *_):
                broken.setdefault(rule, set()).add(action)
    return broken


def _folded(outer: AllOf | None, inner: AllOf | None, position: Position) -> AllOf:
    items: tuple[Condition, ...] = (outer.items if outer else ()) + (inner.items if inner else ())
    whole = AllOf(items, inner.position if inner else position)
    mentioned = {test.field for test in tests_of(whole)}
    implicit = [
        Test(field, "eq", value, value, whole.position, implicit=True)
        for field, value in _IMPLICIT
        if field not in mentioned
    ]
    return AllOf((*items, *implicit), whole.position) if implicit else whole


def _revision(document: Document, data: Mapping[str, Any], files: Files) -> str:
    digest = sha256(document.text.encode())
    for path in list_files(document.path, data.get("lists", {})):
        digest.update(b"\0" + files.digests[path].encode())
    return digest.hexdigest()[:12]
