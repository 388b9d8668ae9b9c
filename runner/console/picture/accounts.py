"""One account as its polls see it, and the acts on its calls as its events tell of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from runner.decision.matcher import Verdict
from runner.decision.planner import Held
from runner.engine.brain import Sight
from runner.model import Millis

#: A poll is fresh for so many intervals.
INTERVALS = 3


def is_fresh(polled_at: Millis | None, now: Millis, interval: Millis) -> bool:
    """Whether a good poll was made lately, by the wall clock; None: there was none."""
    # One that is yet to come was before the clock was set back, and nobody knows how long.
    return polled_at is not None and abs(now - polled_at) <= INTERVALS * interval


@dataclass(slots=True)
class Account:
    """One account, as far as a board knows it. Times are the wall clock's; None: not yet.

    `held` is what the last look held back, but for rules that have acted on their call as often as
    they may: nothing is in their way, and their calls are in `spent`.
    """

    sid: str
    alias: str
    interval: Millis
    calls: int = 0
    polled_at: Millis | None = None
    took: Millis = 0
    requests: int = 0
    error: str = ""
    sight: Sight | None = None
    held: Sequence[Held] = ()
    spent: frozenset[str] = frozenset()
    matching: Counter[str] = field(default_factory=Counter)  # by rule: verdicts of the last look
    holding: Counter[str] = field(default_factory=Counter)  # by rule: what of `held` is its
    fits: frozenset[tuple[str, str]] = frozenset()  # (call SID, rule) of the last look

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """What the rules said of the calls in the last look."""
        return () if self.sight is None else self.sight.findings.verdicts

    def take(self, sight: Sight) -> None:
        """Takes what a poll saw."""
        verdicts, held = sight.findings.verdicts, sight.plan.held
        self.sight = sight
        self.calls = len(sight.calls)
        self.held = [each for each in held if each.reason != "once"]
        self.spent = frozenset(each.call.sid for each in held if each.reason == "once")
        self.matching = Counter(verdict.rule.key for verdict in verdicts)
        self.holding = Counter(each.rule.key for each in self.held)
        self.fits = frozenset((verdict.call.sid, verdict.rule.key) for verdict in verdicts)

    def forget(self) -> None:
        """Knows nothing of calls any more: somebody else looks after them."""
        self.sight, self.calls, self.fits = None, 0, frozenset()
        self.held, self.spent = (), frozenset()
        self.matching, self.holding = Counter(), Counter()


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
