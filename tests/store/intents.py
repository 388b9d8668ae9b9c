"""What the tests of stores claim."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from runner.engine.ports import Entry, HistoryQuery, Intent, Outcome, Store
from runner.pauses import Pause

INTENT = Intent(
    account="AC1",
    call_sid="CA1",
    flow="caps",
    rule="cut",
    revision="abc",
    then=("say", "hangup"),
    request={"Twiml": "<Response/>"},
    why="age 31m gte 30m",
    at=1_000,
)

PAUSE = Pause(flow="caps", reason="wait", by="ann", at=3)

#: Ends the call that it is about.
ENDING = replace(INTENT, then=("hangup",), request={"Status": "completed"}, ends=True)


async def done(store: Store, intent: Intent, outcome: Outcome = "done") -> Entry:
    """Claims it, and has it end at once."""
    (entry,) = await store.claim([intent])
    return await store.record(entry, outcome, at=intent.at, attempt=1)


async def sids(store: Store) -> Sequence[str]:
    """The calls of all acts that the ledger holds, oldest first."""
    return [entry.intent.call_sid for entry in await store.history(HistoryQuery())]
