"""What bounds a rule beside its own conditions: pauses, protected calls, guards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from runner.call import Call
from runner.decision.guarding import Wanted
from runner.durations import rfc3339
from runner.guards import BUILT_IN, Guard, Guards
from runner.model import Millis
from runner.pauses import Pause


def nobody(_call: Call) -> str:
    """Protects no call."""
    return ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one account in one poll.

    `now` is the clock that stamped pauses and acts, which need not be the far side's. `protects`
    says why a call must never be changed, "" where it may be. `ended` is when each rule
    (`flow/rule`) ended calls lately; `spelled_out` what the rules in force say of their guards.
    `begun` are changes that were begun since the last poll: bursts count them as if this one made
    them. `live` is how many calls are known to live, where the planner is shown fewer.
    """

    account: str = ""
    now: Millis = 0
    pauses: Sequence[Pause] = ()
    protects: Callable[[Call], str] = nobody
    guards: Guards = BUILT_IN
    ended: Mapping[str, Sequence[Millis]] = field(default_factory=dict)
    spelled_out: Mapping[str, Guard] = field(default_factory=dict)
    begun: Sequence[Wanted] = ()
    live: int = 0

    def pause_of(self, flow: str, rule: str) -> Pause | None:
        """The pause that keeps this rule from acting now; of several the one that ends last."""
        if not self.pauses:
            return None
        covering = [p for p in self.pauses if p.covers(self.account, flow, rule)]
        return longest(covering, self.now)


def longest(pauses: Iterable[Pause], now: Millis) -> Pause | None:
    """Of those in force the one that ends last; a trip before what a person did."""
    standing = [pause for pause in pauses if pause.stands(now)]
    return max(
        standing, key=lambda p: (p.tripped, p.until is None, p.until or 0, -p.at), default=None
    )


def reason_of(pause: Pause) -> tuple[str, str]:
    """(`paused` or `tripped`, in words) for a rule that a pause keeps from acting."""
    if pause.tripped:
        resume = f"callflow resume {pause.flow}/{pause.rule}"
        return "tripped", f"a guard tripped: {pause.reason}; `{resume}` lets it act again"
    by = f" by {pause.by}" if pause.by else ""
    why = f": {pause.reason}" if pause.reason else ""
    until = "" if pause.until is None else f", until {rfc3339(pause.until)}"
    return "paused", f"{pause.scope} is paused{by}{until}{why}"
