"""The loaded flows, asked about calls: what each flow says about each call."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from runner.call import Call
from runner.decision.holds import Holds, hold_key
from runner.decision.truth import Predicate, predicate
from runner.model import Flow, Moment, Rule


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


def _ready(rule: Rule) -> _Ready:
    return _Ready(rule, predicate(rule.match), hold_key(rule) if rule.hold else "")
