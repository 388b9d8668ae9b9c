"""Carries out recorded acts, part by part, and takes up those whose end nobody saw."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile

from msgspec.structs import replace

from runner.call import Call
from runner.engine.aftermath import Aftermath, has_document
from runner.engine.brakes import Brakes
from runner.engine.clock import Clock
from runner.engine.courier import Courier, is_telling
from runner.engine.orders import Act, Order
from runner.engine.ports import Entry, Gateway, Listener, Publish, Store, Web
from runner.engine.records import Records
from runner.engine.remains import fate_after, settle_remains
from runner.engine.sending import Sending
from runner.model import Millis


class Actor:
    """Carries out the acts of one account and keeps their ledger entries true.

    `beside` takes over a part that nothing waits for; what it is given ends in `tell_of`. `after`
    hears of each part that told a call to play a document.
    """

    def __init__(
        self, gateway: Gateway, store: Store, *, clock: Clock, tell: Listener, brakes: Brakes
    ) -> None:
        records = Records(store, clock=clock, tell=tell)
        self._store = store
        self._records = records
        self._sending = Sending(gateway, records, clock=clock, brakes=brakes)
        self._courier = Courier(records, clock=clock, brakes=brakes)
        self.aftermath = Aftermath(gateway, records, clock)
        self.beside: Callable[[Entry, Order], None] = _nobody
        self.after: Callable[[Entry, Order], None] = _nobody
        self.tell = records.tell
        self.throttle = self._sending.throttle
        # Waiting here and not in the gateway: a row that waited is looked at again. One request
        # is left for lists: updates that hang must not keep the next poll from its calls.
        self._slots = asyncio.Semaphore(max(1, gateway.concurrency - 1))
        self.under_way: set[int] = set()

    @property
    def brakes(self) -> Brakes:
        """What is asked before anything is sent."""
        return self._sending.brakes

    @brakes.setter
    def brakes(self, brakes: Brakes) -> None:
        self._sending.brakes = self._courier.brakes = brakes

    def reach(self, web: Web | None, publish: Publish | None) -> None:
        """Where posts go out, and where documents are served; None leaves either as it is."""
        self._courier.web = web or self._courier.web
        self._sending.requests.publish = publish or self._sending.requests.publish

    async def apply(self, entries: Sequence[Entry], order: Order) -> None:
        """Carries out a fresh act: its parts one after the other, in the order of sending."""
        call = order.call
        with self._watching(entries):
            for number, entry in enumerate(entries):
                if is_telling(entry):
                    self.beside(entry, order)
                    continue
                act = Act(order, entry, call)
                async with self.turn() as act.answered:
                    await self._sending.carry_out(act)
                rest = entries[number + 1 :]
                if not await self._goes_on(act, rest):
                    return
                call = act.call
                if rest and act.is_update:
                    # The call is as the update made it, and need not fit the rule any more.
                    order = replace(order, still=_still, recheck=False)

    async def remaining(self, left: Sequence[Entry]) -> list[Entry]:
        """Of what has no outcome yet, what an update that did not come about has not settled."""
        return await settle_remains(left, self._store, self._records)

    async def resume(self, entries: Sequence[Entry], order: Order) -> None:
        """Settles an act whose end nobody saw: a crash, a stop, a lost answer.

        What may be told whatever becomes of the others is told: nothing before it is unfinished.
        """
        told = list(takewhile(is_telling, entries))
        with self._watching(entries):
            for entry in told:
                self.beside(entry, order)
            if len(told) < len(entries) and not self.throttle.resting:
                await self._settle(entries[len(told) :], order)

    async def _settle(self, entries: Sequence[Entry], order: Order) -> None:
        """Settles the first, and lets the next poll decide on the others that do something.

        What touches the call is sent one part after the other: no other can have been on its way.
        """
        first, *rest = entries
        act = Act(order, first, order.call, doubt=True)
        async with self.turn() as act.answered:
            await self._sending.settle(act)
        if not await self._goes_on(act, rest):
            return
        # What is written after an update waits with it.
        before_update = list(takewhile(lambda entry: entry.intent.route, rest))
        told = list(filter(is_telling, before_update))
        unsent = [entry for entry in rest if entry not in told]
        # First: whoever is told may look at once how the others stand.
        await self._records.leave(unsent, "withdrawn", "the runner stopped before it")
        for entry in told:
            self.beside(entry, order)

    async def tell_of(self, entry: Entry, order: Order) -> None:
        """Carries out a part that nothing waits for, fresh or taken up again."""
        await self._courier.deliver(Act(order, entry, None))

    def stop(self) -> None:
        """Starts no further attempt; what is being sent may still end."""
        self._sending.stopping = True
        self._courier.stop()
        for _ in self.under_way:
            self._slots.release()  # whoever waits for a turn hears now that there is none

    @property
    def server_ahead(self) -> Millis:
        """How far the far side's clock is ahead of ours, as the last poll saw it."""
        return self._sending.server_ahead

    @server_ahead.setter
    def server_ahead(self, millis: Millis) -> None:
        self._sending.server_ahead = self.aftermath.server_ahead = millis

    async def _goes_on(self, act: Act, rest: Sequence[Entry]) -> bool:
        """Whether the parts after this one are to be sent. Where they never are, says so."""
        outcome = act.outcome
        if outcome in ("intended", "retrying"):
            return False  # nobody knows yet: they wait with it
        fate = fate_after(act.entry) if act.is_update else None
        if fate is not None:
            await self._records.leave(rest, *fate)
            return False
        if outcome == "done" and has_document(act.entry):
            self.after(act.entry, act.order)
        return True

    @contextmanager
    def _watching(self, entries: Sequence[Entry]) -> Iterator[None]:
        ids = {entry.id for entry in entries}
        self.under_way |= ids
        try:
            yield
        finally:
            self.under_way -= ids

    def turn(self) -> Turn:
        """One of the few that send at a time; when stopping, nobody waits."""
        return Turn(self._slots, waits=not self._sending.stopping)


class Turn:
    """A place among those who send, for as long as the block lasts.

    Gives what ends it early: the next sends while the outcome of this one is being written.
    """

    def __init__(self, slots: asyncio.Semaphore, *, waits: bool) -> None:
        self._slots = slots
        self._waits = waits
        self._ended = False

    async def __aenter__(self) -> Callable[[], None]:
        if self._waits:
            await self._slots.acquire()
        return self._end

    async def __aexit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._slots.release()


def _still(_call: Call) -> bool:
    return True


def _nobody(_entry: Entry, _order: Order) -> None:
    """Nobody takes it over."""
