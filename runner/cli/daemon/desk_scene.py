"""A poll as it would be decided now: what it saw, with what the ledger and the brakes say by now.

Nothing is asked of Twilio, and nothing of the engine's is touched: the ledger is read through a
connection of its own, and what takes long is worked out on another thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from runner.call import Call
from runner.cli.daemon.crew import Crew, Post
from runner.cli.looking.replay import counted_by, value_keys
from runner.decision.bounds import Bounds
from runner.decision.explain import Scene
from runner.decision.holds import Holds
from runner.decision.live import LiveSet
from runner.decision.matcher import Matcher
from runner.decision.never import protects
from runner.decision.once import History
from runner.decision.planner import Plan, Planner, decide
from runner.decision.rulebook import Rulebooks
from runner.decision.scope import is_for, needed_query
from runner.engine.brain import EVERYTHING, Sight
from runner.engine.brakes import Brakes, Safety
from runner.engine.courier import is_telling
from runner.engine.ports import Store
from runner.model import LIVE_STATUSES, FlowSet, Moment


@dataclass(frozen=True, slots=True)
class Books:
    """Of one account: who polls it, and the ledger, read apart from the engine."""

    crew: Crew
    post: Post
    store: Store

    @property
    def account(self) -> str:
        """Its SID."""
        return self.post.account.credentials.account_sid

    async def bounds(self, flow_set: FlowSet) -> Bounds:
        """What bounds these rules now."""
        crew, alias = self.crew, self.post.account.alias

        def protected(call: Call) -> str:
            return protects(crew.never(), call, account=self.account, alias=alias)

        safety = Safety(crew.settings.guards, protected, crew.kill)
        brakes = Brakes(self.account, self.store, clock=crew.clock, safety=safety)
        return await brakes.bounds({rule.key: rule for rule in flow_set.rules}, ending=True)

    async def history(self, calls: Sequence[Call], flow_set: FlowSet, moment: Moment) -> History:
        """What was done to these calls, and for their values."""
        acts = await self.store.acts(self.account, {call.sid for call in calls})
        keys = value_keys(calls, moment.now, counted_by(flow_set.rules))
        values = await self.store.values(self.account, set(keys)) if keys else {}
        return History(acts, values, self.crew.clock.now())

    async def busy(self) -> frozenset[str]:
        """The calls with a change under way."""
        left = await self.store.unfinished(self.account)
        return frozenset(entry.intent.call_sid for entry in left if not is_telling(entry))

    def own(self, flow_set: FlowSet) -> FlowSet:
        """The flows that are for this account."""
        alias = self.post.account.alias
        return FlowSet(tuple(f for f in flow_set.flows if is_for(f, self.account, alias)))


async def scene_now(books: Books, sight: Sight, call: Call) -> Scene:
    """The sight, planned anew; the call is added to it where the poll did not see it."""
    flow_set = books.own(sight.flow_set)
    seen = _with_call(sight, call, flow_set, books.crew.books)
    moment = Moment(seen.moment.now, LiveSet(seen.calls, seen.moment.now), seen.moment.account)
    verdicts = seen.findings.verdicts
    asked = {each.sid: each for each in (*(verdict.call for verdict in verdicts), call)}
    history = await books.history(list(asked.values()), flow_set, moment)
    bounds, busy = await books.bounds(flow_set), await books.busy()

    def planned(calls: Sequence[Call]) -> Plan:
        found = seen.findings.found
        planner = Planner(calls, moment, busy=busy, bounds=bounds, found=found)
        return planner.plan(verdicts, history)

    plan = await asyncio.to_thread(planned, seen.calls)
    if plan.steps or plan.trips:  # as the engine, which looks at all live calls before it acts
        plan = await asyncio.to_thread(planned, seen.known)
    return Scene(
        seen.calls,
        moment,
        seen.holds,
        plan,
        history=history,
        flows={flow.name for flow in flow_set.flows},
        bounds=bounds,
        live=seen.known,
        books=books.crew.books,
    )


def knows_all(books: Books, sight: Sight) -> bool:
    """Whether the poll looked at all live calls, and not only at those that rules ask for."""
    query = needed_query(books.own(sight.flow_set))
    return query == EVERYTHING or len(sight.known) > len(sight.calls)


def _with_call(sight: Sight, call: Call, flow_set: FlowSet, books: Rulebooks) -> Sight:
    """The sight with a call that it lacks, decided on where the next poll would ask for it."""
    if call.status not in LIVE_STATUSES or any(each.sid == call.sid for each in sight.known):
        return sight
    sight = replace(sight, known=(*sight.known, call))
    query = needed_query(flow_set)
    if query is None or not query.fits(call):
        return sight
    calls, now = (*sight.calls, call), sight.moment.now
    moment = Moment(now, LiveSet(calls, now), sight.moment.account)
    matcher, holds = Matcher(flow_set.flows, books), Holds(sight.holds.after, now)
    found = decide(matcher, (call,), moment, holds)
    findings = replace(sight.findings, verdicts=(*sight.findings.verdicts, *found))
    return replace(sight, calls=calls, findings=findings)
