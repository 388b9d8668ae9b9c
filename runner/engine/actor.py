"""Applies one recorded intent and records how it ended: at most one change, never by guess.

What was surely not processed is sent again. What may have been processed is never guessed at: the
call is read, and if it is still live, a hang-up or a cancel is sent again (twice is once), while
speech and redirects are not.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Literal

from runner.call import Call, parse_rfc2822
from runner.engine.brakes import Brakes
from runner.engine.clock import Clock
from runner.engine.ledger import update_of
from runner.engine.ports import (
    AccessRefused,
    Entry,
    Event,
    Gateway,
    GatewayError,
    Listener,
    NoAnswer,
    NoSuchCall,
    NotProcessed,
    Outcome,
    Refused,
    Store,
    Throttled,
)
from runner.engine.throttle import Throttle
from runner.model import LIVE_STATUSES, Millis, Update

#: Twilio's error for an update in the wrong state: too early, or already over.
WRONG_STATE = 21220

FIRST_RETRY: Millis = 250
#: After so many tries without being processed, the poll decides afresh.
MAX_ATTEMPTS = 4
#: How long after its last change Twilio may still refuse a call as not in progress: its REST side
#: lags behind `answered`.
YOUNG: Millis = 15_000

_LEVELS: dict[str, Literal["info", "warning", "error"]] = {
    "failed": "error",
    "unknown": "warning",
    "retrying": "warning",
}


@dataclass(frozen=True, slots=True)
class Order:
    """One update to send to a call as it was seen, and what to look at before.

    `still` says whether the rule's verdict holds for the call as read again. It is read again
    where the rule says `recheck`, or where the row is stale: at `stale_at` on the monotonic clock.
    `retry_unknown` lets an update be repeated that may have been carried out.
    """

    call: Call
    update: Update
    still: Callable[[Call], bool]
    stale_at: Millis
    recheck: bool = False
    retry_unknown: bool = False


class Actor:
    """Sends the updates of one account and keeps its ledger entries true."""

    def __init__(
        self, gateway: Gateway, store: Store, *, clock: Clock, tell: Listener, brakes: Brakes
    ) -> None:
        self.brakes = brakes
        self._gateway = gateway
        self._store = store
        self._clock = clock
        self._tell = tell
        self._stopping = False
        self._server_ahead: Millis = 0
        self.throttle = Throttle(clock)
        # Waiting here and not in the gateway: a row that waited is looked at again. One request
        # is left for lists: updates that hang must not keep the next poll from its calls.
        self._slots = asyncio.Semaphore(max(1, gateway.concurrency - 1))
        self.under_way: set[int] = set()

    async def apply(self, entry: Entry, order: Order) -> None:
        """Sends the update of a fresh intent until it has an outcome."""
        with self._watching(entry):
            async with self._turn():
                call = await self._recheck(entry, order)
                if call is not None and await self._is_let(entry, call):
                    await self._send(entry, order.update, repeat=order.retry_unknown)

    async def resume(self, entry: Entry, repeat: bool) -> None:
        """Settles an intent whose end nobody saw: a crash, a stop, a lost answer.

        `repeat` says that the rule wants even speech repeated then.
        """
        update = update_of(entry.intent)
        with self._watching(entry):
            async with self._turn():
                again = await self._read_back(entry, update, repeat=repeat)
                if again is not None:
                    await self._send(again, update, repeat=repeat)

    def stop(self) -> None:
        """Starts no further attempt; what is being sent may still end."""
        self._stopping = True
        for _ in self.under_way:
            self._slots.release()  # whoever waits for a turn hears now that there is none

    def server_is_ahead(self, millis: Millis) -> None:
        """How far the far side's clock is ahead of ours, as the last poll saw it."""
        self._server_ahead = millis

    def tell(self, entry: Entry, name: str) -> None:
        """Tells the listener how an entry stands."""
        intent = entry.intent
        fields: dict[str, object] = {
            "account": intent.account,
            "call": intent.call_sid,
            "flow": intent.flow,
            "rule": intent.rule,
            "then": list(intent.then),
            "attempt": entry.attempt,
        }
        if name in ("intended", "shadowed"):
            fields["why"] = intent.why
        elif entry.detail:
            fields["detail"] = entry.detail
        level = _LEVELS.get(name, "info")
        self._tell(Event(f"action.{name}", self._clock.now(), level, fields))

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

    async def _recheck(self, entry: Entry, order: Order) -> Call | None:
        """The call, as new as need be; None where, read again, it is no longer to be changed."""
        if self._stopping:
            # Surely not sent: without an outcome, the next start could not know.
            await self._end(entry, "withdrawn", "the runner stopped before it was sent")
            return None
        if not order.recheck and self._clock.monotonic() < order.stale_at:
            return order.call
        try:
            call = await self._gateway.fetch_call(entry.intent.call_sid)
        except NoSuchCall as error:
            await self._end(entry, "gone", str(error))
        except GatewayError as error:
            await self._end(entry, "withdrawn", f"it could not be read again: {error}")
        else:
            if call.status not in LIVE_STATUSES:
                await self._end(entry, "gone", f"the call is {call.status}")
            elif not order.still(call):
                await self._end(entry, "withdrawn", "read again, the call no longer matches")
            else:
                return call
        return None

    async def _is_let(self, entry: Entry, call: Call | None) -> bool:
        """Whether nothing brakes the act now; it is withdrawn where something does."""
        braked = await self.brakes.stops(entry.intent, call)
        if braked:
            await self._end(entry, "withdrawn", braked)
        return not braked

    async def _send(self, entry: Entry, update: Update, *, repeat: bool) -> None:
        current: Entry | None = entry
        while current is not None:
            current = await self._attempt(current, update, repeat=repeat)

    async def _attempt(self, entry: Entry, update: Update, *, repeat: bool) -> Entry | None:
        """One request. Returns the entry to try again with, or None where the matter is settled."""
        try:
            answer = await self._gateway.update_call(entry.intent.call_sid, update)
        except NoSuchCall as error:
            return await self._end(entry, "gone", str(error))
        except Refused as error:
            if error.code == WRONG_STATE:
                return await self._after_wrong_state(entry, error)
            return await self._end(entry, "failed", str(error))
        except NotProcessed as error:
            return await self._after_not_processed(entry, error)
        except NoAnswer as error:
            return await self._after_no_answer(entry, error, update, repeat=repeat)
        except AccessRefused as error:
            # Not this change was refused but the login, and so the next lists are: no hot loop.
            return await self._end(entry, "withdrawn" if error.login else "failed", str(error))
        except GatewayError as error:
            return await self._end(entry, "failed", str(error))
        self.throttle.processed()
        if update.status == "canceled" and answer.status == "in-progress":
            return await self._end(entry, "failed", "the call was answered before the cancel")
        return await self._end(entry, "done")

    async def _after_wrong_state(self, entry: Entry, error: Refused) -> Entry | None:
        try:
            call = await self._gateway.fetch_call(entry.intent.call_sid)
        except NoSuchCall as gone:
            return await self._end(entry, "gone", str(gone))
        except GatewayError:
            return await self._again(entry, error)
        if call.status not in LIVE_STATUSES:
            return await self._end(entry, "gone", f"the call is {call.status}")
        if not self._is_young(call):
            # Too late for "too early", and yet it lives: whatever it is, nothing was changed, and
            # to write the call off would miss a hang-up for as long as it lasts.
            detail = f"the call is {call.status}, yet: {error}"
            return await self._end(entry, "withdrawn", detail)
        return await self._again(entry, error)

    async def _after_not_processed(self, entry: Entry, error: NotProcessed) -> Entry | None:
        if isinstance(error, Throttled):
            self.throttle.notice()
        if error.retry_after is not None:
            self.throttle.rest(error.retry_after)
            return await self._end(entry, "withdrawn", str(error))
        again = await self._again(entry, error)
        if again is None:
            self.throttle.rest(None)
        return again

    async def _after_no_answer(
        self, entry: Entry, error: NoAnswer, update: Update, *, repeat: bool
    ) -> Entry | None:
        entry = await self._put(entry, "retrying", str(error))
        if update.idempotent and entry.attempt >= MAX_ATTEMPTS:
            return None  # a far side that is ill is not hurried: the next poll looks again
        await self._pause(entry)
        return await self._read_back(entry, update, repeat=repeat)

    async def _read_back(self, entry: Entry, update: Update, *, repeat: bool) -> Entry | None:
        """Reads the call of an intent that may or may not have been carried out."""
        try:
            call = await self._gateway.fetch_call(entry.intent.call_sid)
        except NoSuchCall as error:
            return await self._end(entry, "gone", str(error))
        except GatewayError:
            return None  # it stays unfinished: the next poll looks again
        if call.status not in LIVE_STATUSES:
            return await self._end(entry, "gone", f"the call is {call.status}")
        repeat = repeat and entry.attempt < MAX_ATTEMPTS
        if not update.idempotent and not repeat:
            detail = f"no answer came; the call is {call.status}; not repeated, because it may have"
            return await self._end(entry, "unknown", f"{detail} been carried out")
        if self._stopping or await self.brakes.stops(entry.intent, call):
            return None  # what may have been carried out keeps its intent until it can be settled
        return await self._put(entry, "retrying", entry.detail, attempt=entry.attempt + 1)

    async def _again(self, entry: Entry, error: GatewayError) -> Entry | None:
        """Waits and returns the entry for another try of what surely changed nothing.

        After the last, or when stopping, it is withdrawn: the next poll decides afresh.
        """
        if not self._stopping and entry.attempt < MAX_ATTEMPTS:
            retried = await self._put(entry, "retrying", str(error), attempt=entry.attempt + 1)
            await self._pause(entry)
            braked = await self.brakes.stops(entry.intent, None)
            if braked:
                return await self._end(retried, "withdrawn", braked)
            if not self._stopping:
                return retried
        return await self._end(entry, "withdrawn", str(error))

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

    # ---- recording --------------------------------------------------------------------------

    async def _end(self, entry: Entry, outcome: Outcome, detail: str = "") -> Entry | None:
        """Records the outcome; there is nothing to try again."""
        await self._put(entry, outcome, detail)
        return None

    async def _put(
        self, entry: Entry, outcome: Outcome, detail: str, *, attempt: int | None = None
    ) -> Entry:
        attempt = entry.attempt if attempt is None else attempt
        entry = await self._store.record(
            entry, outcome, at=self._clock.now(), attempt=attempt, detail=detail
        )
        self.tell(entry, outcome)
        return entry
