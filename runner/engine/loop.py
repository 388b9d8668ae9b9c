"""One poll of one account: list, decide, record the intents, hand them over to be applied.

`tick(now)` does one poll. What it starts goes on beside later polls, so that one slow update
never delays the next look at the other calls; `settle()` waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace

from runner.call import CallQuery
from runner.decision.guarding import Trip
from runner.decision.rulebook import Rulebooks
from runner.decision.turns import Turns
from runner.engine.actor import Actor
from runner.engine.brain import EVERYTHING, Brain, Sight
from runner.engine.brakes import Brakes, Safety, trip_of
from runner.engine.claims import Claims
from runner.engine.clock import Clock
from runner.engine.crowd import Crowd, Looked
from runner.engine.lookups import Lookups
from runner.engine.nudges import Means, Nudges
from runner.engine.poll import Poll, Show, nothing_to_show
from runner.engine.ports import (
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
from runner.engine.stoppable import unless_stopped
from runner.engine.tasks import in_turns
from runner.engine.telling import clock_told, look_failed, poll_failed, polled, tripped, undated
from runner.engine.underway import UnderWay
from runner.model import FlowSet, Millis

#: Two clocks that differ by more are worth a warning: ledger times, windows and pauses suffer.
CLOCK_OFF: Millis = 60_000


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
        #: A row older than this is read again before it is acted on: the interval between polls.
        self.stale_after: Millis = 2_000
        self._under_way = UnderWay(self._actor, self._crashed)
        self._claims = Claims(
            account, store, brain=self._brain, actor=self._actor, under_way=self._under_way
        )
        self._stopping = self._claims.stopping
        self._rehearsal = Rehearsal(account, tell)
        parts = (self._brain, self._actor, self._under_way, self._claims, self._rehearsal)
        #: Looks between polls.
        self.nudges = Nudges(Means(gateway, clock, *parts))
        # Half of what acts may use at most, so that the acts of polls get through.
        at_once = max(1, (gateway.concurrency - 1) // 2)
        self._crowd = Crowd(self.nudges.look, self._look_failed, at_once=at_once)
        self._clock_is_off = False
        #: Sums up each poll in turns; what it returns shows that, once the poll is on record.
        self.seen: Callable[[Poll], Turns[Show]] = nothing_to_show

    def known_as(self, alias: str) -> None:
        """What flows call this account; to be said before `load`."""
        self._brain.alias = alias

    def share(self, books: Rulebooks) -> None:
        """Takes part in what is prepared for several accounts; to be said before `load`."""
        self._brain.books = books

    def obey(self, safety: Safety) -> None:
        """Puts the deployment's guards, protections and kill switch in force."""
        brakes = Brakes(self.account, self._store, clock=self._clock, safety=safety)
        self._brain.brakes = self._actor.brakes = brakes

    def reach(self, *, web: Web | None = None, publish: Publish | None = None) -> None:
        """Says where posts of rules go out, and where documents for Twilio are served."""
        self._actor.reach(web, publish)

    def check_notifications(self) -> None:
        """From now on asks Twilio whether the documents that calls are told to play could be."""
        self._under_way.look_after_documents()

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
        unfinished = await self._claims.unfinished()
        left = [entry for entry in unfinished if not self._under_way.holds(entry)]
        with self._under_way.noting(unfinished) as busy:
            # Before the look: what is settled here is decided on afresh.
            left = await self._actor.remaining(left)
            poll = await self._look(now, busy)
            if not self._stopping.is_set():
                # After the look: whether a rule still wants it is known by then.
                self._under_way.take_up(left, self._brain.order_again)
            if poll.sight is not None:
                async with self._claims.deciding:
                    poll = await self._act(poll, poll.sight, now, busy=busy)
        return poll

    async def _act(self, poll: Poll, sight: Sight, now: Millis, *, busy: set[str]) -> Poll:
        """Keeps what was seen, and puts on record and begins what is to be done."""
        if self._claims.pushed:
            sight = await self._brain.catch_up(sight, now, busy=busy, begun=self._claims.begun)
            poll = replace(poll, sight=sight)
        # Before anything is on record: who is cancelled in a pause has begun nothing.
        show = await in_turns(self.seen(poll))
        await self._brain.keep(sight)
        self.nudges.stand_on(poll, rehearsed=False)
        for trip in sight.plan.trips:
            await self._trip(trip)
        entries = await self._claims.claim(sight, now)
        self._told(poll, show)  # what is told of as seen is on record too
        await self._claims.begin(entries, sight, poll.asked + self.stale_after)
        self._claims.pushed.clear()
        return poll

    async def look_at(self, sid: str) -> Looked:
        """Looks at one call between two polls, and waits for what comes of it. Never raises.

        For whoever is told that the call has changed: `runner.engine.nudges` says what waits for
        the poll all the same. Harmless at any time, and as often as anybody likes.
        """
        self.nudges.interval = self.stale_after
        return await self._crowd.come(sid)

    @property
    def server_ahead(self) -> Millis:
        """How far the far side's clock is ahead of ours, as the last poll saw it."""
        return self._actor.server_ahead

    async def preview(self, now: Millis) -> Poll:
        """What `tick` would do, reading the ledger but writing and sending nothing."""
        poll = await self._look(now, self._under_way.busy(await self._claims.unfinished()))
        self._told(poll, await in_turns(self.seen(poll)))
        return poll

    async def rehearse(self, now: Millis) -> Poll:
        """As `tick`, but what would be sent is only told of, each act once (`action.planned`)."""
        poll = await self._look(now, self._under_way.busy(await self._claims.unfinished()))
        self._told(poll, await in_turns(self.seen(poll)))
        if poll.sight is not None:
            self._brain.remember(poll.sight)
            self.nudges.stand_on(poll, rehearsed=True)
            self._rehearsal.show(poll.sight, now)
        return poll

    async def live_calls(self) -> frozenset[str]:
        """The SIDs of all live calls of the account. Raises `GatewayError`."""
        return frozenset(call.sid for call in (await self._list(EVERYTHING)).calls)

    async def settle(self) -> None:
        """Waits until everything that was started has its outcome."""
        while running := self._under_way.running:
            await asyncio.wait(running)

    async def look_on(self, longest: Millis) -> None:
        """Waits for the looks at what became of acts, up to so long."""
        if self._under_way.watching:
            await asyncio.wait(self._under_way.watching, timeout=longest / 1000)

    def request_stop(self) -> None:
        """Ends a poll that is still listing, and starts no further attempt of an update."""
        self._stopping.set()
        self._actor.stop()

    async def stop(self, grace: Millis) -> int:
        """Gives what is under way up to `grace` to end; returns how many were cut short.

        Those keep their intent in the ledger without an outcome, and the next start looks at them.
        """
        self.request_stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace / 1000):
                await self._claims.rest()
                if running := self._under_way.running:
                    await asyncio.wait(running)
        return await self.abandon()

    async def abandon(self) -> int:
        """Drops what is under way as a crash would, and returns how much that was."""
        await self._crowd.close()
        left, watching = self._under_way.running, self._under_way.watching
        for task in (*left, *watching):
            task.cancel()
        await asyncio.gather(*left, *watching, return_exceptions=True)
        return len(left)

    # ---- list and decide --------------------------------------------------------------------

    async def _look(self, now: Millis, busy: Collection[str]) -> Poll:
        began = self._clock.monotonic()
        try:
            listing = await self._list(self._brain.query)
            heard = self._clock.monotonic()
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
                sight = await self._brain.look_further(sight, others.calls, busy=busy)
        except GatewayError as error:
            self._brain.missed_a_poll()
            if not self._stopping.is_set():
                self._tell(poll_failed(self.account, error, now))
            return Poll(0, error=error)
        took = self._clock.monotonic() - began
        event = polled(self.account, len(listing.calls), now, took=took, requests=requests)
        throttled = self._actor.throttle.noticed()
        poll = Poll(len(listing.calls), sight, asked=began, heard=heard)
        return replace(poll, throttled=throttled, event=event)

    def _compare_clocks(self, listing: Listing, now: Millis) -> None:
        """Ages are measured on the far side's clock: a wrong local one must not hang up a call.

        Raises `GatewayError` where calls were listed and nobody knows how old they are.
        """
        if listing.server_time is None:
            if listing.requests:
                raise undated()
            return
        ahead = listing.server_time - now
        self._actor.server_ahead = ahead
        is_off = abs(ahead) > CLOCK_OFF
        if is_off != self._clock_is_off:
            self._clock_is_off = is_off
            self._tell(clock_told(self.account, ahead, now, is_off=is_off))

    def _told(self, poll: Poll, show: Show) -> None:
        if poll.event is not None:
            self._tell(poll.event)
            show()

    async def _list(self, query: CallQuery | None) -> Listing:
        if query is None:
            return Listing((), None, 0)
        return await unless_stopped(self._gateway.list_calls(query), self._stopping)

    async def _trip(self, trip: Trip) -> None:
        """Pauses the rule of a guard that tripped, durably, before anything else is sent."""
        flow, rule, at = trip.flow.name, trip.rule.id, self._clock.now()
        pause = trip_of(self.account, flow=flow, rule=rule, reason=trip.detail, at=at)
        await self._store.pause(pause)
        self._tell(tripped(self.account, trip, at))

    def _look_failed(self, sid: str, error: BaseException) -> None:
        if not isinstance(error, LeaseLost):
            self._tell(look_failed(self.account, sid, error, self._clock.now()))

    def _crashed(self, error: BaseException) -> None:
        # Without the lease nothing may be recorded; whoever has it now looks after the intent.
        if not isinstance(error, LeaseLost):
            fields = {"account": self.account, "error": f"{type(error).__name__}: {error}"}
            self._tell(Event("action.crashed", self._clock.now(), "error", fields))
