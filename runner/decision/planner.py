"""From calls to ordered steps: verdicts, minus what may not be done now, in the order to do it.

Pure: `plan`, `run` and tests call the same functions, so that they cannot disagree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from runner.actions.composing import Found, compose, update_of
from runner.actions.sequence import (
    applicable_statuses,
    goes_after_updates,
    says_goodbye,
    takes_away,
)
from runner.call import Call
from runner.decision.bounds import Bounds, reason_of
from runner.decision.describe import reasons
from runner.decision.groups import Groups
from runner.decision.guarding import Load, Trip, Wanted, judge
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher, Verdict
from runner.decision.once import History, Turn, turn_of
from runner.decision.steps import Held, Plan, Step
from runner.decision.turns import Turns, at_once, slices
from runner.language.fields import FIELDS
from runner.language.spoken import values_of
from runner.model import LIVE_STATUSES, Moment
from runner.sides import Part

__all__ = ["Held", "Plan", "Planner", "Step", "decide"]

#: The mode that falls back to recording when a guard trips.
CANARY = "canary"
NO_BOUNDS = Bounds()
#: So many verdicts are decided on in one turn, and so many sorted: a few milliseconds.
TURN = 100
MANY = 5_000


def decide(matcher: Matcher, calls: Sequence[Call], moment: Moment, holds: Holds) -> list[Verdict]:
    """The verdicts of every flow on every call; `holds.after` says what goes on holding."""
    return at_once(matcher.decide(calls, moment, holds))


class Planner:
    """Turns the verdicts of one poll into a plan.

    `calls` are all that are known to live: legs are looked for among them, and bursts are measured
    against them. `busy` are the calls and leg groups with a change under way, `found` what was
    looked up, by call SID.
    """

    def __init__(
        self,
        calls: Sequence[Call],
        moment: Moment,
        *,
        busy: frozenset[str] = frozenset(),
        bounds: Bounds = NO_BOUNDS,
        found: Mapping[str, Found] | None = None,
    ) -> None:
        self._live = max(len(calls), bounds.live)
        self._groups = Groups(calls)
        self._found = found or {}
        self._moment = moment
        # Which legs make a group depends on what is listed, so each is looked up anew.
        self._busy = busy | {self._groups.of_sid(sid) for sid in busy}
        self._bounds = bounds
        self._protected: dict[str, str] = {}  # leg group → why
        self._work = _Work()

    def plan(self, verdicts: Sequence[Verdict], history: History) -> Plan:
        """At most one update for a call and for a leg group: by priority, then file order."""
        return at_once(self.plan_in_turns(verdicts, history))

    def plan_in_turns(
        self, verdicts: Sequence[Verdict], history: History, *, whole: bool = True
    ) -> Turns[Plan]:
        """The same with pauses: thousands of acts take longer than other accounts should wait.

        Unless the `whole` is wanted it ends with its first step: who sees one plans anew, by more.
        """
        work = self._work = _Work()
        first = yield from _in_order(verdicts)
        for part in slices(first, TURN):
            for verdict in part:
                if (step := self._wanted(verdict, history)) is None:
                    continue
                if step.touches_call and not self._groups.gathered:
                    yield from self._groups.gather()
                if self._is_let(step) and self._is_free(step):
                    self._take(step, verdict)
                    if not whole:
                        return Plan((step,), tuple(work.held), tuple(work.shadows))
            yield
        trips = self._trips()
        yield
        self._let_updates_go_first()
        yield
        steps = sorted(work.steps, key=_is_no_hangup)  # hang-ups first
        return Plan(tuple(steps), tuple(work.held), tuple(work.shadows), trips)

    def _wanted(self, verdict: Verdict, history: History) -> Step | None:
        """What the rule does, where it is its turn and it is neither a shadow nor paused."""
        turn = turn_of(verdict, history, self._moment, self._work.values)
        if isinstance(turn, str):
            self._hold(verdict, "once", turn)
            return None
        if verdict.shadow:
            self._shadow(verdict, turn)
        elif self._is_unpaused(verdict, history) and self._applies(verdict):
            return self._step(verdict, turn)
        return None

    def _take(self, step: Step, verdict: Verdict) -> None:
        self._work.steps.append(step)
        if step.changes_call:
            self._work.taken[step.group] = verdict
            self._work.wanted.append(Wanted(step.flow, step.rule, step.ends))
        self._note_value(step)

    def _is_unpaused(self, verdict: Verdict, history: History) -> bool:
        pause = self._bounds.pause_of(verdict.flow.name, verdict.rule.id)
        if pause is not None:
            reason, detail = reason_of(pause)
            self._hold(verdict, reason, detail)
            if pause.tripped and verdict.rule.mode.name == CANARY:
                self._demoted(verdict, history)
        return pause is None

    def _is_let(self, step: Step) -> bool:
        """Whether neither the call nor a leg of it is protected from what the step does."""
        if protection := step.touches_call and self._protection(step.call, step.group):
            self._hold(step, "protected", protection)
        return not protection

    def _demoted(self, verdict: Verdict, history: History) -> None:
        """A canary that tripped goes on as a shadow, so that it can be seen what it would do."""
        shadow = msgspec.structs.replace(verdict, shadow=True)
        turn = turn_of(shadow, history, self._moment, self._work.values)
        if isinstance(turn, Turn):
            self._shadow(shadow, turn)

    def protection(self, call: Call) -> str:
        """Why neither this call nor a leg that would suffer with it may be changed; else ""."""
        return self._protection(call, self._groups.of(call))

    def _protection(self, call: Call, group: str) -> str:
        if own := self._bounds.protects(call):
            return own
        legs = self._groups.legs(group)
        if legs and group not in self._protected:
            found = [(leg, self._bounds.protects(leg)) for leg in legs]
            known = [f"its leg {leg.sid}: {why}" for leg, why in found if why]
            self._protected[group] = known[-1] if known else ""
        return self._protected.get(group, "")

    def _trips(self) -> tuple[Trip, ...]:
        """Takes the batches of the rules that trip a guard out of the steps."""
        work, bounds = self._work, self._bounds
        if not work.wanted:
            return ()
        load = Load(self._live, bounds.now, bounds.ended, bounds.spelled_out)
        found = judge([*work.wanted, *bounds.begun], bounds.guards, load)
        # What was begun already can't be held back: by itself it trips nothing.
        names = {each.rule.key for each in work.wanted} if found else ()
        trips = [trip for trip in found if trip.rule.key in names]
        if not trips:
            return ()
        details = {trip.rule.key: trip.detail for trip in trips}
        for step in work.steps:
            if step.rule.key in details:
                detail = details[step.rule.key]
                work.held.append(Held(step.call, step.flow, step.rule, "guard", detail))
        work.steps = [step for step in work.steps if step.rule.key not in details]
        return tuple(trips)

    def _applies(self, verdict: Verdict) -> bool:
        known, rule = self._work.statuses, verdict.rule
        if id(rule) not in known:
            known[id(rule)] = applicable_statuses(rule.then)
        possible = known[id(rule)]
        if verdict.call.status in possible:
            return True
        needed = " or ".join(status for status in LIVE_STATUSES if status in possible)
        self._hold(verdict, "status", f"the call is {verdict.call.status}; this needs it {needed}")
        return False

    def _is_free(self, step: Step) -> bool:
        """Whether nothing else is being done to the call, or to its other legs."""
        if not step.touches_call:
            return True
        if step.group in self._busy:
            self._hold(step, "in-flight", "an earlier change has no outcome yet")
            return False
        first = self._work.taken.get(step.group) if step.changes_call else None
        if first is not None:
            self._yield_to(first, step)
        return first is None

    def _yield_to(self, first: Verdict | Step, step: Step) -> None:
        if first.call.sid == step.call.sid:
            self._hold(step, "outranked", f"{first.rule.key} changes this call in this poll")
        else:
            detail = f"{first.rule.key} changes its leg {first.call.sid} in this poll"
            self._hold(step, "leg-group", detail)

    def _let_updates_go_first(self) -> None:
        """Takes out what another rule's update in this poll would undo: the next poll decides."""
        steps = self._work.steps
        late = [s for s in steps if not s.changes_call and goes_after_updates(s.actions)]
        if not late:
            return
        updates = {s.group: s for s in steps if s.changes_call and takes_away(s.actions)}
        held = {id(step): step for step in late if step.group in updates}
        for step in held.values():
            self._yield_to(updates[step.group], step)
        self._work.steps = [step for step in steps if id(step) not in held]

    def _shadow(self, verdict: Verdict, turn: Turn) -> None:
        step = self._step(verdict, turn)
        if step is not None:
            self._work.shadows.append(step)
            self._note_value(step)

    def _note_value(self, step: Step) -> None:
        if step.turn.value:
            self._work.values.add((step.rule.key, step.turn.value, step.turn.number == 0))

    def _step(self, verdict: Verdict, turn: Turn) -> Step | None:
        """What the verdict comes to; None where that is nothing, or nothing fit to be sent."""
        call, then = verdict.call, verdict.rule.then
        try:
            found = self._found.get(call.sid)
            parts = compose(then, values_of(call, self._moment), found)
        except ValueError as error:
            self._hold(verdict, "unsendable", str(error))
            return None
        if turn.only:
            parts = tuple(part for part in parts if part.key in turn.only)
        if not parts:
            return None
        why = "; ".join(reasons(verdict.rule.match, call, self._moment)) or "every call"
        ends, group = self._ends(verdict, parts), self._groups.of(call)
        return Step(call, verdict.flow, verdict.rule, parts, group, why, turn, ends)

    def _ends(self, verdict: Verdict, parts: Sequence[Part]) -> bool:
        """Whether the call is hung up or cancelled: also by a limit that it has passed already."""
        update = update_of(parts)
        if update is None:
            return False
        if update.time_limit is not None:
            age = FIELDS["age"].read(verdict.call, self._moment)
            if not isinstance(age, int) or age >= update.time_limit * 1000:
                return True
        known, rule = self._work.goodbyes, verdict.rule
        if id(rule) not in known:
            known[id(rule)] = says_goodbye(rule.then)
        return known[id(rule)]

    def _hold(self, what: Verdict | Step, reason: str, detail: str) -> None:
        self._work.held.append(Held(what.call, what.flow, what.rule, reason, detail))


@dataclass
class _Work:
    """What has been decided so far in this poll."""

    steps: list[Step] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)  # by the steps that change their call
    held: list[Held] = field(default_factory=list)
    shadows: list[Step] = field(default_factory=list)
    taken: dict[str, Verdict] = field(default_factory=dict)
    #: (rule, value, as a shadow?) of the steps above, for `once: {per: …}`.
    values: set[tuple[str, str, bool]] = field(default_factory=set)
    #: Of rules, by identity, what is the same for all their calls: whether they hang up, and in
    #: which statuses they can act.
    goodbyes: dict[int, bool] = field(default_factory=dict)
    statuses: dict[int, frozenset[str]] = field(default_factory=dict)


def _in_order(verdicts: Sequence[Verdict]) -> Turns[list[Verdict]]:
    """By priority, then file order, and parents before the legs that they have dialled."""
    lots = defaultdict[tuple[int, int, bool], list[Verdict]](list)
    for part in slices(verdicts, MANY):
        for each in part:
            is_child = bool(each.call.parent_call_sid)
            lots[-each.flow.priority, each.order, is_child].append(each)
        yield
    return [each for _, lot in sorted(lots.items()) for each in lot]


def _is_no_hangup(step: Step) -> bool:
    return step.update is None or not step.update.ends_call
