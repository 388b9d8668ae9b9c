"""Which rules tests saw match and act, and which conditions they saw true and false."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from runner.call import Call
from runner.decision.describe import describe
from runner.decision.truth import Predicate, predicate
from runner.engine.brain import Sight
from runner.language.conditions import tests_of
from runner.language.fields import FIELDS
from runner.language.operators import OPERATORS
from runner.model import Flow, FlowSet, Moment, Rule, Test
from runner.problems import Position
from runner.timeline.player import Played

#: A place in a file, however the path to it was written: real path, line, column, operator.
_Place: TypeAlias = tuple[str, int, int, str]


@dataclass(slots=True)
class Condition:
    """One comparison as its author wrote it, and what tests saw of it."""

    position: Position
    words: str
    seen_true: bool = False
    seen_false: bool = False


@dataclass(slots=True)
class Covered:
    """One rule. `acted` counts a shadow's record too."""

    rule: Rule
    matched: bool = False
    acted: bool = False
    conditions: list[Condition] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Summary:
    """Points that tests reached, of all there are: one a rule that acted, two a condition."""

    reached: int
    points: int

    @property
    def percent(self) -> float:
        """100.0 where there is nothing to reach."""
        return 100.0 if not self.points else 100.0 * self.reached / self.points


class Coverage:
    """Looks on while tests are played; one for all files."""

    def __init__(self) -> None:
        self._rules: dict[_Place, Covered] = {}
        self._conditions: dict[_Place, Condition] = {}
        self._tests: dict[_Place, Predicate] = {}

    def add(self, flow_set: FlowSet) -> None:
        """Counts these flows in. What is switched off can't be covered, and isn't counted."""
        for flow in flow_set.flows:
            if flow.enabled:
                self._add_flow(flow)

    def watch(self, flow_set: FlowSet) -> Watch:
        """What looks on at a test of these flows."""
        rules = [rule for flow in flow_set.flows if flow.enabled for rule in flow.rules]
        enabled = [rule for rule in rules if rule.enabled]
        tests = {
            _place(test.position, test.operator): test for r in enabled for test in _written(r)
        }
        return Watch(
            {rule.key: self._rules[_place(rule.position)] for rule in enabled},
            [(self._conditions[place], predicate(test)) for place, test in tests.items()],
        )

    @property
    def rules(self) -> list[Covered]:
        """Every rule, by file and line."""
        return sorted(self._rules.values(), key=lambda covered: covered.rule.position)

    @property
    def summary(self) -> Summary:
        """All points together."""
        acted = [covered.acted for covered in self._rules.values()]
        seen = [s for c in self._conditions.values() for s in (c.seen_true, c.seen_false)]
        return Summary(sum(acted) + sum(seen), len(acted) + len(seen))

    def _add_flow(self, flow: Flow) -> None:
        for rule in flow.rules:
            place = _place(rule.position)
            if rule.enabled and place not in self._rules:
                self._rules[place] = Covered(rule, conditions=list(self._conditions_of(rule)))

    def _conditions_of(self, rule: Rule) -> Iterator[Condition]:
        """Those that no earlier rule has: what a flow's `match` says is said once."""
        for test in _written(rule):
            place = _place(test.position, test.operator)
            if place not in self._conditions:
                self._conditions[place] = Condition(test.position, describe(test))
                yield self._conditions[place]


@dataclass(slots=True)
class Watch:
    """Looks on at one test. `open` holds the conditions not yet seen both ways."""

    rules: dict[str, Covered]
    open: list[tuple[Condition, Predicate]]

    def see(self, calls: tuple[Call, ...], sight: Sight) -> None:
        """Asks every condition about every live call, also those that no rule asked for."""
        plan = sight.plan
        for step in (*plan.steps, *plan.shadows):
            self.rules[step.rule.key].matched = True
        for held in plan.held:
            self.rules[held.rule.key].matched = True
        if self.open and calls:
            self.open = [each for each in self.open if not _both(*each, calls, sight.moment)]

    def done(self, played: Played) -> None:
        """Notes which rules acted."""
        for act in played.acts:
            self.rules[act.rule].acted = True


def _both(condition: Condition, holds: Predicate, calls: Iterable[Call], moment: Moment) -> bool:
    """Asks one condition; whether it has been seen both ways now. Unknown is neither."""
    for call in calls:
        truth = holds(call, moment)
        if truth:
            condition.seen_true = True
        elif truth is False:
            condition.seen_false = True
    return condition.seen_true and condition.seen_false


def _written(rule: Rule) -> Iterator[Test]:
    """The comparisons that somebody wrote and that can come out both ways."""
    for test in tests_of(rule.match):
        if not test.implicit and not _always(test):
            yield test


def _always(test: Test) -> bool:
    """Whether it holds for every live call there can be: `leg: any`, or all three statuses."""
    field = FIELDS[test.field]
    if field.type not in ("leg", "status"):
        return False
    return all(OPERATORS[test.operator].holds(word, test.value) for word in field.known)


def _place(position: Position, operator: str = "") -> _Place:
    return os.path.realpath(position.path), position.line, position.column, operator
