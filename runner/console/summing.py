"""What a poll saw, summed up once for all who show or count it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TypeAlias

from runner.decision.matcher import Verdict
from runner.decision.steps import Held
from runner.engine.brain import Sight
from runner.model import Rule

#: Flow and rule.
Names: TypeAlias = tuple[str, str]
#: The SIDs of the calls that rules match.
Matches: TypeAlias = Mapping[Names, Set[str]]

#: The reason of what is held back because its rule has acted as often as it may.
SPENT = "once"


@dataclass(frozen=True, slots=True)
class Summary:
    """What one poll saw: by rule the calls that match, in the order in which the poll met them.

    `reasons` counts what was held back. `held` is that without what is spent: nothing is in the way
    of a rule that has had its turn.
    """

    matches: Matches = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    held: Sequence[Held] = ()


class Summing:
    """Sums polls up, and remembers the newest for whoever asks next."""

    def __init__(self) -> None:
        self._sight: Sight | None = None
        self._summary = Summary()

    def of(self, sight: Sight) -> Summary:
        """What this poll saw."""
        if sight is not self._sight:
            self._sight, self._summary = sight, _summary(sight)
        return self._summary


def fresh(now: Matches, before: Matches) -> Iterator[tuple[Names, int]]:
    """The rules that match calls which they did not match before, and how many."""
    for names, sids in now.items():
        known = before.get(names)
        if known is None:
            yield names, len(sids)
        elif not sids <= known:
            yield names, len(sids - known)


def _summary(sight: Sight) -> Summary:
    held = sight.plan.held
    reasons = Counter(map(attrgetter("reason"), held))
    waiting = [each for each in held if each.reason != SPENT] if reasons.keys() - {SPENT} else ()
    return Summary(_matches(sight.findings.verdicts), reasons, waiting)


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
