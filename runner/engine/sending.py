"""Sends one part of an act and records how it ended: at most one change, never by guess.

What was surely not processed is sent again. What may have been processed is never guessed at: the
call is read, and if it is still live, what does the same when it is sent twice (a hang-up, a
cancel) is sent again, while speech and redirects are not.
"""

from __future__ import annotations

from runner.call import Call, parse_rfc2822
from runner.engine.brakes import Brakes
from runner.engine.clock import Clock
from runner.engine.legs import protected_leg
from runner.engine.orders import Act
from runner.engine.ports import (
    AccessRefused,
    Gateway,
    GatewayError,
    NoAnswer,
    NoSuchCall,
    NothingThere,
    NotProcessed,
    Refused,
    Throttled,
)
from runner.engine.records import Records
from runner.engine.requests import Requests
from runner.engine.throttle import Throttle
from runner.model import LIVE_STATUSES, Millis

#: Twilio's error for a request in the wrong state: too early, or already over.
WRONG_STATE = 21220

FIRST_RETRY: Millis = 250
#: After so many tries without being processed, the poll decides afresh.
MAX_ATTEMPTS = 4
#: How long after its last change Twilio may still refuse a call as not in progress: its REST side
#: lags behind `answered`.
YOUNG: Millis = 15_000


class Sending:
    """Sends the parts of one account that do something to a call."""

    def __init__(self, gateway: Gateway, records: Records, *, clock: Clock, brakes: Brakes) -> None:
        self.brakes = brakes
        self.stopping = False
        self.requests = Requests(gateway)
        self.throttle = Throttle(clock)
        #: How far the far side's clock is ahead of ours, as the last poll saw it.
        self.server_ahead: Millis = 0
        self._gateway = gateway
        self._records = records
        self._clock = clock

    async def carry_out(self, act: Act) -> None:
        """Sends a fresh part until it has an outcome, or nothing can be known of it for now."""
        fault = act.order.faults.get(act.intent.part, "")
        if self.stopping:
            # Surely not sent: without an outcome, the next start could not know.
            await self._records.withdraw(act, "the runner stopped before it was sent")
        elif fault:
            await self._records.put(act, "failed", fault)
        elif await self._is_let(act):
            await self._send(act)

    async def settle(self, act: Act) -> None:
        """Settles a part whose end nobody saw: a crash, a stop, a lost answer."""
        if act.is_update and not act.intent.request:
            # It lacked what it needs and was about to fail: an empty form would count as done.
            await self._records.put(act, "withdrawn", "there was nothing to send")
        elif await self._read_back(act):
            await self._send(act)

    # ---- before -----------------------------------------------------------------------------

    async def _is_let(self, act: Act) -> bool:
        """Whether it may be sent now, by the newest that is known; else it is not sent."""
        if self.throttle.resting:
            await self._records.withdraw(act, "the far side wants fewer requests for now")
            return False
        stale = act.is_stale(self._clock.monotonic())
        if (stale or act.order.recheck) and not await self._read_again(act, legs=stale):
            return False
        braked = await self.brakes.stops(act.intent, act.call)
        if braked:
            await self._records.withdraw(act, braked)
        return not braked

    async def _read_again(self, act: Act, *, legs: bool) -> bool:
        """Reads the call, and its legs where they matter; False where it is not to be changed."""
        try:
            call = await self._gateway.fetch_call(act.intent.call_sid)
            protection = await protected_leg(self._gateway, self.brakes, call) if legs else ""
        except NoSuchCall as error:
            await self._records.put(act, "gone", str(error))
        except GatewayError as error:
            await self._records.withdraw(act, f"it could not be read again: {error}")
        else:
            act.call = call
            if call.status not in LIVE_STATUSES:
                await self._records.put(act, "gone", f"the call is {call.status}")
            elif not act.order.still(call):
                await self._records.unwanted(act)
            elif protection:
                await self._records.withdraw(act, protection)
            else:
                return True
        return False

    # ---- sending ----------------------------------------------------------------------------

    async def _send(self, act: Act) -> None:
        while await self._attempt(act):
            pass

    async def _attempt(self, act: Act) -> bool:
        """One request. Returns whether to try again; else the matter is settled for now."""
        try:
            answer = await self.requests.send(act.intent)
        except (NoSuchCall, NothingThere) as error:
            return await self._after_missing(act, error)
        except Refused as error:
            if error.code == WRONG_STATE:
                return await self._after_wrong_state(act, error)
            await self._records.refused(act, error)
        except NotProcessed as error:
            return await self._after_not_processed(act, error)
        except NoAnswer as error:
            return await self._after_no_answer(act, error)
        except AccessRefused as error:
            # Not this change was refused but the login, and so the next lists are: no hot loop.
            if error.login:
                await self._records.withdraw(act, str(error))
            else:
                await self._records.refused(act, error)
        except GatewayError as error:
            await self._records.refused(act, error)
        else:
            await self._after_answer(act, answer)
        return False

    async def _after_answer(self, act: Act, answer: Call | None) -> None:
        self.throttle.processed()
        act.answered()
        cancelled = act.intent.request.get("Status") == "canceled"
        if answer is not None and cancelled and answer.status == "in-progress":
            await self._records.put(act, "failed", "the call was answered before the cancel")
        else:
            await self._records.put(act, "done")

    async def _after_missing(self, act: Act, error: NoSuchCall | NothingThere) -> bool:
        """There is no such call; or it is there, and what was asked for below it is not."""
        if act.is_update or await self._is_over(act.intent.call_sid):
            await self._records.put(act, "gone", str(error))
        else:
            await self._records.refused(act, error)
        return False

    async def _is_over(self, sid: str) -> bool:
        try:
            return (await self._gateway.fetch_call(sid)).status not in LIVE_STATUSES
        except NoSuchCall:
            return True
        except GatewayError:
            return False

    async def _after_wrong_state(self, act: Act, error: Refused) -> bool:
        try:
            act.call = await self._gateway.fetch_call(act.intent.call_sid)
        except NoSuchCall as gone:
            await self._records.put(act, "gone", str(gone))
            return False
        except GatewayError:
            return await self._again(act, error)
        if act.call.status not in LIVE_STATUSES:
            await self._records.put(act, "gone", f"the call is {act.call.status}")
        elif not act.order.still(act.call):
            await self._records.unwanted(act)
        elif self._is_young(act.call):
            return await self._again(act, error)
        else:
            # Too late for "too early", and yet it lives: whatever it is, nothing was changed, and
            # to write the call off would miss a hang-up for as long as it lasts. What goes beside
            # the update misses nothing that lasts, and would be refused again and again.
            detail = f"the call is {act.call.status}, yet: {error}"
            if act.is_update:
                await self._records.withdraw(act, detail)
            else:
                await self._records.put(act, "failed", detail)
        return False

    async def _after_not_processed(self, act: Act, error: NotProcessed) -> bool:
        if isinstance(error, Throttled):
            self.throttle.notice()
        if error.retry_after is not None:
            self.throttle.rest(error.retry_after)
            await self._records.withdraw(act, str(error))
            return False
        last = self.stopping or act.entry.attempt >= MAX_ATTEMPTS
        again = await self._again(act, error)
        if last:
            self.throttle.rest(None)
        return again

    async def _after_no_answer(self, act: Act, error: NoAnswer) -> bool:
        act.doubt = True
        await self._records.put(act, "retrying", str(error))
        if act.repeatable and act.entry.attempt >= MAX_ATTEMPTS:
            return False  # a far side that is ill is not hurried: the next poll looks again
        await self._pause(act.entry.attempt)
        return await self._read_back(act)

    async def _read_back(self, act: Act) -> bool:
        """Reads the call of a part that may or may not have been carried out."""
        stale, protection = act.is_stale(self._clock.monotonic()), ""
        attempt = act.entry.attempt
        repeats = act.repeatable or (act.order.retry_unknown and attempt < MAX_ATTEMPTS)
        try:
            act.call = call = await self._gateway.fetch_call(act.intent.call_sid)
            if stale and repeats:
                protection = await protected_leg(self._gateway, self.brakes, call)
        except NoSuchCall as error:
            await self._records.put(act, "gone", str(error))
            return False
        except GatewayError:
            return False  # it stays unfinished: the next poll looks again
        if call.status not in LIVE_STATUSES:
            await self._records.put(act, "gone", f"the call is {call.status}")
        elif not repeats:
            detail = f"no answer came; the call is {call.status}; not repeated, because it may have"
            await self._records.put(act, "unknown", f"{detail} been carried out")
        elif stale and not act.order.still(call):
            await self._records.unwanted(act)
        elif self.stopping or protection or await self.brakes.stops(act.intent, call):
            pass  # what may have been carried out keeps its intent until it can be settled
        else:
            await self._records.put(act, "retrying", act.entry.detail, attempt=attempt + 1)
            return True
        return False

    async def _again(self, act: Act, error: GatewayError) -> bool:
        """Waits before another try of what surely changed nothing.

        After the last, or when stopping, it is withdrawn: the next poll decides afresh.
        """
        attempt = act.entry.attempt
        if not self.stopping and attempt < MAX_ATTEMPTS:
            await self._records.put(act, "retrying", str(error), attempt=attempt + 1)
            await self._pause(attempt)
            if not self.stopping:
                return await self._is_let(act)
        await self._records.withdraw(act, str(error))
        return False

    async def _pause(self, attempt: int) -> None:
        """Waits, longer after each attempt."""
        if not self.stopping:
            await self._clock.sleep(FIRST_RETRY * 2 ** (attempt - 1))

    def _is_young(self, call: Call) -> bool:
        # `start_time` may be when it was dialled: a call that rang for long is answered just now.
        dates = (call.start_time, call.date_created, call.date_updated)
        changed = [at for date in dates if date and (at := parse_rfc2822(date)) is not None]
        since = self._clock.now() + self.server_ahead - max(changed, default=0)
        return not changed or since < YOUNG
