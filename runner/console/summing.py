"""What a poll saw, summed up once for all who show or count it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TypeAlias

from runner.decision.matcher import Verdict
from runner.decision.steps import Held
from runner.decision.turns import Pace, Turns, slices
from runner.engine.brain import Sight
from runner.model import Rule

#: Flow and rule.
Names: TypeAlias = tuple[str, str]
#: The SIDs of the calls that rules match.
Matches: TypeAlias = Mapping[Names, Set[str]]
#: Of rules, how many calls they match that they did not match before.
Fresh: TypeAlias = Sequence[tuple[Names, int]]

#: The reason of what is held back because its rule has acted as often as it may.
SPENT = "once"
#: So many verdicts, or what is held back, are summed up in one turn: half a millisecond or two.
SLICE = 2_000
_REASON = attrgetter("reason")


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
    """Sums polls up, and remembers the newest of each account for whoever asks next."""

    def __init__(self) -> None:
        self._newest: dict[str, tuple[Sight, Summary]] = {}

    def of(self, account: str, sight: Sight) -> Turns[Summary]:
        """What this poll saw; pauses after each `SLICE` of it."""
        known = self._newest.get(account)
        if known is None or known[0] is not sight:
            known = self._newest[account] = sight, (yield from _summary(sight))
        return known[1]

    def forget(self) -> None:
        """What was seen is no longer needed: another runner looks after the calls."""
        self._newest.clear()


def fresh(now: Matches, before: Matches) -> Turns[Fresh]:
    """The rules that match calls which they did not match before, and how many."""
    found, pace = list[tuple[Names, int]](), Pace(SLICE)
    for names, sids in now.items():
        known = before.get(names)
        if known is None:
            found.append((names, len(sids)))
        elif not sids <= known:
            found.append((names, len(sids - known)))
        if pace.due(len(sids)):
            yield
    return found


def _summary(sight: Sight) -> Turns[Summary]:
    reasons, waiting = Counter[str](), list[Held]()
    for part in slices(sight.plan.held, SLICE):
        counted = Counter(map(_REASON, part))
        reasons.update(counted)
        if counted.keys() - {SPENT}:
            waiting += [each for each in part if each.reason != SPENT]
        yield
    matches = yield from _matches(sight.findings.verdicts)
    return Summary(matches, reasons, waiting)


def _matches(verdicts: Sequence[Verdict]) -> Turns[Matches]:
    found: dict[int, tuple[Rule, set[str]]] = {}  # by the identity of the rule, which costs least
    for part in slices(verdicts, SLICE):
        for each in part:
            rule = each.rule
            known = found.get(id(rule))
            if known is None:
                found[id(rule)] = rule, {each.call.sid}
            else:
                known[1].add(each.call.sid)
        yield
    return {(rule.flow, rule.id): sids for rule, sids in found.values()}
