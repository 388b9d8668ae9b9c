"""Looks a call up for `callflow why`: live, over, in a snapshot, or in a document."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from runner.call import Call
from runner.cli.exits import FINDINGS, USAGE, Failure
from runner.cli.looking.explained import Case
from runner.cli.looking.recorded import blank_of, recorded
from runner.cli.looking.replay import bounds_of, replay, scene_of, take, with_ledger
from runner.cli.looking.snapshot import Snapshot, read_json
from runner.cli.looking.whereabouts import asked_about, conferences_of
from runner.cli.naming import alias_of
from runner.cli.paused import kill_switch
from runner.cli.wiring import account_of
from runner.decision.explain import Explanation, Scene, explain_all
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher
from runner.decision.planner import Plan, Planner, decide
from runner.engine.brain import Sight
from runner.engine.clock import SystemClock
from runner.engine.killswitch import KillSwitch
from runner.engine.ports import (
    Entry,
    Gateway,
    GatewayError,
    HistoryQuery,
    NoSuchCall,
    Store,
    StoreError,
)
from runner.engine.tasks import run_to_end
from runner.gateway.accounts import Account
from runner.gateway.rows import is_call_sid
from runner.language.words import listed
from runner.model import LIVE_STATUSES, FlowSet, Millis, Moment
from runner.settings import RunSettings


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Which call, by which flows. `sid` is "" where the document names the call; `account` is an
    alias or SID, None where nobody said.
    """

    sid: str
    flow_set: FlowSet
    settings: RunSettings
    account: str | None = None

    @property
    def kill(self) -> KillSwitch:
        """The kill switch beside the store. Raises `Failure`."""
        return kill_switch(self.settings)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to ask of a call: `blank` says of which account, and when. Where it is `sparing`, how
    calls begin is asked of no number but the call's own, and nobody is asked who is in which
    conference.
    """

    gateway: Gateway
    store: Store
    blank: Snapshot
    kill: KillSwitch
    sparing: bool = False


NO_LONGER = "Twilio no longer has this call: only the ledger tells of it"


def unread(error: Exception) -> str:
    """Why only the ledger tells of a call."""
    return f"the call can't be read from Twilio ({error}): only the ledger tells of it"


def live_case(inquiry: Inquiry) -> Case:
    """The call as Twilio has it now, and the ledger. Raises `Failure`."""
    entries = _entries(inquiry)
    # Of a call that was acted on the ledger knows whose it is.
    named = inquiry.account or (entries[-1].intent.account if entries else None)
    try:
        return run_to_end(_asked(inquiry, account_of(inquiry.settings, named), entries))
    except NoSuchCall:
        trouble = Failure(
            f"Twilio has no call {inquiry.sid} in this account, and the ledger has nothing on it",
            hint="check the SID and TWILIO_ACCOUNT_SID; a subaccount's calls are its own",
            code=FINDINGS,
        )
        note = NO_LONGER
    except (GatewayError, StoreError) as error:
        trouble = Failure(str(error), hint=error.hint)
        note = unread(error)
    except Failure as failure:  # no usable credentials
        trouble = failure
        note = f"the call can't be read from Twilio ({failure.message}): only the ledger tells"
    if not entries:
        raise trouble
    return ledger_case(inquiry.sid, entries, note)


def snapshot_case(inquiry: Inquiry, path: Path, at: Millis | None) -> Case:
    """The call as it stands in a snapshot. Raises `Failure`."""
    snapshot = recorded(path, inquiry.account, inquiry.settings)
    snapshot = snapshot if at is None else snapshot.at(at)
    call = snapshot.call(inquiry.sid)
    if call is None:
        hint = f"it has {len(snapshot.calls)} calls, all that were live when it was taken"
        raise Failure(f"{path} has no call {inquiry.sid}", hint=hint, code=FINDINGS)
    found = run_to_end(_explained(inquiry, snapshot, call))
    acts = [act for act in snapshot.ledger.acts if act.call == call.sid]
    case = Case(call.sid, "snapshot", snapshot.moment, call, found, acts=acts, live=snapshot.calls)
    return replace(case, conferences=snapshot.conferences)


def pasted_case(inquiry: Inquiry, name: str, at: Millis | None) -> Case:
    """The call in a document of Twilio's, alone in the world. Raises `Failure`."""
    call = _pasted(name)
    if inquiry.sid and inquiry.sid.lower() != call.sid.lower():
        raise Failure(f"{name} holds {call.sid}, not {inquiry.sid}", code=USAGE)
    now = SystemClock().now() if at is None else at
    asked = replace(inquiry, sid=call.sid)
    scene = run_to_end(_alone(asked, call, now))
    notes = ["of other live calls, and for how long conditions have held, nothing is known here"]
    found = explain_all(inquiry.flow_set.flows, call, scene)
    return Case(call.sid, "pasted", now, call, found, _entries(asked), notes=notes, live=(call,))


async def _asked(inquiry: Inquiry, account: Account, entries: Sequence[Entry]) -> Case:
    from runner.gateway.twilio import open_gateway
    from runner.store.url import open_store_to_read

    blank, kill = blank_of(account, inquiry.settings), inquiry.kill
    store = await open_store_to_read(inquiry.settings.store)
    gateway = open_gateway(account.credentials, inquiry.settings.twilio)
    try:
        return await asked_case(inquiry, Asked(gateway, store, blank, kill), entries)
    finally:
        await gateway.close()
        await store.close()


async def asked_case(inquiry: Inquiry, asked: Asked, entries: Sequence[Entry]) -> Case:
    """The call among all live calls of its account. Raises `GatewayError` and `StoreError`."""
    rules, sid = inquiry.flow_set.rules, inquiry.sid
    gateway, store, kill = asked.gateway, asked.store, asked.kill
    only = sid if asked.sparing else None
    snapshot = await take(gateway, store, blank=asked.blank, rules=rules, kill=kill, only=only)
    call = snapshot.call(sid)
    if call is None:
        call = await gateway.fetch_call(sid)
        # Its legs and the other live calls are known; what was done to it is asked for too.
        every = msgspec.structs.replace(snapshot, calls=(*snapshot.calls, call))
        snapshot = await with_ledger(store, every, rules, kill=kill)
    found = await _explained(inquiry, snapshot, call)
    steps = [each.step for each in found if each.step is not None and not asked.sparing]
    conferences = await conferences_of(gateway, asked_about(steps))
    case = Case(call.sid, "live", snapshot.moment, call, found, entries, live=snapshot.calls)
    return over(replace(case, conferences=conferences))


def over(case: Case) -> Case:
    """The case, with a word on it where its call is over."""
    if case.call is None or case.call.status in LIVE_STATUSES:
        return case
    note = "below is how the rules see it now, though no poll asks for a call that is over"
    notes = [f"the call is over ({case.call.status}): {note}", *case.notes]
    return replace(case, source="over", notes=notes)


def ledger_case(sid: str, entries: Sequence[Entry], note: str) -> Case:
    """The call as the ledger alone tells of it."""
    return Case(sid, "ledger", entries[-1].updated_at, entries=entries, notes=[note])


async def _explained(inquiry: Inquiry, snapshot: Snapshot, call: Call) -> list[Explanation]:
    scene = await replay(snapshot, inquiry.flow_set, inquiry.settings)
    return explain_all(inquiry.flow_set.flows, call, scene)


async def _alone(inquiry: Inquiry, call: Call, now: Millis) -> Scene:
    """The call decided on by itself: what asks for other live calls is unknown, not zero."""
    settings, flow_set, account = inquiry.settings, inquiry.flow_set, call.account_sid or ""
    alias = alias_of(account, settings)
    blank = Snapshot(account, now, None, (call,), settings.interval, alias=alias)
    snapshot = await _with_ledger(inquiry, blank)
    moment = Moment(now, account=alias)
    holds = Holds({}, now)
    bounds = await bounds_of(snapshot, flow_set, settings)
    nothing = Sight((call,), moment, holds, Plan((), ()))
    known = scene_of(snapshot, flow_set, nothing, bounds=bounds)
    flows = tuple(flow for flow in flow_set.flows if flow.name in (known.flows or ()))
    verdicts = decide(Matcher(flows), (call,), moment, holds)
    plan = Planner((call,), moment, bounds=bounds).plan(verdicts, known.history)
    return replace(known, plan=plan)


async def _with_ledger(inquiry: Inquiry, snapshot: Snapshot) -> Snapshot:
    from runner.store.url import open_store_to_read

    store = await open_store_to_read(inquiry.settings.store)
    try:
        return await with_ledger(store, snapshot, inquiry.flow_set.rules, kill=inquiry.kill)
    except StoreError as error:
        raise Failure(str(error), hint=error.hint) from None
    finally:
        await store.close()


def _entries(inquiry: Inquiry) -> Sequence[Entry]:
    """What the ledger has on the call. Raises `Failure`."""
    from runner.store.url import open_store_to_read

    async def read() -> Sequence[Entry]:
        store = await open_store_to_read(inquiry.settings.store)
        try:
            return await store.history(HistoryQuery(call_sid=inquiry.sid))
        finally:
            await store.close()

    try:
        return asyncio.run(read())
    except StoreError as error:
        raise Failure(str(error), hint=error.hint) from None


def _pasted(name: str) -> Call:
    """The call in the file, or on standard input. Raises `Failure`."""
    text = sys.stdin.buffer.read() if name == "-" else None
    document = read_json(Path(name), "the call", text=text)
    if isinstance(document, list) and len(document) == 1:
        (document,) = document
    hint = "it takes one call as Twilio's API gives it: GET …/Calls/CA….json"
    if not isinstance(document, dict) or not is_call_sid(str(document.get("sid"))):
        raise Failure(f"{name} does not hold one call of Twilio's", hint=hint, code=USAGE)
    strange = [key for key in document if not key.islower() and key.isidentifier()]
    if strange:  # twilio-cli's names, say: reading them as empty fields would explain wrongly
        raise Failure(
            f"{name} names fields otherwise: {listed(strange[:3])}", hint=hint, code=USAGE
        )
    try:
        return msgspec.convert(document, Call, strict=False)
    except msgspec.ValidationError as error:
        raise Failure(f"{name} is not a call: {error}", hint=hint, code=USAGE) from None
