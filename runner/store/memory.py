"""The ledger in memory: for a plan or a dry run where no store exists yet, and for tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from runner.engine.ports import Entry, HistoryQuery, Intent, Outcome
from runner.model import Millis


class MemoryStore:
    """Implements the `Store` protocol; forgets everything when the process ends."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}

    async def acted(self, account: str, call_sids: Collection[str]) -> Mapping[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for entry in self._standing(account):
            sid = entry.intent.call_sid
            if sid in call_sids:
                found[sid] = found.get(sid, frozenset()) | {entry.intent.rule_key}
        return found

    async def claim(self, intents: Sequence[Intent]) -> Sequence[Entry]:
        new = []
        for intent in intents:
            taken = {(e.intent.call_sid, e.intent.rule_key) for e in self._standing(intent.account)}
            if (intent.call_sid, intent.rule_key) not in taken:
                entry = Entry(len(self._entries) + 1, intent, "intended", 1, intent.at)
                self._entries[entry.id] = entry
                new.append(entry)
        return new

    async def record(
        self, entry: Entry, outcome: Outcome, *, at: Millis, attempt: int, detail: str = ""
    ) -> Entry:
        changed = replace(entry, outcome=outcome, attempt=attempt, updated_at=at, detail=detail)
        self._entries[entry.id] = changed
        return changed

    async def unfinished(self, account: str) -> Sequence[Entry]:
        return [e for e in self._standing(account) if e.outcome in ("intended", "retrying")]

    async def history(self, query: HistoryQuery) -> Sequence[Entry]:
        found = [entry for entry in self._entries.values() if _fits(entry, query)]
        return found if query.limit is None else found[max(0, len(found) - query.limit) :]

    async def close(self) -> None:
        return

    def _standing(self, account: str) -> list[Entry]:
        return [
            entry
            for entry in self._entries.values()
            if entry.intent.account == account and entry.outcome != "withdrawn"
        ]


def _fits(entry: Entry, query: HistoryQuery) -> bool:
    return (
        query.call_sid in (None, entry.intent.call_sid)
        and query.rule in (None, entry.intent.rule_key, entry.intent.flow)
        and query.outcome in (None, entry.outcome)
        and (query.since is None or entry.intent.at >= query.since)
    )
