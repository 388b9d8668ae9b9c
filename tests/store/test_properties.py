"""Any schedule of claims, outcomes, pauses and trims: both stores agree, the journal is whole."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.engine.ports import HistoryQuery, Outcome, Store
from runner.pauses import Pause
from runner.store.memory import MemoryStore
from runner.store.sqlite import SqliteStore
from tests.store.intents import ENDING

SIDS = [f"CA{number}" for number in range(6)]
OUTCOMES: list[Outcome] = ["done", "gone", "failed", "retrying", "unknown", "withdrawn", "skipped"]
FLOWS = ["", "caps", "vip"]

parts = st.sampled_from(["", "log", "record.2"])
claims = st.tuples(
    st.just("claim"),
    st.sampled_from(SIDS),
    st.tuples(st.integers(0, 2), st.sets(parts, min_size=1)),
)
corrections = st.tuples(st.just("correct"), st.integers(0, 30), st.just("failed"))
records = st.tuples(st.just("record"), st.integers(0, 30), st.sampled_from(OUTCOMES))
pauses = st.tuples(st.just("pause"), st.sampled_from(FLOWS), st.booleans())
resumes = st.tuples(st.just("resume"), st.sampled_from(FLOWS), st.none())
trims = st.tuples(st.just("trim"), st.integers(0, 12), st.sets(st.sampled_from(SIDS), max_size=2))
Step = tuple[str, object, object]
steps = st.one_of(claims, records, corrections, pauses, resumes, trims)


async def _do(store: Store, step: Step, at: int) -> object:
    match step:
        case ("claim", str(sid), (int(number), set(keys))):
            act = replace(ENDING, call_sid=sid, number=number, at=at)
            made = await store.claim([replace(act, part=key, ends=not key) for key in keys])
            return [entry.intent for entry in made]
        case ("record" | "correct" as which_one, int(which), outcome):
            open_ = await store.unfinished("AC1")
            if which_one == "correct":
                open_ = await store.history(HistoryQuery(outcome="done"))
            if not open_:
                return None
            entry = open_[which % len(open_)]
            changed = await store.record(entry, outcome, at=at, attempt=2)  # type: ignore[arg-type]
            return replace(changed, id=0)
        case ("pause", str(flow), bool(tripped)):
            return await store.pause(Pause(flow=flow, by="ann", at=at, tripped=tripped))
        case ("resume", str(flow), None):
            return list(await store.resume(flow=flow, by="bob", at=at))
        case ("trim", int(ago), set(kept)):
            return await store.trim(before=at - ago, keep=[("AC1", str(sid)) for sid in kept])
    raise AssertionError(step)


async def _all(store: Store) -> tuple[object, ...]:
    return (
        [replace(entry, id=0) for entry in await store.history(HistoryQuery())],
        dict(await store.acts("AC1", SIDS)),
        [replace(entry, id=0) for entry in await store.unfinished("AC1")],
        dict(await store.ended("AC1", 0)),
        list(await store.pauses()),
    )


async def _compare(schedule: Sequence[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        memory, sqlite = MemoryStore(), await SqliteStore(Path(folder) / "a.db").open()
        try:
            for at, step in enumerate(schedule):
                assert await _do(sqlite, step, at) == await _do(memory, step, at)
                assert (await sqlite.verify()).fault == ""
                assert await _all(sqlite) == await _all(memory)
        finally:
            await sqlite.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(steps, max_size=25))
def test_both_stores_agree_and_the_journal_stays_whole(schedule: list[Step]) -> None:
    asyncio.run(_compare(schedule))
