"""What an engine knows between polls: flows in force, holds, and how the ledger bears on verdicts.

It decides with the pure functions of `runner.decision`, on what the store and the listing give.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from runner.actions.composing import Found
from runner.actions.sequence import may_end
from runner.call import Call, CallQuery
from runner.decision.bounds import Bounds
from runner.decision.guarding import Wanted
from runner.decision.holds import Holds
from runner.decision.live import LiveSet
from runner.decision.matcher import Matcher, Verdict
from runner.decision.once import History, value_per
from runner.decision.planner import Plan, Planner, Step, decide
from runner.decision.rulebook import Rulebooks
from runner.decision.scope import is_for
from runner.engine.brakes import Brakes
from runner.engine.lookups import Lookups
from runner.engine.orders import Order
from runner.engine.ports import Entry, Listing, Store
from runner.engine.tasks import in_turns
from runner.model import LIVE_STATUSES, FlowSet, Millis, Moment

#: A start so soon after the last poll of the process before is as good as the next poll.
CONTINUOUS: Millis = 5_000
#: No pace is slower than a poll a minute. What is further apart than two of them, and than two
#: intervals, is time that nobody watched: the process was stopped, or the machine slept.
UNWATCHED: Millis = 120_000
NOTHING = Plan((), ())
#: Every live call of the account.
EVERYTHING = CallQuery(statuses=LIVE_STATUSES)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a plan is made of beside the calls: verdicts, what was done, bounds, what was found."""

    verdicts: Sequence[Verdict] = ()
    history: History = field(default_factory=History)
    bounds: Bounds = field(default_factory=Bounds)
    found: Mapping[str, Found] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sight:
    """One successful look: the calls, the moment, the holds after it and the plan.

    `known` are all calls that were found to live, those that no rule asks for among them;
    `flow_set` is what was in force.
    """

    calls: tuple[Call, ...]
    moment: Moment
    holds: Holds
    plan: Plan
    findings: Findings = field(default_factory=Findings)
    known: tuple[Call, ...] = ()
    flow_set: FlowSet = field(default_factory=FlowSet)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a plan depends on beside the verdicts, the ledger and the brakes.

    `calls` are those that are known to live, `busy` the calls and leg groups that are being
    changed. `begun` and `live` are those of `Bounds`. Where a plan is made anew once all calls are
    listed, the `whole` of it is not needed before: one step shows that they must be.
    """

    calls: Sequence[Call]
    busy: Collection[str] = ()
    begun: Sequence[Wanted] = ()
    live: int = 0
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Glance:
    """A look at a few calls, not planned yet; `waits` says that a flow on them needs a poll."""

    sight: Sight
    waits: bool


class Brain:
    """Decides for one account. `alias` is the account's name in flows, "" where it has none."""

    def __init__(self, account: str, store: Store, *, brakes: Brakes, lookups: Lookups) -> None:
        self._account = account
        self.alias = ""
        self._lookups = lookups
        self._store = store
        self.brakes = brakes
        self._since: Mapping[tuple[str, str], Millis] | None = None  # None: not read yet
        self._last: Millis | None = None
        self._missed = True
        self._sight: Sight | None = None  # the newest
        #: What other accounts share.
        self.books = Rulebooks()
        #: From poll to poll; a plan made between two polls of a runner needs it too.
        self.interval: Millis = 0
        self.load(FlowSet())

    def load(self, flow_set: FlowSet) -> None:
        """Puts the flows of this account in force."""
        flows = tuple(f for f in flow_set.flows if is_for(f, self._account, self.alias))
        self._flow_set = flow_set
        self._matcher = Matcher(flows, self.books)
        book = self._matcher.book
        self._rules, self._has_holds = book.named, book.has_holds
        self.query: CallQuery | None = book.query
        self._live: LiveSet | None = None  # of the newest poll by these flows
        #: The newest poll that these flows decided on; None where nothing newer than a miss did.
        self.last: Sight | None = None

    def missed_a_poll(self) -> None:
        """The calls could not be seen, or what was seen not be kept: it counts for no hold."""
        self._missed = True
        self.last = None

    @property
    def sees_all(self) -> bool:
        """Whether the query asks for every live call, and not only for those that rules need."""
        return self.query is not None and (
            set(self.query.statuses) >= set(LIVE_STATUSES)
            and not (self.query.to or self.query.from_ or self.query.parent_call_sid)
        )

    async def look(self, listing: Listing, now: Millis, *, busy: Collection[str]) -> Sight:
        """Decides on a listing, at the wall time `now` of this machine.

        Where that is not of all calls, a plan that does anything shows no more than that.
        """
        server_now = now if listing.server_time is None else listing.server_time
        live = LiveSet(listing.calls, server_now)
        if self._live is not None:
            await in_turns(live.prepare(self._live))
        self._live = live
        moment = Moment(server_now, live, self.alias)
        holds = await self._holds(server_now)
        verdicts = await self._verdicts(listing.calls, moment, holds)
        findings = Findings(verdicts, found=await self._lookups.find(verdicts))
        known = listing.calls
        sight = Sight(known, moment, holds, NOTHING, findings, known, self._flow_set)
        scene = Scene(listing.calls, busy, whole=self.sees_all)
        self._sight = await self.weigh(sight, scene, now)
        return self._sight

    async def look_further(
        self, sight: Sight, others: Sequence[Call], *, busy: Collection[str]
    ) -> Sight:
        """The same verdicts, planned anew with live calls beside that no rule asks for.

        Legs are looked for among them too, and they count where a guard compares with all calls.
        """
        known = _together(sight.calls, others)
        plan = await _planned(sight, Scene(known, busy), sight.findings)
        self._sight = replace(sight, plan=plan, known=known)
        return self._sight

    async def weigh(self, sight: Sight, scene: Scene, now: Millis) -> Sight:
        """The same verdicts, planned by what the ledger and the brakes say now."""
        verdicts = sight.findings.verdicts
        history = await self._history(verdicts, sight.moment, now)
        bounds = replace(await self._bounds(verdicts), begun=scene.begun, live=scene.live)
        findings = replace(sight.findings, history=history, bounds=bounds)
        plan = await _planned(sight, scene, findings)
        return replace(sight, plan=plan, findings=findings)

    async def catch_up(
        self, sight: Sight, now: Millis, *, busy: Collection[str], begun: Sequence[Wanted]
    ) -> Sight:
        """The same sight after what pushes have done since the last poll: planned anew if it acts.

        `begun` are the changes among it.
        """
        if sight.plan.steps or sight.plan.trips:
            self._sight = sight = await self.weigh(sight, Scene(sight.known, busy, begun), now)
        return sight

    async def glance(self, calls: Sequence[Call], last: Sight, server_now: Millis) -> Glance:
        """The verdicts on a few calls between two polls, `last` being the newest poll's sight.

        Of the other live calls nothing is known by now, so that flows that ask about them wait for
        the poll, and with them every flow that they might outrank. Holds are read, never kept.
        """
        moment = Moment(server_now, None, self.alias)
        holds = Holds(last.holds.after, server_now)
        ranks = [self._matcher.undecided(call, moment) for call in calls]
        first = min((rank for rank in ranks if rank is not None), default=None)
        found = decide(self._matcher, calls, moment, holds)
        verdicts = [each for each in found if first is None or each.rank < first]
        findings = Findings(verdicts, found=await self._lookups.find(verdicts))
        sight = Sight(tuple(calls), moment, holds, NOTHING, findings)
        return Glance(sight, waits=first is not None)

    async def keep(self, sight: Sight) -> None:
        """Makes the holds of this look durable, before anything is sent because of them."""
        if self._has_holds or self._since:
            await self._store.keep_holds(self._account, sight.holds.after, at=sight.moment.now)
        self.remember(sight)

    def remember(self, sight: Sight) -> None:
        """Goes on from the holds of this look, without making them durable."""
        self._since, self._last, self._missed = sight.holds.after, sight.moment.now, False
        self.last = sight

    def order_for(self, step: Step, sight: Sight, stale_at: Millis) -> Order:
        """The step, with what the actor needs to look again before it acts."""
        return Order(
            step.call,
            still=lambda call: self._wants(step.rule.key, call, sight),
            stale_at=stale_at,
            recheck=step.rule.recheck,
            retry_unknown=step.rule.retry_unknown,
            faults={part.key: part.fault for part in step.parts if part.fault},
        )

    def order_again(self, entry: Entry) -> Order:
        """What was to be done by an intent that is taken up again, by the rules as they are now.

        Nothing that was seen of the call is new enough.
        """
        rule, sight = self._rules.get(entry.intent.rule_key), self._sight
        return Order(
            None,
            still=lambda call: self._wants(entry.intent.rule_key, call, sight),
            stale_at=0,
            retry_unknown=rule is not None and rule.retry_unknown,
        )

    def _wants(self, rule: str, call: Call, sight: Sight | None) -> bool:
        """Whether this rule's verdict on the call is to act; without a sight, whether it may be."""
        if sight is None:
            return self._matcher.acts(rule, call.sid)
        holds = Holds(sight.holds.after, sight.moment.now)
        verdicts = self._matcher.verdicts(call, sight.moment, holds)
        return any(v.rule.key == rule and not v.shadow for v in verdicts)

    async def _verdicts(self, calls: Sequence[Call], moment: Moment, holds: Holds) -> list[Verdict]:
        """What `decide` finds, with pauses: an account of many calls keeps no other waiting."""
        self._matcher.next_poll()
        return await in_turns(self._matcher.decide(calls, moment, holds))

    async def _bounds(self, verdicts: Sequence[Verdict]) -> Bounds:
        if not verdicts:
            return Bounds()
        rules = {id(verdict.rule): verdict.rule for verdict in verdicts}
        ending = any(may_end(rule.then) for rule in rules.values())
        return await self.brakes.bounds(self._rules, ending=ending)

    async def _holds(self, server_now: Millis) -> Holds:
        if self._since is None:
            self._since, self._last = await self._store.holds(self._account)
            near = max(CONTINUOUS, 2 * self.interval)
            if self._last is not None and server_now - self._last <= near:
                self._missed = False
        apart = 0 if self._last is None else max(0, server_now - self._last)
        unwatched = self._missed or apart > max(UNWATCHED, 2 * self.interval)
        return Holds(self._since, server_now, unseen=apart if unwatched else 0)

    async def _history(self, verdicts: Sequence[Verdict], moment: Moment, now: Millis) -> History:
        if not verdicts:
            return History(now=now)
        acts = await self._store.acts(self._account, {verdict.call.sid for verdict in verdicts})
        keys = {
            (verdict.rule.key, value, verdict.shadow)
            for verdict in verdicts
            if verdict.rule.once.per and (value := value_per(verdict.rule.once, verdict, moment))
        }
        values = await self._store.values(self._account, keys) if keys else {}
        return History(acts, values, now)


def _together(calls: Sequence[Call], others: Sequence[Call]) -> tuple[Call, ...]:
    """These calls, and those of the others that are not among them."""
    listed = {call.sid for call in calls}
    return (*calls, *(call for call in others if call.sid not in listed))


async def _planned(sight: Sight, scene: Scene, findings: Findings) -> Plan:
    planner = Planner(
        scene.calls,
        sight.moment,
        busy=frozenset(scene.busy),
        bounds=findings.bounds,
        found=findings.found,
    )
    turns = planner.plan_in_turns(findings.verdicts, findings.history, whole=scene.whole)
    return await in_turns(turns)
