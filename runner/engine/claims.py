"""From a plan to acts under way: on record first, and only one at a time decides.

Polls and pushes both go this way. What is decided by the ledger is claimed before anybody else
decides by it, and begun before anybody else looks for what was left lying.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from runner.decision.guarding import Wanted
from runner.decision.planner import Step
from runner.engine.actor import Actor
from runner.engine.brain import Brain, Sight
from runner.engine.orders import intents_of
from runner.engine.ports import Entry, Store
from runner.engine.underway import UnderWay, acts_of
from runner.model import Millis

#: So many acts are begun in one turn: those before them are being sent meanwhile.
TURN = 10


class Claims:
    """Claims and begins the acts of one account.

    `deciding` is held from the moment at which the ledger is read for a decision until what was
    decided is begun; never while the far side is waited for.
    """

    def __init__(
        self, account: str, store: Store, *, brain: Brain, actor: Actor, under_way: UnderWay
    ) -> None:
        self._account = account
        self._store = store
        self._brain = brain
        self._actor = actor
        self._under_way = under_way
        self.deciding = asyncio.Lock()
        self.stopping = asyncio.Event()
        #: What pushes have begun since the newest poll decided.
        self.pushed: list[Step] = []

    @property
    def begun(self) -> tuple[Wanted, ...]:
        """The changes among it, which bursts count; rates find its ends in the ledger."""
        return tuple(Wanted(s.flow, s.rule, False) for s in self.pushed if s.changes_call)

    async def unfinished(self) -> Sequence[Entry]:
        """What has no outcome yet; what was only just claimed is under way by now."""
        async with self.deciding:
            return await self._store.unfinished(self._account)

    async def rest(self) -> None:
        """Waits for who is deciding: what is on record would else look as if it had been sent."""
        async with self.deciding:
            pass

    async def claim(self, sight: Sight, now: Millis) -> Sequence[Entry]:
        """Makes what is to be done durable, in one commit; nothing while updates rest."""
        if self.stopping.is_set():
            return ()
        steps = () if self._actor.throttle.resting else sight.plan.steps
        intents = [
            intent
            for step in (*sight.plan.shadows, *steps)
            for intent in intents_of(self._account, step, now)
        ]
        return await self._store.claim(intents) if intents else ()

    async def begin(
        self, entries: Sequence[Entry], sight: Sight, stale_at: Millis
    ) -> dict[asyncio.Task[None], Step]:
        """Starts each act that is on record. The first are on their way before all are begun."""
        by_claim = {(step.call.sid, step.rule.key): step for step in sight.plan.steps}
        begun: dict[asyncio.Task[None], Step] = {}
        for number, act in enumerate(acts_of(entries), 1):
            for entry in act:
                self._actor.tell(entry, entry.outcome)
            if act[0].outcome == "intended":
                step = by_claim[act[0].intent.call_sid, act[0].intent.rule_key]
                order = self._brain.order_for(step, sight, stale_at)
                begun[self._under_way.begin(act, step, order)] = step
            if number % TURN == 0:
                await asyncio.sleep(0)
        return begun
