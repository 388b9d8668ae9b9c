"""Writes into the ledger how acts stand, and tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from runner.engine.clock import Clock
from runner.engine.orders import Act
from runner.engine.ports import Entry, Event, GatewayError, Listener, Outcome, Store
from runner.engine.telling import part_told

_LEVELS: dict[str, Literal["info", "warning", "error"]] = {
    "failed": "error",
    "unknown": "warning",
    "retrying": "warning",
}


class Records:
    """The ledger as those write it who act."""

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
            **part_told(intent),
            "attempt": entry.attempt,
        }
        if name in ("intended", "shadowed"):
            fields["why"] = intent.why
        elif entry.detail:
            fields["detail"] = entry.detail
        level = _LEVELS.get(name, "info")
        self._tell(Event(f"action.{name}", self._clock.now(), level, fields))

    async def put(
        self, act: Act, outcome: Outcome, detail: str = "", *, attempt: int | None = None
    ) -> None:
        """Records how it stands now."""
        act.entry = await self._record(act.entry, outcome, detail, attempt=attempt)

    async def withdraw(self, act: Act, detail: str) -> None:
        """It is not sent now. What may have been carried out before waits for the next poll."""
        await self.put(act, "retrying" if act.doubt else "withdrawn", detail)

    async def unwanted(self, act: Act) -> None:
        """Read again, the call lives and is no longer to be changed."""
        outcome: Outcome = "withdrawn" if act.surely_undone else "unknown"
        await self.put(act, outcome, "read again, the call no longer matches")

    async def refused(self, act: Act, error: GatewayError) -> None:
        """The far side said no. Of what it may have carried out before, that tells nothing."""
        await self.put(act, "failed" if act.surely_undone else "unknown", str(error))

    async def leave(self, entries: Sequence[Entry], outcome: Outcome, detail: str) -> None:
        """Records of parts that were never sent why they are not."""
        for entry in entries:
            await self._record(entry, outcome, detail)

    async def _record(
        self, entry: Entry, outcome: Outcome, detail: str, *, attempt: int | None = None
    ) -> Entry:
        attempt = entry.attempt if attempt is None else attempt
        entry = await self._store.record(
            entry, outcome, at=self._clock.now(), attempt=attempt, detail=detail
        )
        self.tell(entry, outcome)
        return entry
