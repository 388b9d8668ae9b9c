"""One poll of one account: list, decide, record the intents, hand them over to be applied.

`tick(now)` does one poll. What it starts goes on beside later polls, so that one slow update
never delays the next look at the other calls; `settle()` waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from runner.call import CallQuery
from runner.decision.guarding import Trip
from runner.decision.planner import Plan
from runner.engine.actor import Actor
from runner.engine.brain import EVERYTHING, Brain, Sight
from runner.engine.brakes import Brakes, Safety, trip_of
from runner.engine.clock import Clock
from runner.engine.courier import is_telling
from runner.engine.lookups import Lookups
from runner.engine.orders import Order, intents_of
from runner.engine.ports import (
    Entry,
    Event,
    Gateway,
    GatewayError,
    LeaseLost,
    Listener,
    Listing,
    Publish,
    Store,
    StoreError,
    Web,
)
from runner.engine.rehearsal import Rehearsal
from runner.engine.tasks import Tasks
from runner.engine.telling import clock_told, poll_failed, polled, tripped, undated
from runner.model import FlowSet, Millis

#: Two clocks that differ by more are worth a warning: ledger times, windows and pauses suffer.
CLOCK_OFF: Millis = 60_000


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
    #: What is told of a good one.
    event: Event | None = None

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
        self._brain = Brain(account, store, brakes=brakes, lookups=Lookups(gateway, clock))
        self._actor = Actor(gateway, store, clock=clock, tell=tell, brakes=brakes)
        self._actor.beside = self._start_beside
        #: A row older than this is read again before it is acted on: the interval between polls.
        self.stale_after: Millis = 2_000
        self._busy = Tasks[str](self._crashed)  # by leg group: the change under way
        self._resuming = Tasks[int](self._crashed)  # by ledger entry: its recovery
        self._beside = Tasks[int](self._crashed)  # by ledger entry: what nothing waits for
        self._rehearsal = Rehearsal(account, tell)
        self._clock_is_off = False
        self._stopping = asyncio.Event()

    def known_as(self, alias: str) -> None:
        """What flows call this account; to be said before `load`."""
        self._brain.alias = alias

    def obey(self, safety: Safety) -> None:
        """Puts the deployment's guards, protections and kill switch in force."""
        brakes = Brakes(self.account, self._store, clock=self._clock, safety=safety)
        self._brain.brakes = self._actor.brakes = brakes

    def reach(self, *, web: Web | None = None, publish: Publish | None = None) -> None:
        """Says where posts of rules go out, and where documents for Twilio are served."""
        self._actor.reach(web, publish)

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
            entries = await self._claim(poll.sight, now)
            self._told(poll)  # what is told of as seen is on record too
            self._begin(entries, poll, poll.sight)
        return poll

    async def preview(self, now: Millis) -> Poll:
        """What `tick` would do, reading the ledger but writing and sending nothing."""
        poll = await self._look(now, await self._store.unfinished(self.account))
        self._told(poll)
        return poll

    async def rehearse(self, now: Millis) -> Poll:
        """As `tick`, but what would be sent is only told of, each act once (`action.planned`)."""
        poll = await self._look(now, await self._store.unfinished(self.account))
        self._told(poll)
        if poll.sight is not None:
            self._brain.remember(poll.sight)
            self._rehearsal.show(poll.sight, now)
        return poll

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
        changing = (entry.intent for entry in unfinished if not is_telling(entry))
        busy = frozenset({*self._busy, *(intent.call_sid for intent in changing)})
        try:
            listing = await self._list(self._brain.query)
            self._compare_clocks(listing, now)
            self._brain.interval = self.stale_after
            requests = listing.requests
            sight = await self._brain.look(listing, now, busy=busy)
            if (sight.plan.steps or sight.plan.trips) and not self._brain.sees_all:
                # Before anything is done, all live calls are looked at: a leg that no rule asks
                # for may be one that must not be dropped, and guards compare with all calls. All
                # statuses anew, in their order: a call that moves on meanwhile is in one of them.
                others = await self._list(EVERYTHING)
                requests += others.requests
                sight = self._brain.look_further(sight, others.calls, busy=busy)
        except GatewayError as error:
            self._brain.missed_a_poll()
            if not self._stopping.is_set():
                self._tell(poll_failed(self.account, error, now))
            return Poll(0, error=error)
        took = self._clock.monotonic() - began
        event = polled(self.account, len(listing.calls), now, took=took, requests=requests)
        throttled = self._actor.throttle.noticed()
        return Poll(len(listing.calls), sight, asked=began, throttled=throttled, event=event)

    def _compare_clocks(self, listing: Listing, now: Millis) -> None:
        """Ages are measured on the far side's clock: a wrong local one must not hang up a call.

        Raises `GatewayError` where calls were listed and nobody knows how old they are.
        """
        if listing.server_time is None:
            if listing.requests:
                raise undated()
            return
        ahead = listing.server_time - now
        self._actor.server_is_ahead(ahead)
        is_off = abs(ahead) > CLOCK_OFF
        if is_off != self._clock_is_off:
            self._clock_is_off = is_off
            self._tell(clock_told(self.account, ahead, now, is_off=is_off))

    def _told(self, poll: Poll) -> None:
        if poll.event is not None:
            self._tell(poll.event)

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

    async def _claim(self, sight: Sight, now: Millis) -> Sequence[Entry]:
        """Makes what is to be done durable, in one commit; nothing while updates rest."""
        if self._stopping.is_set():
            return ()
        steps = () if self._actor.throttle.resting else sight.plan.steps
        intents = [
            intent
            for step in (*sight.plan.shadows, *steps)
            for intent in intents_of(self.account, step, now)
        ]
        return await self._store.claim(intents) if intents else ()

    def _begin(self, entries: Sequence[Entry], poll: Poll, sight: Sight) -> None:
        """Starts each act that is on record."""
        by_claim = {(step.call.sid, step.rule.key): step for step in sight.plan.steps}
        for entry in entries:
            self._actor.tell(entry, entry.outcome)
        fresh = [entry for entry in entries if entry.outcome == "intended"]
        for act in _acts(fresh):
            step = by_claim[act[0].intent.call_sid, act[0].intent.rule_key]
            order = self._brain.order_for(step, sight, poll.asked + self.stale_after)
            work = self._actor.apply(act, order)
            if step.changes_call:
                self._busy.start(step.group, work)
            else:
                self._beside.start(act[0].id, work)

    def _start_beside(self, entry: Entry, order: Order) -> None:
        self._beside.start(entry.id, self._actor.tell_of(entry, order))

    def _resume(self, left: Sequence[Entry]) -> None:
        """Looks after intents without an outcome: of a run that crashed, or a lost answer."""
        if self._stopping.is_set():
            return
        for entry in left:
            if is_telling(entry):
                self._start_beside(entry, self._brain.order_again(entry))
        touching = [entry for entry in left if not is_telling(entry)]
        for act in () if self._actor.throttle.resting else _acts(touching):
            order = self._brain.order_again(act[0])
            self._resuming.start(act[0].id, self._actor.resume(act, order))

    def _is_looked_after(self, entry: Entry) -> bool:
        under_way = (self._actor.under_way, self._resuming, self._beside)
        return any(entry.id in each for each in under_way)

    def _crashed(self, error: BaseException) -> None:
        # Without the lease nothing may be recorded; whoever has it now looks after the intent.
        if not isinstance(error, LeaseLost):
            fields = {"account": self.account, "error": f"{type(error).__name__}: {error}"}
            self._tell(Event("action.crashed", self._clock.now(), "error", fields))

    @property
    def _running(self) -> list[asyncio.Task[None]]:
        return self._busy.running + self._resuming.running + self._beside.running


def _acts(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries by act, each in the order of sending."""
    acts: dict[tuple[str, str, int], list[Entry]] = {}
    for entry in entries:
        acts.setdefault(entry.intent.act, []).append(entry)
    return list(acts.values())
