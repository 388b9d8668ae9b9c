"""The far side, the ledger and the clock as a snapshot has them, for the engine to decide on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from runner.beginnings import reason_not_to_ask
from runner.call import Call, CallQuery
from runner.cli.looking.snapshot import Ledger, Snapshot, called
from runner.decision.once import Past
from runner.engine.ports import (
    Entry,
    GatewayError,
    Intent,
    Listing,
    NoSuchCall,
    NothingThere,
    Notice,
    Pause,
    Refused,
)
from runner.model import Millis, Update
from runner.store.memory import MemoryStore


class RecordedCalls:
    """Implements `Gateway`: the calls of a snapshot, filtered as Twilio filters."""

    concurrency = 1

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    async def list_calls(self, query: CallQuery) -> Listing:
        calls = tuple(call for call in self._snapshot.calls if query.fits(call))
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
        if sid not in self._snapshot.conferences:
            raise GatewayError(f"the snapshot does not say whether {sid} is in a conference")
        return self._snapshot.conferences[sid]

    async def voice_of(self, call: Call) -> Mapping[str, str]:
        reason = reason_not_to_ask(call)
        found = reason or self._snapshot.voices.get(called(call))
        if isinstance(found, str):
            raise NothingThere(found)
        if found is None:  # it may be there, and so the rule waits
            raise GatewayError("the snapshot does not say how calls to that number begin")
        return found

    async def notices(self, sid: str) -> Sequence[Notice]:
        raise GatewayError("a snapshot does not hold what Twilio's debugger says")

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
        return {sid: past for sid, past in acts_of(self._ledger).items() if sid in call_sids}

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


def acts_of(ledger: Ledger) -> dict[str, dict[str, Past]]:
    """What each rule has done, by call SID and `flow/rule`."""
    found: dict[str, dict[str, Past]] = {}
    for act in ledger.acts:
        found.setdefault(act.call, {})[act.rule] = act.past
    return found
