"""Writes into the ledger how acts stand, and tells of it."""

from __future__ import annotations

from typing import Literal

from runner.engine.clock import Clock
from runner.engine.orders import Act
from runner.engine.ports import Entry, Event, GatewayError, Listener, Outcome, Store

_LEVELS: dict[str, Literal["info", "warning", "error"]] = {
    "failed": "error",
    "unknown": "warning",
    "retrying": "warning",
}


class Records:
    """The ledger as the actor writes it. What returns None leaves nothing to try again."""

    def __init__(self, store: Store, *, clock: Clock, tell: Listener) -> None:
        self._store = store
        self._clock = clock
        self._tell = tell

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

    async def put(
        self, entry: Entry, outcome: Outcome, detail: str, *, attempt: int | None = None
    ) -> Entry:
        """Records how it stands now."""
        attempt = entry.attempt if attempt is None else attempt
        entry = await self._store.record(
            entry, outcome, at=self._clock.now(), attempt=attempt, detail=detail
        )
        self.tell(entry, outcome)
        return entry

    async def end(self, entry: Entry, outcome: Outcome, detail: str = "") -> Entry | None:
        """Records the outcome."""
        await self.put(entry, outcome, detail)
        return None

    async def withdraw(self, entry: Entry, act: Act, detail: str) -> Entry | None:
        """It is not sent now. What may have been carried out before waits for the next poll."""
        return await self.end(entry, "retrying" if act.doubt else "withdrawn", detail)

    async def unwanted(self, entry: Entry, act: Act) -> Entry | None:
        """Read again, the call lives and is no longer to be changed."""
        surely_not_done = act.update.idempotent or not act.doubt
        outcome: Outcome = "withdrawn" if surely_not_done else "unknown"
        return await self.end(entry, outcome, "read again, the call no longer matches")

    async def refused(self, entry: Entry, act: Act, error: GatewayError) -> Entry | None:
        """The far side said no. Of speech it may have carried out before, that tells nothing."""
        known = act.update.idempotent or not act.doubt
        return await self.end(entry, "failed" if known else "unknown", str(error))
