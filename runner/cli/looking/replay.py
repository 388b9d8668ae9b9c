"""Takes snapshots, and decides on them with the engine that `run` uses: nothing else may decide.

What a poll would be told, by Twilio and by the ledger, is read once; then the engine polls that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from runner.call import Call, CallQuery
from runner.cli.looking.playback import RecordedCalls, RecordedLedger, StoppedClock, acts_of
from runner.cli.looking.snapshot import Act, Hold, Ledger, Snapshot, Value
from runner.cli.looking.voices import voices_of
from runner.decision.bounds import Bounds
from runner.decision.explain import Scene
from runner.decision.never import protects
from runner.decision.once import History, Past
from runner.decision.scope import is_for
from runner.engine.brain import Sight
from runner.engine.brakes import Brakes, Safety
from runner.engine.courier import is_telling
from runner.engine.killswitch import KillSwitch
from runner.engine.loop import Engine
from runner.engine.ports import (
    Event,
    Gateway,
    Store,
)
from runner.language.fields import FIELDS
from runner.model import LIVE_STATUSES, FlowSet, Millis, Moment, Rule
from runner.settings import RunSettings
from runner.written import DAY

#: Every live call: a poll may need less, but legs, snapshots and other flows may not.
EVERYTHING = CallQuery(statuses=LIVE_STATUSES)
#: How far back ended calls are asked for: no rate guard looks further.
LONGEST_WINDOW: Millis = DAY


async def take(
    gateway: Gateway,
    store: Store,
    *,
    blank: Snapshot,
    rules: Sequence[Rule],
    kill: KillSwitch,
    only: str | None = None,
) -> Snapshot:
    """Lists all live calls and reads what the ledger knows that bears on these rules.

    Where one of them needs it, the numbers that were called are looked up too: all of them, or that
    of the `only` call.

    `blank` is a snapshot without calls: the account, the time of this machine and the interval.
    """
    listing = await gateway.list_calls(EVERYTHING)
    called = [call for call in listing.calls if only in (None, call.sid)]
    voices = await voices_of(gateway, called, rules)
    snapshot = replace(blank, server_time=listing.server_time, calls=listing.calls, voices=voices)
    return await with_ledger(store, snapshot, rules, kill=kill)


async def with_ledger(
    store: Store, snapshot: Snapshot, rules: Sequence[Rule], *, kill: KillSwitch
) -> Snapshot:
    """The snapshot with what the ledger and the kill switch say that bears on these rules."""
    per = counted_by(rules)
    ledger = await _with_bounds(store, snapshot, await _ledger(store, snapshot, per), kill)
    return replace(snapshot, ledger=ledger, per=per)


def counted_by(rules: Iterable[Rule]) -> dict[str, str]:
    """By rule the field of its `once: {per: …}`, of those that have one."""
    return {rule.key: rule.once.per for rule in rules if rule.once.per}


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
        busy=tuple(e.intent.call_sid for e in await store.unfinished(account) if not is_telling(e)),
    )


async def _ledger(store: Store, snapshot: Snapshot, per: Mapping[str, str]) -> Ledger:
    """What was done to the calls, and since when conditions hold on them."""
    sids = {call.sid for call in snapshot.calls}
    acts = await store.acts(snapshot.account, sids)
    keys = set(value_keys(snapshot.calls, snapshot.moment, per))
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
    acts = acts_of(snapshot.ledger)
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


def _told_by_the_report(_event: Event) -> None:
    """The report says it all."""


def value_keys(
    calls: Sequence[Call], moment: Millis, per: Mapping[str, str]
) -> list[tuple[str, str, bool]]:
    """What the ledger is asked for (see `Store.values`) by rules that count once by a field."""
    read = ((rule, FIELDS[name].read) for rule, name in per.items())
    found = [(rule, each(call, Moment(moment))) for rule, each in read for call in calls]
    return [
        (rule, value, shadow)
        for rule, value in found
        if isinstance(value, str)
        for shadow in (False, True)
    ]
