"""Takes snapshots, and decides on them with the engine that `run` uses: nothing else may decide.

What a poll would be told, by Twilio and by the ledger, is read once; then the engine polls that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import replace

from runner.call import Call, CallQuery
from runner.cli.snapshot import Act, Hold, Ledger, Snapshot, Value
from runner.decision.explain import Scene
from runner.decision.once import History, Past
from runner.decision.scope import is_for
from runner.engine.brain import Sight
from runner.engine.loop import Engine
from runner.engine.ports import Event, Gateway, Listing, NoSuchCall, Refused, Store
from runner.language.fields import FIELDS
from runner.model import LIVE_STATUSES, FlowSet, Millis, Moment, Rule, Update
from runner.store.memory import MemoryStore

#: Every live call: a poll may need less, but legs, snapshots and other flows may not.
EVERYTHING = CallQuery(statuses=LIVE_STATUSES)


async def take(
    gateway: Gateway, store: Store, *, blank: Snapshot, rules: Sequence[Rule]
) -> Snapshot:
    """Lists all live calls and reads what the ledger knows that bears on these rules.

    `blank` is a snapshot without calls: the account, the time of this machine and the interval.
    """
    listing = await gateway.list_calls(EVERYTHING)
    snapshot = replace(blank, server_time=listing.server_time, calls=listing.calls)
    return await with_ledger(store, snapshot, rules)


async def with_ledger(store: Store, snapshot: Snapshot, rules: Sequence[Rule]) -> Snapshot:
    """The snapshot with what the ledger knows of its calls that bears on these rules."""
    per = {rule.key: rule.once.per for rule in rules if rule.once.per}
    return replace(snapshot, ledger=await _ledger(store, snapshot, per), per=per)


async def _ledger(store: Store, snapshot: Snapshot, per: Mapping[str, str]) -> Ledger:
    sids = {call.sid for call in snapshot.calls}
    acts = await store.acts(snapshot.account, sids)
    keys = set(_value_keys(snapshot, per))
    values = await store.values(snapshot.account, keys) if keys else {}
    holds, polled = await store.holds(snapshot.account)
    return Ledger(
        tuple(
            Act(sid, rule, past.count, past.last, past.shadowed)
            for sid, rules in acts.items()
            for rule, past in rules.items()
        ),
        tuple(Value(*key, last=last) for key, last in values.items()),
        tuple(Hold(sid, rule, since) for (sid, rule), since in holds.items() if sid in sids),
        polled,
    )


async def replay(snapshot: Snapshot, flow_set: FlowSet) -> Sight:
    """What a poll of these flows at the snapshot's moment sees and plans."""
    engine = Engine(
        snapshot.account,
        RecordedCalls(snapshot),
        store=RecordedLedger(snapshot.ledger),
        clock=StoppedClock(snapshot.now),
        tell=_told_by_the_report,
    )
    engine.stale_after = snapshot.interval
    engine.load(flow_set)
    poll = await engine.preview(snapshot.now)
    assert poll.sight is not None, "what is recorded can be listed"
    return poll.sight


def scene_of(snapshot: Snapshot, flow_set: FlowSet, sight: Sight) -> Scene:
    """The sight with what the ledger knows, to be explained."""
    acts = _acts(snapshot.ledger)
    values = {(v.rule, v.value, v.shadow): v.last for v in snapshot.ledger.values}
    return Scene(
        sight.calls,
        sight.moment,
        sight.holds,
        sight.plan,
        history=History(acts, values, snapshot.now),
        flows={flow.name for flow in flow_set.flows if is_for(flow, snapshot.account)},
    )


class RecordedCalls:
    """Implements `Gateway`: the calls of a snapshot, filtered as Twilio filters."""

    concurrency = 1

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    async def list_calls(self, query: CallQuery) -> Listing:
        calls = tuple(call for call in self._snapshot.calls if _asked_for(call, query))
        return Listing(calls, self._snapshot.server_time, 0)

    async def fetch_call(self, sid: str) -> Call:
        call = self._snapshot.call(sid)
        if call is None:
            raise NoSuchCall(f"the snapshot has no call {sid}", status=404, code=None)
        return call

    async def update_call(self, sid: str, update: Update) -> Call:
        raise Refused(f"{sid} is recorded, and can't be changed", status=403, code=None)

    async def close(self) -> None:
        return


class RecordedLedger(MemoryStore):
    """The ledger of a snapshot, to be read."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    async def acts(
        self, account: str, call_sids: Collection[str]
    ) -> Mapping[str, Mapping[str, Past]]:
        return {sid: past for sid, past in _acts(self._ledger).items() if sid in call_sids}

    async def values(
        self, account: str, keys: Collection[tuple[str, str, bool]]
    ) -> Mapping[tuple[str, str, bool], Millis]:
        known = {(each.rule, each.value, each.shadow): each.last for each in self._ledger.values}
        return {key: last for key, last in known.items() if key in keys}

    async def holds(self, account: str) -> tuple[Mapping[tuple[str, str], Millis], Millis | None]:
        return {(h.call, h.rule): h.since for h in self._ledger.holds}, self._ledger.polled


class StoppedClock:
    """Implements `Clock`: it is always the moment of the snapshot."""

    def __init__(self, now: Millis) -> None:
        self._now = now

    def now(self) -> Millis:
        return self._now

    def monotonic(self) -> Millis:
        return 0

    async def sleep(self, millis: Millis) -> None:
        return


def _told_by_the_report(_event: Event) -> None:
    """The report says it all."""


def _asked_for(call: Call, query: CallQuery) -> bool:
    return (
        (not query.statuses or call.status in query.statuses)
        and query.to in (None, call.to)
        and query.from_ in (None, call.from_)
        and query.parent_call_sid in (None, call.parent_call_sid)
    )


def _acts(ledger: Ledger) -> dict[str, dict[str, Past]]:
    found: dict[str, dict[str, Past]] = {}
    for act in ledger.acts:
        found.setdefault(act.call, {})[act.rule] = act.past
    return found


def _value_keys(snapshot: Snapshot, per: Mapping[str, str]) -> list[tuple[str, str, bool]]:
    moment = Moment(snapshot.moment)
    read = ((rule, FIELDS[name].read) for rule, name in per.items())
    found = [(rule, each(call, moment)) for rule, each in read for call in snapshot.calls]
    return [
        (rule, value, shadow)
        for rule, value in found
        if isinstance(value, str)
        for shadow in (False, True)
    ]
