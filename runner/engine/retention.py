"""Forgets acts that are long over, and never one on a call that still lives.

Which calls live is asked for, account by account, right before anything is forgotten; where one
account can't say, nothing is forgotten this time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from runner.engine.clock import Clock
from runner.engine.loop import Engine
from runner.engine.ports import Event, GatewayError, Listener, Store, StoreError
from runner.model import FlowSet, Millis

#: How long after a start the first look is, and how often it is looked then.
FIRST: Millis = 600_000
EVERY: Millis = 6 * 3_600_000


class Retention:
    """Trims a store. `keep_for` is how long finished acts stay."""

    def __init__(self, store: Store, *, keep_for: Millis, clock: Clock, tell: Listener) -> None:
        self._store = store
        self._keep_for = keep_for
        self._clock = clock
        self._tell = tell

    async def run(self, engines: Sequence[Engine]) -> None:
        """Until cancelled."""
        await self._clock.sleep(FIRST)
        while True:
            await self.trim(engines)
            await self._clock.sleep(EVERY)

    async def trim(self, engines: Sequence[Engine]) -> int:
        """Forgets what is over for long enough; returns how many acts that were."""
        now = self._clock.now()
        try:
            live: Collection[tuple[str, str]] = {
                (engine.account, sid) for engine in engines for sid in await engine.live_calls()
            }
            kept = max([self._keep_for, *(longest_memory(e.flow_set) for e in engines)])
            forgotten = await self._store.trim(before=now - kept, keep=live)
        except (GatewayError, StoreError) as error:
            fields = {"error": str(error), "hint": error.hint}
            self._tell(Event("history.kept", now, "warning", fields))
            return 0
        if forgotten:
            self._tell(Event("history.trimmed", now, "info", {"acts": forgotten}))
        return forgotten


def longest_memory(flow_set: FlowSet) -> Millis:
    """How far back a rule of these looks: `once: {per: …, within: …}` counts across calls."""
    return max((rule.once.within for rule in flow_set.rules), default=0)
