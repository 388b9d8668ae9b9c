"""What stands after an update that did not come about: it is not sent, and says why.

The update's outcome is written first and that of the others after it. A runner that dies in between
leaves them without one, and the next start must not take them for parts whose turn has come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner.engine.aftermath import came_afterwards
from runner.engine.ports import Entry, HistoryQuery, Outcome, Store
from runner.engine.records import Records

#: What was claimed at one time: account, call, rule, number of the act, and when.
_Claim = tuple[str, str, str, int, int]


def fate_after(update: Entry) -> tuple[Outcome, str] | None:
    """What becomes of the parts after this update, and why.

    None where they are to be sent, and where nobody knows yet.
    """
    if update.outcome in ("done", "intended", "retrying") or came_afterwards(update):
        return None
    names = ", ".join(update.intent.then)
    left: Outcome = "withdrawn" if update.outcome == "withdrawn" else "skipped"
    return left, f"{names} before it came to {update.outcome!r}"


async def settle_remains(left: Sequence[Entry], store: Store, records: Records) -> list[Entry]:
    """Records it of those that an update left behind; returns the others."""
    updates = await _updates_of(left, store)
    others = []
    for entry in left:
        update = updates.get(_claim_of(entry))
        fate = fate_after(update) if update is not None and update.id < entry.id else None
        if fate is None:
            others.append(entry)
        else:
            await records.leave([entry], *fate)
    return others


async def _updates_of(left: Sequence[Entry], store: Store) -> Mapping[_Claim, Entry]:
    found = {}
    beside = {(e.intent.call_sid, e.intent.rule_key) for e in left if e.intent.route}
    for sid, rule in beside:
        for entry in await store.history(HistoryQuery(call_sid=sid, rule=rule)):
            if not entry.intent.route:
                found[_claim_of(entry)] = entry
    return found


def _claim_of(entry: Entry) -> _Claim:
    # Not the act alone: a part that it is gone on with later owes nothing to an update of before.
    return entry.intent.account, *entry.intent.act, entry.intent.at
