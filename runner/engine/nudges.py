"""A look at one call between two polls, because somebody says that it has changed.

Polling stays the truth. A look decides by what the API says of the call, on the way of a poll, and
only where a poll would decide the same: it needs a good poll that is no older than two intervals,
by the flows in force. What asks about other live calls waits for the next poll; so does what would
trip a guard, for that is judged over all calls. A rule with `for` acts by the holds that polls
have kept: a look neither starts nor ends one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from runner.call import Call
from runner.decision.steps import Plan
from runner.engine.actor import Actor
from runner.engine.brain import NOTHING, Brain, Glance, Scene, Sight
from runner.engine.claims import Claims
from runner.engine.clock import Clock
from runner.engine.crowd import Look, Looked
from runner.engine.legs import legs_of
from runner.engine.poll import Poll
from runner.engine.ports import Gateway, GatewayError, LeaseLost, NoSuchCall
from runner.engine.rehearsal import Rehearsal
from runner.engine.underway import UnderWay
from runner.model import LIVE_STATUSES, Millis

#: A poll is fresh for so many intervals: one may be late, two are missing.
FRESH = 2
#: A machine that slept, or whose clock was set: the two clocks no longer agree on how long it is
#: since the poll, and nobody knows what time it is on the far side.
ASTRAY: Millis = 2_000


@dataclass(frozen=True, slots=True)
class Ground:
    """What the newest poll saw, asked for and heard at these times on the monotonic clock."""

    sight: Sight
    asked: Millis
    heard: Millis
    rehearsed: bool
    #: By how much the wall clock was ahead of the monotonic one.
    apart: Millis


@dataclass(frozen=True, slots=True)
class Means:
    """What looks are made with: the same parts that polls use."""

    gateway: Gateway
    clock: Clock
    brain: Brain
    actor: Actor
    under_way: UnderWay
    claims: Claims
    rehearsal: Rehearsal


class Nudges:
    """Looks at single calls of one account."""

    def __init__(self, means: Means) -> None:
        self._with = means
        self._ground: Ground | None = None
        #: From poll to poll.
        self.interval: Millis = 2_000
        #: Whether newer flows wait for the next poll, which puts them in force.
        self.outdated: Callable[[], bool] = _never

    def stand_on(self, poll: Poll, *, rehearsed: bool) -> None:
        """From now on looks go by this poll, which was good."""
        if poll.sight is not None:
            self._ground = Ground(poll.sight, poll.asked, poll.heard, rehearsed, self._apart())

    async def look(self, sid: str) -> Look:
        """Fetches the call and does what a poll at this moment would do. Raises `StoreError`."""
        for _ in range(2):
            if self._with.claims.stopping.is_set():
                return Look("stopped")
            ground = self._sound()
            if ground is None or self._with.actor.throttle.resting:
                break
            found = await self._look_from(ground, sid)
            if found is not None:
                return found  # else a poll has decided meanwhile, and this goes by that one
        return Look("waits-for-poll")

    async def _look_from(self, ground: Ground, sid: str) -> Look | None:
        unfinished = await self._with.claims.unfinished()
        with self._with.under_way.noting(unfinished) as busy:
            asked = self._with.clock.monotonic()
            try:
                return await self._look(sid, ground, asked=asked, busy=busy)
            except NoSuchCall:
                return Look("over")
            except GatewayError:
                # A far side that is ill is not hurried: a good poll comes first.
                self._ground = None
                return Look("failed")
            except LeaseLost:
                return Look("stopped")

    def _sound(self) -> Ground | None:
        """What may be gone by; None after a poll that failed, new flows, a sleep, or too long."""
        ground = self._ground
        if ground is None or ground.sight is not self._with.brain.last or self.outdated():
            return None
        if abs(self._apart() - ground.apart) > ASTRAY:
            return None
        age = self._with.clock.monotonic() - ground.asked
        return ground if age <= FRESH * self.interval else None

    def _apart(self) -> Millis:
        return self._with.clock.now() - self._with.clock.monotonic()

    async def _look(
        self, sid: str, ground: Ground, *, asked: Millis, busy: set[str]
    ) -> Look | None:
        async with self._with.actor.turn():
            call = await self._with.gateway.fetch_call(sid)
        if call.status not in LIVE_STATUSES:
            return Look("over")
        glance = await self._glance([call], ground)
        alone = await self._weigh(glance.sight, ground, busy)
        if not _own(alone.plan, sid):
            return Look(_word(alone, glance, sid))
        # Something is to be done: now its legs matter, and which of them comes first.
        async with self._with.actor.turn():
            legs = await legs_of(self._with.gateway, call)
        glance = await self._glance([call, *legs], ground)
        async with self._with.claims.deciding:
            return await self._act(glance, ground, asked=asked, busy=busy)

    async def _glance(self, calls: Sequence[Call], ground: Ground) -> Glance:
        # Since the poll was heard, and not since it was asked for: an age too short does no harm.
        server_now = ground.sight.moment.now + self._with.clock.monotonic() - ground.heard
        return await self._with.brain.glance(calls, ground.sight, server_now)

    async def _weigh(self, sight: Sight, ground: Ground, busy: set[str]) -> Sight:
        live = len(ground.sight.known)
        scene = Scene(sight.calls, busy, self._with.claims.begun, live)
        return await self._with.brain.weigh(sight, scene, self._with.clock.now())

    async def _act(
        self, glance: Glance, ground: Ground, *, asked: Millis, busy: set[str]
    ) -> Look | None:
        """Decides by the ledger as it is now, puts it on record, and begins."""
        if self._with.claims.stopping.is_set():
            return Look("stopped")
        weighed = await self._weigh(glance.sight, ground, busy)
        if self._sound() is not ground:
            return None  # also where new flows were put in force meanwhile
        sid = glance.sight.calls[0].sid
        sight = replace(weighed, plan=_own(weighed.plan, sid) or NOTHING)
        now = self._with.clock.now()
        if ground.rehearsed:
            self._with.rehearsal.add(sight, now)
            return Look("evaluated")
        entries = await self._with.claims.claim(sight, now)
        begun = await self._with.claims.begin(entries, sight, asked + self.interval)
        self._with.claims.pushed += begun.values()
        return Look("acted", tuple(begun)) if begun else Look(_word(weighed, glance, sid))


def _own(plan: Plan, sid: str) -> Plan | None:
    """The part of a plan that is about this call, None for nothing."""
    steps = tuple(step for step in plan.steps if step.call.sid == sid)
    shadows = tuple(step for step in plan.shadows if step.call.sid == sid)
    return Plan(steps, (), shadows) if steps or shadows else None


def _word(sight: Sight, glance: Glance, sid: str) -> Looked:
    """What to call a look that began nothing."""
    plan = sight.plan
    if plan.trips or plan.steps or glance.waits:
        return "waits-for-poll"
    held = {each.reason for each in plan.held if each.call.sid == sid}
    return "busy" if "in-flight" in held else "evaluated"


def _never() -> bool:
    return False
