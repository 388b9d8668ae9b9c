"""Tells in a dry run what would be done: each act, and each guard that would trip, once."""

from __future__ import annotations

from runner.engine.brain import Sight
from runner.engine.ports import Listener
from runner.engine.telling import planned, tripped
from runner.model import Millis


class Rehearsal:
    """What the dry run of one account has told already, as far as it can come up again."""

    def __init__(self, account: str, tell: Listener) -> None:
        self._account = account
        self._tell = tell
        self._acts: set[tuple[str, str, int]] = set()
        self._trips: set[str] = set()

    def show(self, sight: Sight, now: Millis) -> None:
        """Tells what is new in this plan, and forgets calls that are over."""
        live = {call.sid for call in sight.calls}
        self._acts = {act for act in self._acts if act[0] in live}
        for trip in sight.plan.trips:
            if trip.rule.key not in self._trips:
                self._tell(tripped(self._account, trip, now))
        self._trips = {trip.rule.key for trip in sight.plan.trips}
        self.add(sight, now)

    def add(self, sight: Sight, now: Millis) -> None:
        """Tells which acts are new in a plan for some of the calls."""
        for step in sight.plan.steps:
            act = (step.call.sid, step.rule.key, step.turn.number)
            if act not in self._acts:
                self._acts.add(act)
                self._tell(planned(self._account, step, now))
