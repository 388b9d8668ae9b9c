"""Carries out the parts that only tell of a call: lines in the ledger, and posts to services.

Nothing waits for them. A post is tried a few times, always under the same id, so that a receiver
knows a repetition; what could not be brought to an end is taken up again by the next start.
"""

from __future__ import annotations

import asyncio
import json

from runner.engine.brakes import Brakes
from runner.engine.clock import Clock
from runner.engine.ledger import identity_of
from runner.engine.orders import Act
from runner.engine.ports import (
    Entry,
    GatewayError,
    NoAnswer,
    NothingThere,
    NotProcessed,
    Outcome,
    Refused,
    Web,
)
from runner.engine.records import Records
from runner.model import Millis

#: The waits between the tries of a post: enough for a service that restarts.
WAITS: tuple[Millis, ...] = (1_000, 5_000, 25_000)
#: A service that wants more time gets it, up to this.
LONGEST: Millis = 60_000


class Courier:
    """Tells of the calls of one account."""

    def __init__(self, records: Records, *, clock: Clock, brakes: Brakes) -> None:
        self.brakes = brakes
        self._stopped = asyncio.Event()
        self.web: Web | None = None
        self._records = records
        self._clock = clock

    async def deliver(self, act: Act) -> None:
        """Carries one part out, or takes it up again."""
        # What is taken up again may have arrived: whoever began it can't say any more.
        act.doubt = act.outcome != "intended" or act.order.call is None
        while (wait := await self._attempt(act)) is not None:
            await self._sleep(wait)

    @property
    def stopping(self) -> bool:
        """Whether nothing is begun any more."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Begins nothing any more, and lets nobody wait for another try."""
        self._stopped.set()

    async def _sleep(self, wait: Millis) -> None:
        stopped = asyncio.ensure_future(self._stopped.wait())
        sleeping = asyncio.ensure_future(self._clock.sleep(wait))
        try:
            await asyncio.wait({stopped, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            sleeping.cancel()

    async def _attempt(self, act: Act) -> Millis | None:
        """One try. Returns how long to wait for another; None where it is settled for now."""
        if self.stopping and act.intent.route == "web":
            return None  # the next start goes on: what it tells of may never be seen again
        braked = await self.brakes.stops(act.intent, None)
        if braked:
            if not act.doubt:  # else it keeps its intent, and with it its id, until it may go on
                await self._records.withdraw(act, braked)
            return None
        try:
            await self._tell(act)
        except (Refused, NothingThere) as error:
            await self._records.put(act, "failed", str(error))
        except GatewayError as error:
            return await self._again(act, error)
        else:
            await self._records.put(act, "done")
        return None

    async def _tell(self, act: Act) -> None:
        intent = act.intent
        if intent.route != "web":
            return  # what is told stands in the ledger already
        if self.web is None:
            raise NothingThere("this runner sends nothing to other services")
        now, fields = self._clock.now(), _addressed(act)
        await self.web.post(intent.target, fields, id_=identity_of(intent), at=now)

    async def _again(self, act: Act, error: GatewayError) -> Millis | None:
        act.doubt = act.doubt or not isinstance(error, NotProcessed)
        if act.entry.attempt > len(WAITS):
            outcome: Outcome = "unknown" if isinstance(error, NoAnswer) else "failed"
            await self._records.put(act, outcome, str(error))
            return None
        wait = WAITS[act.entry.attempt - 1]
        if isinstance(error, NotProcessed) and error.retry_after is not None:
            wait = min(max(wait, error.retry_after), LONGEST)
        await self._records.put(act, "retrying", str(error), attempt=act.entry.attempt + 1)
        return None if self.stopping else wait


def _addressed(act: Act) -> dict[str, str]:
    """The request, with headers that say which rule sends it and the how many-eth try this is."""
    intent = act.intent
    headers = json.loads(intent.request.get("headers", "{}")) | {
        "callflow-account": intent.account,
        "callflow-flow": intent.flow,
        "callflow-rule": intent.rule,
        "callflow-attempt": str(act.entry.attempt),
    }
    return {**intent.request, "headers": json.dumps(headers)}


def is_telling(entry: Entry) -> bool:
    """Whether an entry is carried out here."""
    return not entry.intent.touches_call
