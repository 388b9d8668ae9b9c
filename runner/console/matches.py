"""Which calls each rule matches, poll by poll: worked out once, for all who show or count it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import TypeAlias

from runner.decision.matcher import Verdict
from runner.engine.brain import Sight
from runner.model import Rule

#: Flow and rule.
Names: TypeAlias = tuple[str, str]
#: The SIDs of the calls that rules match.
Matches: TypeAlias = Mapping[Names, Set[str]]

NONE: Matches = {}


class Matching:
    """Gives the matches of a sight, and remembers those of the newest."""

    def __init__(self) -> None:
        self._sight: Sight | None = None
        self._matches = NONE

    def of(self, sight: Sight) -> Matches:
        """By rule, in the order in which the poll met them."""
        if sight is not self._sight:
            self._sight, self._matches = sight, _matches(sight.findings.verdicts)
        return self._matches


def fresh(now: Matches, before: Matches) -> Iterator[tuple[Names, int]]:
    """The rules that match calls which they did not match before, and how many."""
    for names, sids in now.items():
        known = before.get(names)
        if known is None:
            yield names, len(sids)
        elif not sids <= known:
            yield names, len(sids - known)


def _matches(verdicts: Iterable[Verdict]) -> Matches:
    """Ten thousand of them in two milliseconds, for every poll waits for it."""
    found: dict[int, tuple[Rule, set[str]]] = {}  # by the identity of the rule, which costs least
    for each in verdicts:
        rule = each.rule
        known = found.get(id(rule))
        if known is None:
            found[id(rule)] = rule, {each.call.sid}
        else:
            known[1].add(each.call.sid)
    return {(rule.flow, rule.id): sids for rule, sids in found.values()}
