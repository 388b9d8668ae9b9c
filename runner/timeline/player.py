"""Plays one test: the real engine, poll by poll, between a scripted Twilio and a store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from runner.call import Call
from runner.decision.guarding import Trip
from runner.decision.never import protects
from runner.engine.brain import Sight
from runner.engine.brakes import Safety
from runner.engine.loop import Engine
from runner.engine.ports import Event, HistoryQuery, Store
from runner.model import FlowSet, Millis
from runner.never import Never
from runner.timeline.acts import acts_of
from runner.timeline.gateway import ScriptedGateway
from runner.timeline.outside import Listeners, publish
from runner.timeline.reader import enforced
from runner.timeline.records import Act, TimelineTest, Tripped
from runner.timeline.virtual import VirtualClock, run_virtually
from runner.timeline.world import ACCOUNT, World


class Watcher(Protocol):
    """Looks on at every poll."""

    def see(self, calls: tuple[Call, ...], sight: Sight) -> None:
        """All live calls, listed or not, and what the engine made of those listed."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One poll for which something was expected: all live calls, and what the engine saw."""

    calls: tuple[Call, ...]
    sight: Sight


@dataclass(frozen=True, slots=True)
class Played:
    """What a test came to. `snapshots` by time; `polls` is how many there were."""

    test: TimelineTest
    flow_set: FlowSet
    acts: tuple[Act, ...]
    snapshots: Mapping[Millis, Snapshot]
    polls: int
    trips: tuple[Tripped, ...] = ()


class Crashed(Exception):
    """The engine failed while it was tested: a fault of callflow's."""


def play(
    test: TimelineTest, flow_set: FlowSet, *, store: Callable[[], Store], watcher: Watcher | None
) -> Played:
    """Plays a test on a store of its own. Not to be called from within an event loop."""
    flows = flow_set if test.as_is else enforced(flow_set)
    return run_virtually(lambda: _Player(test, flows, store=store(), watcher=watcher).play())


class _Player:
    def __init__(
        self, test: TimelineTest, flow_set: FlowSet, *, store: Store, watcher: Watcher | None
    ) -> None:
        self._test = test
        self._flow_set = flow_set
        self._store = store
        self._watcher = watcher
        self._clock = VirtualClock(test.start)
        self._world = World(test.calls, test.start)
        self._wanted = {expectation.at for expectation in test.expect}
        self._snapshots: dict[Millis, Snapshot] = {}
        self._trips: list[Tripped] = []
        self._crashes: list[str] = []

    async def play(self) -> Played:
        engine = Engine(
            ACCOUNT,
            ScriptedGateway(self._world, self._clock, numbers=self._test.numbers),
            store=self._store,
            clock=self._clock,
            tell=self._hear,
        )
        engine.steady()
        engine.obey(Safety(protects=self._protects))
        engine.known_as(self._test.account)
        engine.reach(web=Listeners(), publish=publish)
        engine.stale_after = self._test.poll
        engine.load(self._flow_set)
        polls = range(0, self._test.until + 1, self._test.poll)
        for at in polls:
            await self._clock.until(at)
            await self._poll(engine, at)
        await engine.settle()
        if self._crashes:
            raise Crashed(self._crashes[0])
        history = await self._store.history(HistoryQuery())
        names = self._world.names
        acts = acts_of(history, self._flow_set, names, start=self._test.start)
        trips = tuple(self._trips)
        return Played(self._test, self._flow_set, acts, self._snapshots, len(polls), trips)

    async def _poll(self, engine: Engine, at: Millis) -> None:
        now = self._clock.now()
        self._world.advance(now)
        calls = self._world.calls
        sight = (await engine.tick(now)).sight
        if sight is not None:
            self._trips += [_tripped(trip, at) for trip in sight.plan.trips]
            if self._watcher is not None:
                self._watcher.see(calls, sight)
            if at in self._wanted:
                self._snapshots[at] = Snapshot(calls, sight)

    def _protects(self, call: Call) -> str:
        """Emergency numbers, which no configuration is needed for."""
        return protects(Never(), call, account=ACCOUNT, alias=self._test.account)

    def _hear(self, event: Event) -> None:
        """What happens stands in the ledger; only a fault of ours must not pass in silence."""
        if event.name == "action.crashed":
            self._crashes.append(str(event.fields.get("error")))


def _tripped(trip: Trip, at: Millis) -> Tripped:
    hint = (
        f"`guard: {{{trip.guard}: unlimited}}` in the rule switches it off; "
        "with more live calls in the test it lets more be changed"
        if trip.guard == "burst"
        else "`guard: {rate: {max: 100, per: 1m}}` in the rule raises it, `rate: unlimited` "
        "switches it off"
    )
    return Tripped(at, trip.rule.key, trip.guard, trip.detail, hint)
