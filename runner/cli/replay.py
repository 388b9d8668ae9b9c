"""Takes snapshots, and decides on them with the engine that `run` uses: nothing else may decide.

What a poll would be told, by Twilio and by the ledger, is read once; then the engine polls that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import replace

from runner.call import Call, CallQuery
from runner.cli.snapshot import Act, Hold, Ledger, Snapshot, Value, called
from runner.decision.bounds import Bounds
from runner.decision.explain import Scene
from runner.decision.never import protects
from runner.decision.once import History, Past
from runner.decision.scope import is_for
from runner.engine.brain import Sight
from runner.engine.brakes import Brakes, Safety
from runner.engine.killswitch import KillSwitch
from runner.engine.loop import Engine
from runner.engine.ports import (
    Entry,
    Event,
    Gateway,
    Intent,
    Listing,
    NoSuchCall,
    NothingThere,
    Notice,
    Pause,
    Refused,
    Store,
)
from runner.language.fields import FIELDS
from runner.model import LIVE_STATUSES, FlowSet, Millis, Moment, Rule, Update
from runner.settings import DAY, RunSettings
from runner.store.memory import MemoryStore

#: Every live call: a poll may need less, but legs, snapshots and other flows may not.
EVERYTHING = CallQuery(statuses=LIVE_STATUSES)
#: What a plan says of a number that nobody asked for when the snapshot was taken.
NOT_ASKED = (
    "the snapshot does not hold how a call to the number that was called begins; "
    "one that is taken with these flows does"
)
#: How far back ended calls are asked for: no rate guard looks further.
LONGEST_WINDOW: Millis = DAY


async def take(
    gateway: Gateway, store: Store, *, blank: Snapshot, rules: Sequence[Rule], kill: KillSwitch
) -> Snapshot:
    """Lists all live calls and reads what the ledger knows that bears on these rules.

    `blank` is a snapshot without calls: the account, the time of this machine and the interval.
    """
    listing = await gateway.list_calls(EVERYTHING)
    snapshot = replace(blank, server_time=listing.server_time, calls=listing.calls)
    return await with_ledger(store, snapshot, rules, kill=kill)


async def with_ledger(
    store: Store, snapshot: Snapshot, rules: Sequence[Rule], *, kill: KillSwitch
) -> Snapshot:
    """The snapshot with what the ledger and the kill switch say that bears on these rules."""
    per = {rule.key: rule.once.per for rule in rules if rule.once.per}
    ledger = await _with_bounds(store, snapshot, await _ledger(store, snapshot, per), kill)
    return replace(snapshot, ledger=ledger, per=per)


async def _with_bounds(
    store: Store, snapshot: Snapshot, ledger: Ledger, kill: KillSwitch
) -> Ledger:
    """With what keeps rules from acting: pauses, earlier ends, changes under way."""
    account, since = snapshot.account, snapshot.now - LONGEST_WINDOW
    killed = kill.standing(snapshot.now)
    pauses = [*([killed] if killed else []), *await store.pauses()]
    ended = await store.ended(account, since)
    return replace(
        ledger,
        pauses=tuple(p for p in pauses if p.stands(snapshot.now) and p.account in ("", account)),
        ended={rule: tuple(times) for rule, times in ended.items()},
        ended_since=since,
        busy=tuple(e.intent.call_sid for e in await store.unfinished(account)),
    )


async def _ledger(store: Store, snapshot: Snapshot, per: Mapping[str, str]) -> Ledger:
    """What was done to the calls, and since when conditions hold on them."""
    sids = {call.sid for call in snapshot.calls}
    acts = await store.acts(snapshot.account, sids)
    keys = set(_value_keys(snapshot, per))
    values = await store.values(snapshot.account, keys) if keys else {}
    holds, polled = await store.holds(snapshot.account)
    return Ledger(
        tuple(_act(sid, rule, past) for sid, rules in acts.items() for rule, past in rules.items()),
        tuple(Value(*key, last=last) for key, last in values.items()),
        tuple(Hold(sid, rule, since) for (sid, rule), since in holds.items() if sid in sids),
        polled,
    )


def _act(sid: str, rule: str, past: Past) -> Act:
    missing = tuple(sorted(past.missing))
    return Act(sid, rule, past.count, past.last, past.shadowed, past.open, missing)


async def replay(snapshot: Snapshot, flow_set: FlowSet, settings: RunSettings) -> Scene:
    """What a poll of these flows at the snapshot's moment sees and plans.

    Guards and `never` are those of the settings, whatever they were when the snapshot was taken.
    """
    engine = Engine(
        snapshot.account,
        RecordedCalls(snapshot),
        store=RecordedLedger(snapshot),
        clock=StoppedClock(snapshot.now),
        tell=_told_by_the_report,
    )
    engine.stale_after = snapshot.interval
    engine.known_as(snapshot.alias)
    engine.obey(_safety(snapshot, settings))
    engine.load(flow_set)
    poll = await engine.preview(snapshot.now)
    assert poll.sight is not None, "what is recorded can be listed"
    bounds = await bounds_of(snapshot, flow_set, settings)
    return scene_of(snapshot, flow_set, poll.sight, bounds=bounds)


def scene_of(snapshot: Snapshot, flow_set: FlowSet, sight: Sight, *, bounds: Bounds) -> Scene:
    """The sight with what the ledger knows, to be explained."""
    acts = _acts(snapshot.ledger)
    values = {(v.rule, v.value, v.shadow): v.last for v in snapshot.ledger.values}
    return Scene(
        sight.calls,
        sight.moment,
        sight.holds,
        sight.plan,
        history=History(acts, values, snapshot.now),
        flows={f.name for f in flow_set.flows if is_for(f, snapshot.account, snapshot.alias)},
        bounds=bounds,
        live=[call for call in snapshot.calls if call.status in LIVE_STATUSES],
    )


async def bounds_of(snapshot: Snapshot, flow_set: FlowSet, settings: RunSettings) -> Bounds:
    """What bounds the rules of these flows at the snapshot's moment."""
    brakes = Brakes(
        snapshot.account,
        RecordedLedger(snapshot),
        clock=StoppedClock(snapshot.now),
        safety=_safety(snapshot, settings),
    )
    flows = (f for f in flow_set.flows if is_for(f, snapshot.account, snapshot.alias))
    return await brakes.bounds({r.key: r for f in flows for r in f.rules}, ending=True)


def _safety(snapshot: Snapshot, settings: RunSettings) -> Safety:
    """The deployment's, but for the kill switch: the snapshot has it among its pauses."""

    def protected(call: Call) -> str:
        return protects(settings.never, call, account=snapshot.account, alias=snapshot.alias)

    return Safety(settings.guards, protected)


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

    async def post_below(self, sid: str, target: str, fields: Mapping[str, str]) -> None:
        raise Refused(f"{sid} is recorded, and can't be changed", status=403, code=None)

    async def announce(self, sid: str, fields: Mapping[str, str]) -> None:
        raise Refused(f"{sid} is recorded, and can't be changed", status=403, code=None)

    async def conference_of(self, sid: str) -> str | None:
        raise NothingThere("a snapshot does not hold who is in which conference")

    async def voice_of(self, call: Call) -> Mapping[str, str]:
        found = self._snapshot.voices.get(called(call), NOT_ASKED)
        if isinstance(found, str):
            raise NothingThere(found)
        return found

    async def notices(self, sid: str) -> Sequence[Notice]:
        raise NothingThere("a snapshot does not hold what Twilio's debugger says")

    async def close(self) -> None:
        return


class RecordedLedger(MemoryStore):
    """The ledger of a snapshot, to be read."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._ledger = snapshot.ledger

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

    async def pauses(self) -> Sequence[Pause]:
        return self._ledger.pauses

    async def ended(self, account: str, since: Millis) -> Mapping[str, Sequence[Millis]]:
        recent = {
            rule: [time for time in times if time > since]
            for rule, times in self._ledger.ended.items()
        }
        return {rule: times for rule, times in recent.items() if times}

    async def unfinished(self, account: str) -> Sequence[Entry]:
        """Changes under way; of each no more is known than whose it is."""
        return [
            Entry(number, Intent(account, sid, "", "", "", (), {}, "", 0), "intended", 1, 0)
            for number, sid in enumerate(self._ledger.busy)
        ]


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
