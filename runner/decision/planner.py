"""From calls to ordered steps: verdicts, minus what may not be done now, in the order to do it.

Pure: `plan`, `run` and tests call the same functions, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runner.actions.sequence import applicable_statuses, compose
from runner.call import Call
from runner.decision.matcher import Matcher, Verdict, reasons
from runner.model import LIVE_STATUSES, Flow, Moment, Rule, Update

#: For each call the rules (`flow/rule`) that have used up their once on it.
Acted = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Step:
    """One update to send. Steps of one `group` (a parent and its children) go one at a time."""

    call: Call
    flow: Flow
    rule: Rule
    update: Update
    group: str
    why: str

    @property
    def then(self) -> tuple[str, ...]:
        """The names of the rule's actions."""
        return tuple(action.name for action in self.rule.then)


@dataclass(frozen=True, slots=True)
class Held:
    """A verdict that leads to nothing in this poll. `reason` is a stable word:

    `acted` (once per call), `status` (Twilio would refuse it now), `outranked` (another flow
    changes this call in this poll), `leg-group` (another leg is changed in this poll), `in-flight`
    (an earlier change to this leg group has no outcome yet), `unsendable` (its TwiML is not fit).
    """

    call: Call
    flow: Flow
    rule: Rule
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What one poll leads to: `steps` in the order of sending, and what was held back, and why."""

    steps: tuple[Step, ...]
    held: tuple[Held, ...]


def decide(matcher: Matcher, calls: Iterable[Call], moment: Moment) -> list[Verdict]:
    """The verdicts of every flow on every call."""
    return [verdict for call in calls for verdict in matcher.verdicts(call, moment)]


def group_of(call: Call, by_sid: Mapping[str, Call]) -> str:
    """The SID at the top of the call's legs, as far as the listing shows it."""
    sid, seen = call.sid, {call.sid}
    while call.parent_call_sid and call.parent_call_sid not in seen:
        sid = call.parent_call_sid
        seen.add(sid)
        if sid not in by_sid:
            break
        call = by_sid[sid]
    return sid


class Planner:
    """Turns the verdicts of one poll into a plan.

    `calls` are all that were listed; `busy` the leg groups with a change still under way.
    """

    def __init__(
        self, calls: Sequence[Call], moment: Moment, *, busy: frozenset[str] = frozenset()
    ) -> None:
        self._by_sid = {call.sid: call for call in calls}
        self._moment = moment
        self._busy = busy
        self._held: list[Held] = []

    def plan(self, verdicts: Sequence[Verdict], acted: Acted) -> Plan:
        """At most one update for a call and for a leg group: by priority, then file order."""
        ready = [v for v in verdicts if self._may_act(v, acted)]
        ready.sort(key=lambda v: (-v.flow.priority, v.order, _is_child(v.call)))
        taken: dict[str, Verdict] = {}
        steps = []
        for verdict in ready:
            group = group_of(verdict.call, self._by_sid)
            if not self._is_free(verdict, group, taken):
                continue
            step = self._step(verdict, group)
            if step is not None:
                taken[group] = verdict
                steps.append(step)
        steps.sort(key=lambda step: not step.update.idempotent)  # hang-ups first
        return Plan(tuple(steps), tuple(self._held))

    def _may_act(self, verdict: Verdict, acted: Acted) -> bool:
        if verdict.rule.key in acted.get(verdict.call.sid, ()):
            self._hold(verdict, "acted", "this rule has acted on this call (once per call)")
            return False
        possible = applicable_statuses(verdict.rule.then)
        if verdict.call.status not in possible:
            needed = " or ".join(status for status in LIVE_STATUSES if status in possible)
            detail = f"the call is {verdict.call.status}; this needs it {needed}"
            self._hold(verdict, "status", detail)
            return False
        return True

    def _is_free(self, verdict: Verdict, group: str, taken: Mapping[str, Verdict]) -> bool:
        if group in self._busy:
            self._hold(verdict, "in-flight", "an earlier change has no outcome yet")
            return False
        first = taken.get(group)
        if first is None:
            return True
        if first.call.sid == verdict.call.sid:
            self._hold(verdict, "outranked", f"{first.rule.key} changes this call in this poll")
        else:
            detail = f"{first.rule.key} changes its leg {first.call.sid} in this poll"
            self._hold(verdict, "leg-group", detail)
        return False

    def _step(self, verdict: Verdict, group: str) -> Step | None:
        try:
            update = compose(verdict.rule.then)
        except ValueError as error:
            self._hold(verdict, "unsendable", str(error))
            return None
        if update is None:
            return None
        why = "; ".join(reasons(verdict.rule.match, verdict.call, self._moment)) or "every call"
        return Step(verdict.call, verdict.flow, verdict.rule, update, group, why)

    def _hold(self, verdict: Verdict, reason: str, detail: str) -> None:
        self._held.append(Held(verdict.call, verdict.flow, verdict.rule, reason, detail))


def _is_child(call: Call) -> bool:
    return bool(call.parent_call_sid)
