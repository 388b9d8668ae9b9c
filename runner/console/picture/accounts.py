"""One account as its polls see it, and the acts on its calls as its events tell of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from runner.console.summing import SPENT, Summary
from runner.decision.matcher import Verdict
from runner.engine.brain import Sight
from runner.model import Millis

#: A poll is fresh for so many intervals.
INTERVALS = 3
NOTHING = Summary()


def is_fresh(polled_at: Millis | None, now: Millis, interval: Millis) -> bool:
    """Whether a good poll was made lately, by the wall clock; None: there was none."""
    # One that is yet to come was before the clock was set back, and nobody knows how long.
    return polled_at is not None and abs(now - polled_at) <= INTERVALS * interval


class Look:
    """What one poll saw, as it is shown: what nobody looks at is not worked out.

    `held` is what it held back, but for rules that have acted on their call as often as they may:
    nothing is in their way, and their calls are in `spent`.
    """

    def __init__(self, sight: Sight | None = None, summary: Summary = NOTHING) -> None:
        self.sight = sight
        self.matches, self.held = summary.matches, summary.held

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """What the rules said of the calls."""
        return () if self.sight is None else self.sight.findings.verdicts

    @cached_property
    def matched(self) -> int:
        """How many calls any rule matches."""
        return len({verdict.call.sid for verdict in self.verdicts})

    @cached_property
    def spent(self) -> frozenset[str]:
        """The SIDs of the calls on which a rule has acted as often as it may."""
        held = () if self.sight is None else self.sight.plan.held
        return frozenset(each.call.sid for each in held if each.reason == SPENT)

    @cached_property
    def matching(self) -> Counter[str]:
        """By rule, how many calls it matches."""
        return Counter({f"{flow}/{rule}": len(s) for (flow, rule), s in self.matches.items()})

    @cached_property
    def holding(self) -> Counter[str]:
        """By rule, how much of `held` is its."""
        return Counter(each.rule.key for each in self.held)


@dataclass(slots=True)
class Account:
    """One account, as far as a board knows it. Times are the wall clock's; None: not yet."""

    sid: str
    alias: str
    interval: Millis
    calls: int = 0
    polled_at: Millis | None = None
    took: Millis = 0
    requests: int = 0
    error: str = ""
    look: Look = field(default_factory=Look)

    def forget(self) -> None:
        """Knows nothing of calls any more: somebody else looks after them."""
        self.look, self.calls = Look(), 0


@dataclass(frozen=True, slots=True)
class Act:
    """How a part of an act stands, from its event."""

    at: Millis
    account: str
    call: str
    flow: str
    rule: str
    then: tuple[str, ...]
    part: str
    outcome: str
    detail: str

    @property
    def rule_key(self) -> str:
        """`flow/rule`."""
        return f"{self.flow}/{self.rule}"
