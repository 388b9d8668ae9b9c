"""The ledger in memory: for a plan or a dry run where no store exists yet, and for tests."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count

from runner.decision.once import Past
from runner.engine.ports import Entry, HistoryQuery, Intent, Outcome, Verification, first_outcome
from runner.model import Millis
from runner.store.memory_control import MemoryControl
from runner.store.pasts import pasts_of
from runner.store.rows import forgotten, taken

_UNFINISHED: frozenset[Outcome] = frozenset(("intended", "retrying"))


class MemoryStore(MemoryControl):
    """Implements the `Store` protocol; forgets everything when the process ends."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[int, Entry] = {}
        self._ids = count(1)
        # Ids by what polls ask for: a day of polls is thousands, and so are the entries of a day.
        self._by_call: dict[tuple[str, str], list[int]] = {}
        self._by_value: dict[tuple[str, str, str, bool], list[int]] = {}
        self._ends: dict[str, list[tuple[Millis, int]]] = {}  # in order of time
        self._unfinished: set[int] = set()
        self._claimed: set[tuple[object, ...]] = set()
        self._holds: dict[str, tuple[Mapping[tuple[str, str], Millis], Millis | None]] = {}

    async def acts(
        self, account: str, call_sids: Collection[str]
    ) -> Mapping[str, Mapping[str, Past]]:
        found: dict[str, dict[str, Past]] = {}
        for sid in call_sids:
            entries = (self._entries[number] for number in self._by_call.get((account, sid), ()))
            if pasts := pasts_of(entries):
                found[sid] = pasts
        return found

    async def values(
        self, account: str, keys: Collection[tuple[str, str, bool]]
    ) -> Mapping[tuple[str, str, bool], Millis]:
        found: dict[tuple[str, str, bool], Millis] = {}
        for key in keys:
            acts = [i.at for i in self._standing(self._by_value.get((account, *key), ()))]
            if acts:
                found[key] = max(acts)
        return found

    async def claim(self, intents: Sequence[Intent]) -> Sequence[Entry]:
        self._check()
        new = []
        for intent in intents:
            if _key(intent) not in self._claimed:
                self._claimed.add(_key(intent))
                outcome = first_outcome(intent)
                entry = Entry(next(self._ids), intent, outcome, 1, intent.at)
                self._add(entry)
                new.append(entry)
        return new

    async def record(
        self, entry: Entry, outcome: Outcome, *, at: Millis, attempt: int, detail: str = ""
    ) -> Entry:
        self._check()
        changed = Entry(entry.id, entry.intent, outcome, attempt, at, detail)
        before, key = self._entries.get(entry.id), _key(entry.intent)
        if before is None:
            raise forgotten(entry)
        stood, stands = before.outcome != "withdrawn", outcome != "withdrawn"
        if stood and not stands:
            self._claimed.discard(key)
        elif stands and not stood:
            if key in self._claimed:
                raise taken(entry)
            self._claimed.add(key)
        self._put(changed)
        return changed

    async def unfinished(self, account: str) -> Sequence[Entry]:
        entries = (self._entries[number] for number in sorted(self._unfinished))
        return [entry for entry in entries if entry.intent.account == account]

    async def holds(self, account: str) -> tuple[Mapping[tuple[str, str], Millis], Millis | None]:
        return self._holds.get(account, ({}, None))

    async def keep_holds(
        self, account: str, holds: Mapping[tuple[str, str], Millis], *, at: Millis
    ) -> None:
        self._check()
        self._holds[account] = (dict(holds), at)

    async def ended(self, account: str, since: Millis) -> Mapping[str, Sequence[Millis]]:
        ends = self._ends.get(account, [])
        latest: dict[str, dict[str, Millis]] = {}
        recent = (number for _, number in ends[bisect_right(ends, since, key=lambda end: end[0]) :])
        for intent in self._standing(recent):
            latest.setdefault(intent.rule_key, {})[intent.call_sid] = intent.at
        return {rule: sorted(calls.values()) for rule, calls in latest.items()}

    async def trim(self, *, before: Millis, keep: Collection[tuple[str, str]]) -> int:
        self._check()
        entries = list(self._entries.values())
        held = {
            _act(entry.intent)
            for entry in entries
            if entry.updated_at >= before or entry.outcome in _UNFINISHED
        }
        gone = [
            entry
            for entry in entries
            if _act(entry.intent) not in held
            and (entry.intent.account, entry.intent.call_sid) not in keep
        ]
        for entry in gone:
            self._remove(entry)
        return len(gone)

    async def history(self, query: HistoryQuery) -> Sequence[Entry]:
        found = [entry for entry in self._entries.values() if _fits(entry, query)]
        return found if query.limit is None else found[max(0, len(found) - query.limit) :]

    async def verify(self) -> Verification:
        return Verification(len(self._entries), "")

    async def close(self) -> None:
        return

    def _add(self, entry: Entry) -> None:
        intent, account = entry.intent, entry.intent.account
        self._put(entry)
        self._by_call.setdefault((account, intent.call_sid), []).append(entry.id)
        if intent.value:
            self._by_value.setdefault(_value_key(intent), []).append(entry.id)
        if intent.ends and intent.number:
            insort(self._ends.setdefault(account, []), (intent.at, entry.id))

    def _put(self, entry: Entry) -> None:
        self._entries[entry.id] = entry
        if entry.outcome in _UNFINISHED:
            self._unfinished.add(entry.id)
        else:
            self._unfinished.discard(entry.id)

    def _remove(self, entry: Entry) -> None:
        intent = entry.intent
        del self._entries[entry.id]
        if entry.outcome != "withdrawn":
            self._claimed.discard(_key(intent))
        self._by_call[intent.account, intent.call_sid].remove(entry.id)
        if intent.value:
            self._by_value[_value_key(intent)].remove(entry.id)
        if intent.ends and intent.number:
            self._ends[intent.account].remove((intent.at, entry.id))

    def _standing(self, numbers: Iterable[int]) -> Iterator[Intent]:
        for number in numbers:
            entry = self._entries[number]
            if entry.outcome != "withdrawn":
                yield entry.intent


def _act(intent: Intent) -> tuple[object, ...]:
    return (intent.account, *intent.act)


def _key(intent: Intent) -> tuple[object, ...]:
    return (intent.account, intent.call_sid, intent.rule_key, intent.number, intent.part)


def _value_key(intent: Intent) -> tuple[str, str, str, bool]:
    return (intent.account, intent.rule_key, intent.value, intent.number == 0)


def _fits(entry: Entry, query: HistoryQuery) -> bool:
    return (
        query.call_sid in (None, entry.intent.call_sid)
        and query.rule in (None, entry.intent.rule_key, entry.intent.flow)
        and query.outcome in (None, entry.outcome)
        and (query.since is None or entry.intent.at >= query.since)
    )
