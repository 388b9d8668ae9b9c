"""One poll of one account: list, decide, record the intents, hand them over to be applied.

`tick(now)` does one poll. What it starts goes on beside later polls, so that one slow update
never delays the next look at the other calls; `settle()` waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.decision.matcher import Matcher
from runner.decision.planner import Plan, Planner, Step, decide
from runner.decision.scope import needed_query
from runner.engine.actor import Actor
from runner.engine.clock import Clock
from runner.engine.ports import (
    Event,
    Gateway,
    GatewayError,
    Intent,
    Listener,
    Listing,
    Store,
)
from runner.model import FlowSet, Millis, Moment


@dataclass(frozen=True, slots=True)
class Poll:
    """What one poll came to. `plan` is None, and `error` set, where it failed."""

    calls: int
    plan: Plan | None = None
    error: GatewayError | None = None


class Engine:
    """Runs the flows against the calls of one account."""

    def __init__(
        self,
        account: str,
        gateway: Gateway,
        *,
        store: Store,
        clock: Clock,
        tell: Listener,
    ) -> None:
        self.account = account
        self._gateway = gateway
        self._store = store
        self._clock = clock
        self._tell = tell
        self._actor = Actor(gateway, store, clock=clock, tell=tell)
        self._busy: dict[str, asyncio.Task[None]] = {}  # leg group → the change under way
        self._resuming: dict[int, asyncio.Task[None]] = {}  # ledger entry → its recovery
        self._rehearsed: dict[str, frozenset[str]] = {}
        self._stopping = asyncio.Event()
        self.load(FlowSet())

    def load(self, flow_set: FlowSet) -> None:
        """Puts these flows in force from the next poll on."""
        self._flow_set = flow_set
        self._matcher = Matcher(flow_set.flows)
        self._query = needed_query(flow_set)

    async def tick(self, now: Millis) -> Poll:
        """One poll at the wall time `now`. Raises `StoreError`; never a `GatewayError`."""
        await self._resume_unfinished()
        poll, plan = await self._look(now)
        if plan is not None and not self._actor.throttled:
            await self._act(plan.steps, now)
        return poll

    async def preview(self, now: Millis) -> Poll:
        """What `tick` would do, reading the ledger but writing and sending nothing."""
        poll, _ = await self._look(now)
        return poll

    async def rehearse(self, now: Millis) -> Poll:
        """As `tick`, but what would be sent is only told of, each act once (`action.planned`)."""
        poll, plan = await self._look(now)
        for step in plan.steps if plan is not None else ():
            before = self._rehearsed.get(step.call.sid, frozenset())
            self._rehearsed[step.call.sid] = before | {step.rule.key}
            fields = {
                "account": self.account,
                "call": step.call.sid,
                "flow": step.flow.name,
                "rule": step.rule.id,
                "then": list(step.then),
                "request": step.update.parameters(),
                "why": step.why,
            }
            self._tell(Event("action.planned", now, "info", fields))
        return poll

    async def settle(self) -> None:
        """Waits until everything that was started has its outcome."""
        while self._running:
            await asyncio.wait(self._running)

    def request_stop(self) -> None:
        """Ends a poll that is still listing, and starts no further attempt of an update."""
        self._stopping.set()
        self._actor.stop()

    async def stop(self, grace: Millis) -> int:
        """Gives what is under way up to `grace` to end; returns how many were cut short.

        Those keep their intent in the ledger without an outcome, and the next start looks at them.
        """
        self.request_stop()
        if self._running:
            await asyncio.wait(self._running, timeout=grace / 1000)
        left = self._running
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)

    # ---- list and decide --------------------------------------------------------------------

    async def _look(self, now: Millis) -> tuple[Poll, Plan | None]:
        began = self._clock.monotonic()
        try:
            listing = await self._list()
        except GatewayError as error:
            self._tell_failed(error, now)
            return Poll(0, error=error), None
        plan = await self._plan(listing, now)
        fields = {
            "account": self.account,
            "calls": len(listing.calls),
            "took_ms": self._clock.monotonic() - began,
            "requests": listing.requests,
        }
        self._tell(Event("poll", now, "info", fields))
        return Poll(len(listing.calls), plan), plan

    async def _list(self) -> Listing:
        if self._query is None:
            return Listing((), None, 0)
        listing = asyncio.ensure_future(self._gateway.list_calls(self._query))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({listing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set():
                raise GatewayError("the runner is stopping")
            return await listing
        finally:
            listing.cancel()
            stopping.cancel()

    async def _plan(self, listing: Listing, now: Millis) -> Plan:
        # Ages are measured on the far side's clock: a wrong local one must not hang up a call.
        moment = Moment(now if listing.server_time is None else listing.server_time)
        self._actor.server_is_ahead(moment.now - now)
        verdicts = decide(self._matcher, listing.calls, moment)
        sids = {verdict.call.sid for verdict in verdicts}
        acted: Mapping[str, frozenset[str]] = {}
        if sids:
            acted = await self._store.acted(self.account, sids)
        if self._rehearsed:
            acted = {
                s: acted.get(s, frozenset()) | self._rehearsed.get(s, frozenset()) for s in sids
            }
        planner = Planner(listing.calls, moment, busy=frozenset(self._busy))
        return planner.plan(verdicts, acted)

    def _tell_failed(self, error: GatewayError, now: Millis) -> None:
        if self._stopping.is_set():
            return
        fields = {"account": self.account, "error": str(error), "hint": error.hint}
        self._tell(Event("poll.failed", now, "error", fields))

    # ---- act --------------------------------------------------------------------------------

    async def _act(self, steps: Sequence[Step], now: Millis) -> None:
        if not steps:
            return
        by_claim = {(s.call.sid, s.rule.key): s for s in steps}
        entries = await self._store.claim([self._intent(step, now) for step in steps])
        for entry in entries:
            step = by_claim[entry.intent.call_sid, entry.intent.rule_key]
            self._actor.tell(entry, "intended")
            self._start(self._busy, step.group, self._actor.apply(entry, step.update))

    def _intent(self, step: Step, now: Millis) -> Intent:
        return Intent(
            account=self.account,
            call_sid=step.call.sid,
            flow=step.flow.name,
            rule=step.rule.id,
            revision=step.flow.revision,
            then=step.then,
            request=step.update.parameters(),
            why=step.why,
            at=now,
        )

    async def _resume_unfinished(self) -> None:
        """Looks after intents without an outcome: of a run that crashed, or a lost answer."""
        for entry in await self._store.unfinished(self.account):
            if entry.id not in self._actor.under_way and entry.id not in self._resuming:
                self._start(self._resuming, entry.id, self._actor.resume(entry))

    def _start(
        self, shelf: dict[Any, asyncio.Task[None]], key: Any, work: Coroutine[Any, Any, None]
    ) -> None:
        task = asyncio.get_running_loop().create_task(work)
        shelf[key] = task
        task.add_done_callback(lambda done: self._ended(shelf, key, done))

    def _ended(
        self, shelf: dict[Any, asyncio.Task[None]], key: Any, task: asyncio.Task[None]
    ) -> None:
        if shelf.get(key) is task:
            del shelf[key]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            fields = {"account": self.account, "error": f"{type(error).__name__}: {error}"}
            self._tell(Event("action.crashed", self._clock.now(), "error", fields))

    @property
    def _running(self) -> list[asyncio.Task[None]]:
        return [*self._busy.values(), *self._resuming.values()]
