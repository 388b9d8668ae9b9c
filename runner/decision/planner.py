"""From calls to ordered steps: verdicts, minus what may not be done now, in the order to do it.

Pure: `plan`, `run` and tests call the same functions, so that they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from runner.actions.sequence import applicable_statuses, compose
from runner.call import Call
from runner.decision.describe import reasons
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher, Verdict
from runner.decision.once import History, Turn, turn_of
from runner.language.spoken import values_of
from runner.model import LIVE_STATUSES, Flow, Moment, Rule, Update


@dataclass(frozen=True, slots=True)
class Step:
    """One update to send. Steps of one `group` (a parent and its children) go one at a time.

    `turn` says the how many-eth act of the rule on the call this is, and for which value.
    """

    call: Call
    flow: Flow
    rule: Rule
    update: Update
    group: str
    why: str
    turn: Turn

    @property
    def then(self) -> tuple[str, ...]:
        """The names of the rule's actions."""
        return tuple(action.name for action in self.rule.then)


@dataclass(frozen=True, slots=True)
class Held:
    """A verdict that leads to nothing in this poll. `reason` is a stable word:

    `once` (the rule has acted as often as it may), `status` (Twilio would refuse it now),
    `outranked` (another flow changes this call in this poll), `leg-group` (another leg is changed
    in this poll), `in-flight` (an earlier change to this leg group has no outcome yet),
    `unsendable` (its TwiML is not fit to be sent).
    """

    call: Call
    flow: Flow
    rule: Rule
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What one poll leads to.

    `steps` in the order of sending; `held`, what was held back, and why; `shadows`, what rules
    would have done on calls outside their cohort.
    """

    steps: tuple[Step, ...]
    held: tuple[Held, ...]
    shadows: tuple[Step, ...] = ()


def decide(matcher: Matcher, calls: Iterable[Call], moment: Moment, holds: Holds) -> list[Verdict]:
    """The verdicts of every flow on every call; `holds.after` says what goes on holding."""
    return [verdict for call in calls for verdict in matcher.verdicts(call, moment, holds)]


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

    `calls` are all that were listed; `busy` the calls and leg groups with a change under way.
    """

    def __init__(
        self, calls: Sequence[Call], moment: Moment, *, busy: frozenset[str] = frozenset()
    ) -> None:
        self._by_sid = {call.sid: call for call in calls}
        self._moment = moment
        # Which legs make a group depends on what is listed, so each is looked up anew.
        self._busy = {group_of(self._by_sid[s], self._by_sid) for s in busy & self._by_sid.keys()}
        self._busy |= busy
        self._work = _Work()

    def plan(self, verdicts: Sequence[Verdict], history: History) -> Plan:
        """At most one update for a call and for a leg group: by priority, then file order."""
        work = self._work = _Work()
        first = sorted(verdicts, key=lambda v: (-v.flow.priority, v.order, _is_child(v.call)))
        for verdict in first:
            self._consider(verdict, history)
        steps = sorted(work.steps, key=lambda step: not step.update.idempotent)  # hang-ups first
        return Plan(tuple(steps), tuple(work.held), tuple(work.shadows))

    def _consider(self, verdict: Verdict, history: History) -> None:
        turn = turn_of(verdict, history, self._moment, self._work.values)
        if isinstance(turn, str):
            self._hold(verdict, "once", turn)
            return
        group = group_of(verdict.call, self._by_sid)
        if verdict.shadow:
            self._shadow(verdict, group, turn)
        elif self._applies(verdict) and self._is_free(verdict, group):
            step = self._step(verdict, group, turn)
            if step is not None:
                self._work.steps.append(step)
                self._work.taken[group] = verdict
                self._note_value(step)

    def _applies(self, verdict: Verdict) -> bool:
        possible = applicable_statuses(verdict.rule.then)
        if verdict.call.status in possible:
            return True
        needed = " or ".join(status for status in LIVE_STATUSES if status in possible)
        self._hold(verdict, "status", f"the call is {verdict.call.status}; this needs it {needed}")
        return False

    def _is_free(self, verdict: Verdict, group: str) -> bool:
        if group in self._busy:
            self._hold(verdict, "in-flight", "an earlier change has no outcome yet")
            return False
        first = self._work.taken.get(group)
        if first is None:
            return True
        if first.call.sid == verdict.call.sid:
            self._hold(verdict, "outranked", f"{first.rule.key} changes this call in this poll")
        else:
            detail = f"{first.rule.key} changes its leg {first.call.sid} in this poll"
            self._hold(verdict, "leg-group", detail)
        return False

    def _shadow(self, verdict: Verdict, group: str, turn: Turn) -> None:
        step = self._step(verdict, group, turn)
        if step is not None:
            self._work.shadows.append(step)
            self._note_value(step)

    def _note_value(self, step: Step) -> None:
        if step.turn.value:
            self._work.values.add((step.rule.key, step.turn.value, step.turn.number == 0))

    def _step(self, verdict: Verdict, group: str, turn: Turn) -> Step | None:
        try:
            update = compose(verdict.rule.then, values_of(verdict.call, self._moment))
        except ValueError as error:
            self._hold(verdict, "unsendable", str(error))
            return None
        if update is None:
            return None
        why = "; ".join(reasons(verdict.rule.match, verdict.call, self._moment)) or "every call"
        return Step(verdict.call, verdict.flow, verdict.rule, update, group, why, turn)

    def _hold(self, verdict: Verdict, reason: str, detail: str) -> None:
        self._work.held.append(Held(verdict.call, verdict.flow, verdict.rule, reason, detail))


@dataclass
class _Work:
    """What has been decided so far in this poll."""

    steps: list[Step] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    shadows: list[Step] = field(default_factory=list)
    taken: dict[str, Verdict] = field(default_factory=dict)
    #: (rule, value, as a shadow?) of the steps above, for `once: {per: …}`.
    values: set[tuple[str, str, bool]] = field(default_factory=set)


def _is_child(call: Call) -> bool:
    return bool(call.parent_call_sid)
