"""The loaded flows, asked about calls: what each flow says about each call."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

from runner.call import Call
from runner.decision.holds import Holds, hold_key
from runner.decision.scope import asks_for_others
from runner.decision.truth import Predicate, predicate
from runner.model import Flow, Moment, Rule

#: Priority, turned around, and the flow's place among those that are loaded.
Rank: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule that a call fits, and so what its flow says about that call.

    `order` is the flow's place among the loaded flows. `shadow` says that the call is outside the
    rule's cohort: what it would do is recorded, nothing is sent, and the flow looked further.
    """

    call: Call
    flow: Flow
    rule: Rule
    order: int
    shadow: bool = False

    @property
    def rank(self) -> Rank:
        """Of two on one call, or on its legs, the one of the lower rank goes first."""
        return _rank(self.flow, self.order)


@dataclass(frozen=True, slots=True)
class _Ready:
    """A rule, ready to be asked. `hold_key` is empty where the rule has no `for`."""

    rule: Rule
    matches: Predicate
    hold_key: str


class Matcher:
    """Flows in force together for one account."""

    def __init__(self, flows: tuple[Flow, ...]) -> None:
        self._flows = [
            (order, flow, [_ready(rule) for rule in flow.rules if rule.enabled])
            for order, flow in enumerate(flows)
            if flow.enabled
        ]
        self._asking = [
            flow for flow in self._flows if any(asks_for_others(r.rule.match) for r in flow[2])
        ]

    def undecided(self, call: Call, moment: Moment) -> Rank | None:
        """The first flow that may have a verdict only once the other live calls are listed.

        None where no flow waits for them. By its rank, that of `rank`: all before it are decided.
        """
        waiting = (
            _rank(flow, order)
            for order, flow, rules in self._asking
            if any(ready.matches(call, moment) is not False for ready in rules)
        )
        return min(waiting, default=None)

    def acts(self, key: str, sid: str) -> bool:
        """Whether the rule `flow/rule` is in force, and acts on calls such as this one."""
        return any(
            ready.rule.key == key and in_cohort(ready.rule, sid)
            for _, _, rules in self._flows
            for ready in rules
        )

    def verdicts(self, call: Call, moment: Moment, holds: Holds) -> list[Verdict]:
        """What each flow says about the call, in file order.

        The first rule that matches is the flow's verdict, whether or not it has acted already. A
        rule with `continue: true`, and one that only shadows this call, let the flow look further.
        """
        found = []
        for order, flow, rules in self._flows:
            taken = False
            for ready in rules:
                # A hold is about the rule's own conditions: it goes on behind another's verdict.
                if (taken and not ready.hold_key) or not ready.matches(call, moment):
                    continue
                rule = ready.rule
                if ready.hold_key and holds.keep(call.sid, ready.hold_key) < rule.hold:
                    continue
                if not taken:
                    shadow = not in_cohort(rule, call.sid)
                    found.append(Verdict(call, flow, rule, order, shadow))
                    taken = not (rule.proceed or shadow)
        return found


def in_cohort(rule: Rule, sid: str) -> bool:
    """Whether the rule acts on this call. Sticky: the SID decides, and always the same way."""
    share = rule.mode.share
    if share in (0.0, 1.0):
        return share == 1.0
    digest = hashlib.sha256(f"{rule.key}:{sid}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 < share


def _rank(flow: Flow, order: int) -> Rank:
    return -flow.priority, order


def _ready(rule: Rule) -> _Ready:
    return _Ready(rule, predicate(rule.match), hold_key(rule) if rule.hold else "")
