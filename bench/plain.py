"""Rules in plain Python: nested closures, or one evaluated lambda each; and flows as a plain loop.

What engines are compared with, and whose answers are taken for right. Reads records, which are
dicts of text and whole numbers without None: what a call lacks is empty. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from bench.rulebook import Planned, Tree

Record: TypeAlias = Mapping[str, Any]
Judge: TypeAlias = Callable[[Record], bool]
#: (place of the rule, SID) → since when its conditions have held.
Since: TypeAlias = dict[tuple[int, str], int]


def closure(tree: Tree) -> Judge:
    """A condition as somebody would write it by hand."""
    kind, *parts = tree
    if kind in ("all", "any"):
        return _group(kind, [closure(part) for part in parts])
    if kind == "not":
        inner = closure(parts[0])
        return lambda record: not inner(record)
    return _comparison(kind, *parts)


def _group(kind: str, judges: Sequence[Judge]) -> Judge:
    """Two at a time: that is a third of what `all` and `any` take over a generator."""
    first, *others = judges
    if not others:
        return first
    rest = _group(kind, others)
    if kind == "any":
        return lambda record: first(record) or rest(record)
    return lambda record: first(record) and rest(record)


def _comparison(kind: str, field: str, value: Any) -> Judge:
    if kind == "eq":
        return lambda record: bool(record[field] == value)
    if kind == "in":
        return lambda record: record[field] in value
    if kind == "prefix":
        return lambda record: bool(record[field].startswith(value))
    if kind == "gte":
        return lambda record: bool(record[field] >= value)
    fits = re.compile(value).fullmatch
    return lambda record: fits(record[field]) is not None


def compiled(tree: Tree) -> Judge:
    """A condition as one lambda that Python compiled."""
    names: dict[str, Any] = {}
    made: Judge = eval(f"lambda c: {_code(tree, names)}", names)
    return made


def _code(tree: Tree, names: dict[str, Any]) -> str:
    kind, *parts = tree
    if kind in ("all", "any"):
        word = " and " if kind == "all" else " or "
        return "(" + word.join(_code(part, names) for part in parts) + ")"
    if kind == "not":
        return f"(not {_code(parts[0], names)})"
    field, value = parts
    if kind == "prefix":
        return f"c[{field!r}].startswith({value!r})"
    if kind == "regex":
        name = f"fits_{len(names)}"
        names[name] = re.compile(value).fullmatch
        return f"({name}(c[{field!r}]) is not None)"
    sign = {"eq": "==", "gte": ">=", "in": "in"}[kind]
    return f"(c[{field!r}] {sign} {tuple(value) if kind == 'in' else value!r})"


def matches(judges: Sequence[Judge], record: Record) -> list[int]:
    """The places of the rules that the record fits."""
    return [place for place, judge in enumerate(judges) if judge(record)]


class Flows:
    """What the language makes of the rules that a call fits: `for`, first of a flow, `continue`."""

    def __init__(self, planned: Sequence[Planned]) -> None:
        self._planned = planned
        self._since: Since = {}

    def poll(self, fitting: Iterable[tuple[str, Sequence[int]]], now: int) -> list[list[str]]:
        """For each call, its SID and the rules it fits: the keys of the verdicts on it."""
        after: Since = {}
        found = [list(self._verdicts(sid, places, after, now)) for sid, places in fitting]
        self._since = after
        return found

    def _verdicts(self, sid: str, places: Sequence[int], after: Since, now: int) -> Iterator[str]:
        taken: set[str] = set()
        for place in places:
            rule = self._planned[place]
            if rule.hold:
                after[place, sid] = since = self._since.get((place, sid), now)
                if now - since < rule.hold:
                    continue
            if rule.flow not in taken:
                yield rule.key
                if not rule.proceed:
                    taken.add(rule.flow)
