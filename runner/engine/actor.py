"""Applies one recorded intent and records how it ended: at most one change, never by guess.

What was surely not processed is sent again. What may have been processed is never guessed at: the
call is read, and if it is still live, a hang-up or a cancel is sent again (twice is once), while
speech and redirects are not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from runner.call import Call, parse_rfc2822
from runner.engine.brakes import Brakes
from runner.engine.clock import Clock
from runner.engine.legs import protected_leg
from runner.engine.orders import Act, Order
from runner.engine.ports import (
    AccessRefused,
    Entry,
    Gateway,
    GatewayError,
    Listener,
    NoAnswer,
    NoSuchCall,
    NotProcessed,
    Refused,
    Store,
    Throttled,
)
from runner.engine.records import Records
from runner.engine.throttle import Throttle
from runner.model import LIVE_STATUSES, Millis

#: Twilio's error for an update in the wrong state: too early, or already over.
WRONG_STATE = 21220

FIRST_RETRY: Millis = 250
#: After so many tries without being processed, the poll decides afresh.
MAX_ATTEMPTS = 4
#: How long after its last change Twilio may still refuse a call as not in progress: its REST side
#: lags behind `answered`.
YOUNG: Millis = 15_000


class Actor:
    """Sends the updates of one account and keeps its ledger entries true."""

    def __init__(
        self, gateway: Gateway, store: Store, *, clock: Clock, tell: Listener, brakes: Brakes
    ) -> None:
        self.brakes = brakes
        self._gateway = gateway
        self._clock = clock
        self._records = Records(store, clock=clock, tell=tell)
        self.tell = self._records.tell
        self._stopping = False
        self._server_ahead: Millis = 0
        self.throttle = Throttle(clock)
        # Waiting here and not in the gateway: a row that waited is looked at again. One request
        # is left for lists: updates that hang must not keep the next poll from its calls.
        self._slots = asyncio.Semaphore(max(1, gateway.concurrency - 1))
        self.under_way: set[int] = set()

    async def apply(self, entry: Entry, order: Order) -> None:
        """Sends the update of a fresh intent until it has an outcome."""
        act = Act(order, order.call)
        with self._watching(entry):
            async with self._turn():
                if self._stopping:
                    # Surely not sent: without an outcome, the next start could not know.
                    await self._records.withdraw(
                        entry, act, "the runner stopped before it was sent"
                    )
                elif await self._is_let(entry, act):
                    await self._send(entry, act)

    async def resume(self, entry: Entry, order: Order) -> None:
        """Settles an intent whose end nobody saw: a crash, a stop, a lost answer."""
        act = Act(order, order.call, doubt=True)
        with self._watching(entry):
            async with self._turn():
                again = await self._read_back(entry, act)
                if again is not None:
                    await self._send(again, act)

    def stop(self) -> None:
        """Starts no further attempt; what is being sent may still end."""
        self._stopping = True
        for _ in self.under_way:
            self._slots.release()  # whoever waits for a turn hears now that there is none

    def server_is_ahead(self, millis: Millis) -> None:
        """How far the far side's clock is ahead of ours, as the last poll saw it."""
        self._server_ahead = millis

    @contextmanager
    def _watching(self, entry: Entry) -> Iterator[None]:
        self.under_way.add(entry.id)
        try:
            yield
        finally:
            self.under_way.discard(entry.id)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of the few that send at a time; when stopping, nobody waits."""
        if not self._stopping:
            await self._slots.acquire()
        try:
            yield
        finally:
            self._slots.release()

    # ---- sending ----------------------------------------------------------------------------

    async def _is_let(self, entry: Entry, act: Act) -> bool:
        """Whether it may be sent now, by the newest that is known; else it is not sent."""
        stale = act.is_stale(self._clock.monotonic())
        if (stale or act.order.recheck) and not await self._read_again(entry, act, legs=stale):
            return False
        braked = await self.brakes.stops(entry.intent, act.call)
        if braked:
            await self._records.withdraw(entry, act, braked)
        return not braked

    async def _read_again(self, entry: Entry, act: Act, *, legs: bool) -> bool:
        """Reads the call, and its legs where they matter; False where it is not to be changed."""
        try:
            call = await self._gateway.fetch_call(entry.intent.call_sid)
            protection = await protected_leg(self._gateway, self.brakes, call) if legs else ""
        except NoSuchCall as error:
            await self._records.end(entry, "gone", str(error))
        except GatewayError as error:
            await self._records.withdraw(entry, act, f"it could not be read again: {error}")
        else:
            act.call = call
            if call.status not in LIVE_STATUSES:
                await self._records.end(entry, "gone", f"the call is {call.status}")
            elif not act.order.still(call):
                await self._records.unwanted(entry, act)
            elif protection:
                await self._records.withdraw(entry, act, protection)
            else:
                return True
        return False

    async def _send(self, entry: Entry, act: Act) -> None:
        current: Entry | None = entry
        while current is not None:
            current = await self._attempt(current, act)

    async def _attempt(self, entry: Entry, act: Act) -> Entry | None:
        """One request. Returns the entry to try again with, or None where the matter is settled."""
        try:
            answer = await self._gateway.update_call(entry.intent.call_sid, act.update)
        except NoSuchCall as error:
            return await self._records.end(entry, "gone", str(error))
        except Refused as error:
            if error.code == WRONG_STATE:
                return await self._after_wrong_state(entry, act, error)
            return await self._records.refused(entry, act, error)
        except NotProcessed as error:
            return await self._after_not_processed(entry, act, error)
        except NoAnswer as error:
            return await self._after_no_answer(entry, act, error)
        except AccessRefused as error:
            # Not this change was refused but the login, and so the next lists are: no hot loop.
            if error.login:
                return await self._records.withdraw(entry, act, str(error))
            return await self._records.refused(entry, act, error)
        except GatewayError as error:
            return await self._records.refused(entry, act, error)
        self.throttle.processed()
        if act.update.status == "canceled" and answer.status == "in-progress":
            return await self._records.end(
                entry, "failed", "the call was answered before the cancel"
            )
        return await self._records.end(entry, "done")

    async def _after_wrong_state(self, entry: Entry, act: Act, error: Refused) -> Entry | None:
        try:
            act.call = await self._gateway.fetch_call(entry.intent.call_sid)
        except NoSuchCall as gone:
            return await self._records.end(entry, "gone", str(gone))
        except GatewayError:
            return await self._again(entry, act, error)
        if act.call.status not in LIVE_STATUSES:
            return await self._records.end(entry, "gone", f"the call is {act.call.status}")
        if not act.order.still(act.call):
            return await self._records.unwanted(entry, act)
        if not self._is_young(act.call):
            # Too late for "too early", and yet it lives: whatever it is, nothing was changed, and
            # to write the call off would miss a hang-up for as long as it lasts.
            detail = f"the call is {act.call.status}, yet: {error}"
            return await self._records.withdraw(entry, act, detail)
        return await self._again(entry, act, error)

    async def _after_not_processed(
        self, entry: Entry, act: Act, error: NotProcessed
    ) -> Entry | None:
        if isinstance(error, Throttled):
            self.throttle.notice()
        if error.retry_after is not None:
            self.throttle.rest(error.retry_after)
            return await self._records.withdraw(entry, act, str(error))
        last = self._stopping or entry.attempt >= MAX_ATTEMPTS
        again = await self._again(entry, act, error)
        if last:
            self.throttle.rest(None)
        return again

    async def _after_no_answer(self, entry: Entry, act: Act, error: NoAnswer) -> Entry | None:
        act.doubt = True
        entry = await self._records.put(entry, "retrying", str(error))
        if act.update.idempotent and entry.attempt >= MAX_ATTEMPTS:
            return None  # a far side that is ill is not hurried: the next poll looks again
        await self._pause(entry)
        return await self._read_back(entry, act)

    async def _read_back(self, entry: Entry, act: Act) -> Entry | None:
        """Reads the call of an intent that may or may not have been carried out."""
        stale, protection = act.is_stale(self._clock.monotonic()), ""
        repeats = act.update.idempotent or (
            act.order.retry_unknown and entry.attempt < MAX_ATTEMPTS
        )
        try:
            act.call = call = await self._gateway.fetch_call(entry.intent.call_sid)
            if stale and repeats:
                protection = await protected_leg(self._gateway, self.brakes, call)
        except NoSuchCall as error:
            return await self._records.end(entry, "gone", str(error))
        except GatewayError:
            return None  # it stays unfinished: the next poll looks again
        if call.status not in LIVE_STATUSES:
            return await self._records.end(entry, "gone", f"the call is {call.status}")
        if not repeats:
            detail = f"no answer came; the call is {call.status}; not repeated, because it may have"
            return await self._records.end(entry, "unknown", f"{detail} been carried out")
        if stale and not act.order.still(call):
            return await self._records.unwanted(entry, act)
        if self._stopping or protection or await self.brakes.stops(entry.intent, call):
            return None  # what may have been carried out keeps its intent until it can be settled
        return await self._records.put(entry, "retrying", entry.detail, attempt=entry.attempt + 1)

    async def _again(self, entry: Entry, act: Act, error: GatewayError) -> Entry | None:
        """Waits and returns the entry for another try of what surely changed nothing.

        After the last, or when stopping, it is withdrawn: the next poll decides afresh.
        """
        if not self._stopping and entry.attempt < MAX_ATTEMPTS:
            retried = await self._records.put(
                entry, "retrying", str(error), attempt=entry.attempt + 1
            )
            await self._pause(entry)
            if not self._stopping:
                return retried if await self._is_let(retried, act) else None
        return await self._records.withdraw(entry, act, str(error))

    async def _pause(self, entry: Entry) -> None:
        """Waits, longer after each attempt."""
        if not self._stopping:
            await self._clock.sleep(FIRST_RETRY * 2 ** (entry.attempt - 1))

    def _is_young(self, call: Call) -> bool:
        # `start_time` may be when it was dialled: a call that rang for long is answered just now.
        dates = (call.start_time, call.date_created, call.date_updated)
        changed = [at for date in dates if date and (at := parse_rfc2822(date)) is not None]
        since = self._clock.now() + self._server_ahead - max(changed, default=0)
        return not changed or since < YOUNG
