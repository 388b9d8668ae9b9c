"""What the checks look at: one flow, with each rule's conditions sorted by what they are about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from typing import Any

from msgspec import Struct

from runner.actions.sequence import last_change
from runner.language.analysis.meanings import Meaning, meaning_of, name_of
from runner.language.analysis.proofs import Fact, Formula, Patience, Wanted, formula, refuted
from runner.language.analysis.regions import Region, both
from runner.language.analysis.witnesses import Look, looked_at
from runner.language.conditions import tests_of
from runner.language.source import Document
from runner.language.words import shown
from runner.model import Action, AllOf, Condition, Flow, Millis, Rule, Test
from runner.problems import Position, Problem

_STEPS = 3_000  # of one proof: what a person could follow takes some hundred
_ALL_STEPS = 60_000  # of all proofs about one flow
_MANY = 100  # values, which take about as long to compare as one test does
_MOST_TESTS = 100  # of a rule that is reasoned about


class Sorted(Struct, frozen=True):
    """A rule's conditions: the tests that must all hold, by name, and those inside others.

    `cost` is how many steps it takes to look at them once.
    """

    rule: Rule
    flat: Mapping[str, list[Test]]
    nested: Sequence[Condition]
    cost: int

    @property
    def is_huge(self) -> bool:
        """Whether there is more in it than can be reasoned about in time."""
        return self.cost > _MOST_TESTS


class Subject:
    """One flow under analysis. `poll` is the time from poll to poll; problems are collected."""

    def __init__(self, flow: Flow, document: Document, poll: Millis) -> None:
        self.flow = flow
        self.document = document
        self.poll = poll
        self.problems: list[Problem] = []
        #: What the flow's own conditions are at a first look, and those of each rule.
        self.base, self.looks = looked_at(flow.rules)
        #: The rules that change calls, each with the action that decides how the call goes on.
        self.changing: list[tuple[Rule, Look, Action]] = []
        lists = document.data.get("lists", {})
        self._files = {name for name, values in lists.items() if isinstance(values, dict)}
        self._sorted: dict[int, Sorted] = {}
        self._meanings: dict[int, Meaning] = {}
        self._formulas: dict[tuple[int, Wanted], Formula] = {}
        self._left = _ALL_STEPS
        for rule, look in zip(flow.rules, self.looks, strict=True):
            last = last_change(rule.then)
            if last is not None:
                self.changing.append((rule, look, last))

    def warn(self, position: Position, code: str, message: str, hint: str) -> None:
        """Notes a finding."""
        self.problems.append(Problem(position, code, message, hint, "warning"))

    def sorted(self, rule: Rule) -> Sorted:
        """The rule's conditions, by what they are about."""
        known = self._sorted.get(id(rule))
        if known is None:
            known = self._sorted[id(rule)] = _sorted(rule, self._files)
        return known

    def meaning(self, test: Test) -> Meaning:
        """Where the test is true and false."""
        known = self._meanings.get(id(test))
        if known is None:
            known = self._meanings[id(test)] = meaning_of(test, self._files)
        return known

    def region(self, tests: Sequence[Test]) -> Region:
        """Where all of these tests of one field are true."""
        return reduce(both, [self.meaning(test).true for test in tests])

    def can_spend(self, steps: int) -> bool:
        """Takes steps from what is left for this flow; False where there are none."""
        self._left -= steps
        return self._left > 0

    def says(self, rule: Rule, wanted: Wanted) -> Formula:
        """That the rule's conditions hold, or do not."""
        key = (id(rule), wanted)
        if key not in self._formulas:
            self._formulas[key] = formula(rule.match, wanted, self.meaning)
        return self._formulas[key]

    def never(self, parts: Sequence[Formula]) -> bool:
        """True only if no call fits all of the parts."""
        patience = Patience(min(_STEPS, self._left))
        if patience.steps <= 0:
            return False
        self._left -= patience.steps
        proved = refuted(parts, {}, patience)
        self._left += max(0, patience.steps)
        return proved

    def may_be(self, rule: Rule, name: str, region: Region) -> bool:
        """False only if no call of the rule has this field in the region."""
        return not self.never([self.says(rule, "true"), Fact(name, region, region)])


def quoted(test: Test) -> str:
    """A test as its author would write it, cut where it is long."""
    written: Any = test.written
    value = shown(written, 40) if not isinstance(written, str) else written
    if len(value) > 40:
        value = f"{value[:39]}…"
    if test.by:
        return f"`{test.field}: {{by: {test.by}, {test.operator}: {value}}}`"
    if test.operator in ("eq", "in"):
        return f"`{test.field}: {value}`"
    return f"`{test.field}: {{{test.operator}: {value}}}`"


def _sorted(rule: Rule, files: Collection[str]) -> Sorted:
    flat: dict[str, list[Test]] = {}
    nested: list[Condition] = []
    todo, cost = [rule.match], 0
    while todo:
        condition = todo.pop()
        if isinstance(condition, Test):
            flat.setdefault(name_of(condition), []).append(condition)
            cost += _cost(condition, files)
        elif isinstance(condition, AllOf):
            todo += reversed(condition.items)
        else:
            nested.append(condition)
            cost += sum(_cost(test, files) for test in tests_of(condition))
    return Sorted(rule, flat, nested, cost)


def _cost(test: Test, files: Collection[str]) -> int:
    values = test.value
    if not isinstance(values, frozenset) or len(values) < _MANY:
        return 1
    # A list in a file is reasoned about by its name.
    return 1 if isinstance(test.written, str) and test.written in files else len(values) // _MANY
