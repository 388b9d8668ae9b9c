"""Finds out whether a document that Twilio took could be played: it says so only afterwards.

Twilio answers 200 to an update and tells of malformed TwiML, or of a URL that gives none, in the
notifications of the call. They are looked at twice after an act, and what they say is recorded
against it.
"""

from __future__ import annotations

from collections.abc import Sequence

from runner.engine.clock import Clock
from runner.engine.orders import Act, Order
from runner.engine.ports import Entry, Gateway, GatewayError, Notice
from runner.engine.records import Records
from runner.model import Millis
from runner.sides import SERVED

#: How long after an act its notifications are looked at: a document that can't be read shows at
#: once, one that is fetched may take its server fifteen seconds, and speech comes before both.
LOOKS: tuple[Millis, ...] = (5_000, 30_000)
#: How what is recorded afterwards begins.
_REPORTED = "Twilio reported"
#: The form fields that name a document, or are one.
_DOCUMENTS = frozenset((SERVED, "Url", "AnnounceUrl"))


class Aftermath:
    """Looks after the documents that one account's calls were told to play."""

    def __init__(self, gateway: Gateway, records: Records, clock: Clock) -> None:
        self._gateway = gateway
        self._records = records
        self._clock = clock
        #: How far the far side's clock is ahead of ours, as the last poll saw it.
        self.server_ahead: Millis = 0
        #: When what was under watch began, on the far side's clock, by call.
        self._begun: dict[str, list[Millis]] = {}

    async def watch(self, entry: Entry, order: Order) -> None:
        """Looks at the notifications of the call, and records what is about this act."""
        sid, began = entry.intent.call_sid, self._clock.now()
        # Twilio's dates are whole seconds.
        since = (entry.updated_at + self.server_ahead) // 1000 * 1000
        self._begun.setdefault(sid, []).append(since)
        act = Act(order, entry, None)
        try:
            for look in LOOKS:
                await self._clock.sleep(began + look - self._clock.now())
                if await self._look(act, since):
                    return
        finally:
            self._forget(sid, since)

    async def _look(self, act: Act, since: Millis) -> bool:
        """Whether the matter is settled: there was a fault, or another act came after it."""
        sid = act.intent.call_sid
        until = min((at for at in self._begun.get(sid, ()) if at > since), default=None)
        try:
            notices = await self._gateway.notices(sid)
        except GatewayError:
            return False
        ours = [n for n in notices if n.at >= since and (until is None or n.at < until)]
        if ours:
            await self._note(act, ours)
        return until is not None or any(notice.level == "error" for notice in ours)

    async def _note(self, act: Act, notices: Sequence[Notice]) -> None:
        worst = next((n for n in notices if n.level == "error"), notices[0])
        outcome = act.outcome
        if worst.level == "error":
            outcome = "failed"
        code = "" if worst.code is None else f" {worst.code}"
        detail = f"{_REPORTED} {worst.level}{code} afterwards: {worst.text}"
        if (outcome, detail) != (act.outcome, act.entry.detail):
            await self._records.put(act, outcome, detail)

    def _forget(self, sid: str, since: Millis) -> None:
        self._begun[sid].remove(since)
        if not self._begun[sid]:
            del self._begun[sid]


def has_document(entry: Entry) -> bool:
    """Whether Twilio was told to play a document, which it may find out later that it can't."""
    return entry.intent.touches_call and bool(_DOCUMENTS & entry.intent.request.keys())


def came_afterwards(entry: Entry) -> bool:
    """Whether how it stands was found out here, when all had been sent already."""
    return entry.detail.startswith(_REPORTED)
