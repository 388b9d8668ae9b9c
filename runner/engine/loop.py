"""One poll of one account: list, decide, record the intents, hand them over to be applied.

`tick(now)` does one poll. What it starts goes on beside later polls, so that one slow update
never delays the next look at the other calls; `settle()` waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from runner.call import CallQuery
from runner.decision.guarding import Trip
from runner.decision.planner import Plan, Step
from runner.engine.actor import Actor
from runner.engine.brain import EVERYTHING, Brain, Sight
from runner.engine.brakes import Brakes, Safety, trip_of
from runner.engine.clock import Clock
from runner.engine.ports import (
    Entry,
    Event,
    Gateway,
    GatewayError,
    Intent,
    LeaseLost,
    Listener,
    Listing,
    Store,
    StoreError,
)
from runner.engine.telling import planned, poll_failed, tripped
from runner.model import FlowSet, Millis


@dataclass(frozen=True, slots=True)
class Poll:
    """What one poll came to. `sight` is None, and `error` set, where it failed.

    `asked` is when the calls were asked for, on the monotonic clock: no row is older.
    """

    calls: int
    sight: Sight | None = None
    error: GatewayError | None = None
    asked: Millis = 0
    #: Whether the far side wanted fewer updates since the poll before.
    throttled: bool = False

    @property
    def plan(self) -> Plan | None:
        """What the poll led to."""
        return None if self.sight is None else self.sight.plan


class Engine:
    """Runs the flows against the calls of one account."""

    def __init__(
        self,
        account: str,
        gateway: Gateway,
        *,
        store: Store,
        clock: Clock,
        tell: Listener,
    ) -> None:
        self.account = account
        self._gateway = gateway
        self._store = store
        self._clock = clock
        self._tell = tell
        self.flow_set = FlowSet()
        brakes = Brakes(account, store, clock=clock, safety=Safety())
        self._brain = Brain(account, store, brakes=brakes)
        self._actor = Actor(gateway, store, clock=clock, tell=tell, brakes=brakes)
        #: A row older than this is read again before it is acted on: the interval between polls.
        self.stale_after: Millis = 2_000
        self._busy: dict[str, asyncio.Task[None]] = {}  # leg group → the change under way
        self._resuming: dict[int, asyncio.Task[None]] = {}  # ledger entry → its recovery
        self._rehearsed: set[tuple[str, str, int]] = set()
        self._tripping: set[str] = set()  # rules whose guard a rehearsal has seen trip
        self._stopping = asyncio.Event()

    def known_as(self, alias: str) -> None:
        """What flows call this account; to be said before `load`."""
        self._brain.alias = alias

    def obey(self, safety: Safety) -> None:
        """Puts the deployment's guards, protections and kill switch in force."""
        brakes = Brakes(self.account, self._store, clock=self._clock, safety=safety)
        self._brain.brakes = self._actor.brakes = brakes

    def load(self, flow_set: FlowSet) -> None:
        """Puts these flows in force from the next poll on."""
        self.flow_set = flow_set
        self._brain.load(flow_set)

    def steady(self) -> None:
        """Leaves nothing to chance from now on: pauses are as short as they may be."""
        self._actor.throttle.stretch = min

    async def tick(self, now: Millis) -> Poll:
        """One poll at the wall time `now`. Raises `StoreError`; never a `GatewayError`."""
        try:
            return await self._tick(now)
        except StoreError:
            self._brain.missed_a_poll()
            raise

    async def _tick(self, now: Millis) -> Poll:
        unfinished = await self._store.unfinished(self.account)
        left = [entry for entry in unfinished if not self._is_looked_after(entry)]
        poll = await self._look(now, unfinished)
        self._resume(left)  # after the look: whether a rule still wants it is known by then
        if poll.sight is not None:
            await self._brain.keep(poll.sight)
            for trip in poll.sight.plan.trips:
                await self._trip(trip)
            await self._act(poll, poll.sight, now)
        return poll

    async def preview(self, now: Millis) -> Poll:
        """What `tick` would do, reading the ledger but writing and sending nothing."""
        return await self._look(now, await self._store.unfinished(self.account))

    async def rehearse(self, now: Millis) -> Poll:
        """As `tick`, but what would be sent is only told of, each act once (`action.planned`)."""
        poll = await self._look(now, await self._store.unfinished(self.account))
        if poll.sight is not None:
            self._brain.remember(poll.sight)
            live = {call.sid for call in poll.sight.calls}
            self._rehearsed = {act for act in self._rehearsed if act[0] in live}
            self._rehearse_trips(poll.sight.plan.trips, now)
        for step in poll.plan.steps if poll.plan is not None else ():
            act = (step.call.sid, step.rule.key, step.turn.number)
            if act not in self._rehearsed:
                self._rehearsed.add(act)
                self._tell(planned(self.account, step, now))
        return poll

    def _rehearse_trips(self, trips: Sequence[Trip], now: Millis) -> None:
        for trip in trips:
            if trip.rule.key not in self._tripping:
                self._tell(tripped(self.account, trip, now))
        self._tripping = {trip.rule.key for trip in trips}

    async def live_calls(self) -> frozenset[str]:
        """The SIDs of all live calls of the account. Raises `GatewayError`."""
        return frozenset(call.sid for call in (await self._list(EVERYTHING)).calls)

    async def settle(self) -> None:
        """Waits until everything that was started has its outcome."""
        while self._running:
            await asyncio.wait(self._running)

    def request_stop(self) -> None:
        """Ends a poll that is still listing, and starts no further attempt of an update."""
        self._stopping.set()
        self._actor.stop()

    async def stop(self, grace: Millis) -> int:
        """Gives what is under way up to `grace` to end; returns how many were cut short.

        Those keep their intent in the ledger without an outcome, and the next start looks at them.
        """
        self.request_stop()
        if self._running:
            await asyncio.wait(self._running, timeout=grace / 1000)
        return await self.abandon()

    async def abandon(self) -> int:
        """Drops what is under way as a crash would, and returns how much that was."""
        left = self._running
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)

    # ---- list and decide --------------------------------------------------------------------

    async def _look(self, now: Millis, unfinished: Sequence[Entry]) -> Poll:
        began = self._clock.monotonic()
        # One change at a time for a call and its other legs, recoveries included.
        busy = frozenset({*self._busy, *(entry.intent.call_sid for entry in unfinished)})
        try:
            listing = await self._list(self._brain.query)
            # Ages are measured on the far side's clock: a wrong local one must not hang up a call.
            if listing.server_time is not None:
                self._actor.server_is_ahead(listing.server_time - now)
            self._brain.interval = self.stale_after
            requests = listing.requests
            sight = await self._brain.look(listing, now, busy=busy)
            if (sight.plan.steps or sight.plan.trips) and not self._brain.sees_all:
                # Before anything is done, all live calls are looked at: a leg that no rule asks
                # for may be one that must not be dropped, and guards compare with all calls. All
                # statuses anew, in their order: a call that moves on meanwhile is in one of them.
                others = await self._list(EVERYTHING)
                requests += others.requests
                sight = await self._brain.look(listing, now, busy=busy, others=others.calls)
        except GatewayError as error:
            self._brain.missed_a_poll()
            if not self._stopping.is_set():
                self._tell(poll_failed(self.account, error, now))
            return Poll(0, error=error)
        fields = {
            "account": self.account,
            "calls": len(listing.calls),
            "took_ms": self._clock.monotonic() - began,
            "requests": requests,
        }
        self._tell(Event("poll", now, "info", fields))
        throttled = self._actor.throttle.noticed()
        return Poll(len(listing.calls), sight, asked=began, throttled=throttled)

    async def _list(self, query: CallQuery | None) -> Listing:
        if query is None:
            return Listing((), None, 0)
        listing = asyncio.ensure_future(self._gateway.list_calls(query))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({listing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set():
                raise GatewayError("the runner is stopping")
            return await listing
        finally:
            listing.cancel()
            stopping.cancel()

    # ---- guards -----------------------------------------------------------------------------

    async def _trip(self, trip: Trip) -> None:
        """Pauses the rule of a guard that tripped, durably, before anything else is sent."""
        flow, rule, at = trip.flow.name, trip.rule.id, self._clock.now()
        pause = trip_of(self.account, flow=flow, rule=rule, reason=trip.detail, at=at)
        await self._store.pause(pause)
        self._tell(tripped(self.account, trip, at))

    # ---- act --------------------------------------------------------------------------------

    async def _act(self, poll: Poll, sight: Sight, now: Millis) -> None:
        steps: Sequence[Step] = () if self._actor.throttle.resting else sight.plan.steps
        every = [*sight.plan.shadows, *steps]
        if not every or self._stopping.is_set():
            return
        by_claim = {(step.call.sid, step.rule.key): step for step in steps}
        for entry in await self._store.claim([self._intent(step, now) for step in every]):
            self._actor.tell(entry, entry.outcome)
            if entry.outcome == "intended":
                step = by_claim[entry.intent.call_sid, entry.intent.rule_key]
                order = self._brain.order_for(step, sight, poll.asked + self.stale_after)
                self._start(self._busy, step.group, self._actor.apply(entry, order))

    def _intent(self, step: Step, now: Millis) -> Intent:
        return Intent(
            account=self.account,
            call_sid=step.call.sid,
            flow=step.flow.name,
            rule=step.rule.id,
            revision=step.flow.revision,
            then=step.then,
            request=step.update.parameters(),
            why=step.why,
            at=now,
            number=step.turn.number,
            value=step.turn.value,
            ends=step.ends,
        )

    def _resume(self, left: Sequence[Entry]) -> None:
        """Looks after intents without an outcome: of a run that crashed, or a lost answer."""
        for entry in () if self._stopping.is_set() else left:
            order = self._brain.order_again(entry)
            self._start(self._resuming, entry.id, self._actor.resume(entry, order))

    def _is_looked_after(self, entry: Entry) -> bool:
        return entry.id in self._actor.under_way or entry.id in self._resuming

    def _start(
        self, shelf: dict[Any, asyncio.Task[None]], key: Any, work: Coroutine[Any, Any, None]
    ) -> None:
        task = asyncio.get_running_loop().create_task(work)
        shelf[key] = task
        task.add_done_callback(lambda done: self._ended(shelf, key, done))

    def _ended(
        self, shelf: dict[Any, asyncio.Task[None]], key: Any, task: asyncio.Task[None]
    ) -> None:
        if shelf.get(key) is task:
            del shelf[key]
        error = None if task.cancelled() else task.exception()
        # Without the lease nothing may be recorded; whoever has it now looks after the intent.
        if error is not None and not isinstance(error, LeaseLost):
            fields = {"account": self.account, "error": f"{type(error).__name__}: {error}"}
            self._tell(Event("action.crashed", self._clock.now(), "error", fields))

    @property
    def _running(self) -> list[asyncio.Task[None]]:
        return [*self._busy.values(), *self._resuming.values()]
