"""Retention, in every store: what is long over goes, and nothing that still matters."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from runner.engine.ports import HistoryQuery, Outcome, Store, StoreError
from runner.pauses import Pause
from tests.store.intents import ENDING, INTENT, done, sids

FAR = 10**12


async def test_what_was_over_before_goes(store: Store) -> None:
    for number in range(4):
        await done(store, replace(INTENT, call_sid=f"CA{number}", at=number))
    assert await store.trim(before=2, keep=[]) == 2
    assert await sids(store) == ["CA2", "CA3"]
    assert await store.trim(before=2, keep=[]) == 0
    assert (await store.verify()).fault == ""


async def test_it_is_over_when_its_outcome_is_there_not_when_it_began(store: Store) -> None:
    (entry,) = await store.claim([replace(INTENT, at=1)])
    await store.record(entry, "done", at=50, attempt=1)
    assert await store.trim(before=50, keep=[]) == 0
    assert await store.trim(before=51, keep=[]) == 1


async def test_live_calls_are_never_forgotten(store: Store) -> None:
    live = [replace(INTENT, call_sid=f"CA{number}") for number in range(3)]
    for intent in (*live, replace(INTENT, account="AC2")):
        await done(store, intent)
    keep = [("AC1", "CA0"), ("AC1", "CA2")]
    assert await store.trim(before=FAR, keep=keep) == 2
    assert await sids(store) == ["CA0", "CA2"]
    assert [entry.intent for entry in await store.claim(live)] == [live[1]]
    assert (await store.verify()).fault == ""


async def test_what_has_no_outcome_stays(store: Store) -> None:
    await store.claim([INTENT])
    await done(store, replace(INTENT, call_sid="CA2"), "retrying")
    for outcome in ("done", "gone", "failed", "unknown", "withdrawn"):
        await done(store, replace(INTENT, call_sid=outcome), outcome)
    await store.claim([replace(INTENT, call_sid="shadow", number=0)])
    assert await store.trim(before=FAR, keep=[]) == 6
    assert await sids(store) == ["CA1", "CA2"]
    assert [e.outcome for e in await store.unfinished("AC1")] == ["intended", "retrying"]


async def test_what_went_is_in_no_answer_any_more(store: Store) -> None:
    await done(store, replace(ENDING, value="+1"))
    assert await store.trim(before=FAR, keep=[]) == 1
    assert await store.acts("AC1", {"CA1"}) == {}
    assert await store.values("AC1", {("caps/cut", "+1", False)}) == {}
    assert await store.ended("AC1", 0) == {}
    assert len(await store.claim([replace(ENDING, value="+1")])) == 1
    assert (await store.verify()).fault == ""


async def test_what_stays_goes_on_as_if_nothing_had_gone(store: Store) -> None:
    (kept,) = await store.claim([replace(INTENT, call_sid="kept")])
    await done(store, replace(INTENT, call_sid="old"))
    await store.pause(Pause(flow="caps", reason="wait", by="ann", at=1))
    await store.keep_holds("AC1", {("kept", "r"): 1}, at=2)
    assert await store.trim(before=FAR, keep=[]) == 1
    changed = await store.record(kept, "unknown", at=3_000, attempt=2, detail="no answer")
    assert await store.history(HistoryQuery()) == [changed]
    assert [pause.reason for pause in await store.pauses()] == ["wait"]
    assert await store.holds("AC1") == ({("kept", "r"): 1}, 2)
    assert (await store.verify()).fault == ""
    assert await store.trim(before=FAR, keep=[("AC1", "kept")]) == 0
    assert await store.trim(before=FAR, keep=[]) == 1
    assert [pause.reason for pause in await store.pauses()] == ["wait"]
    assert (await store.verify()).fault == ""


async def test_new_entries_are_never_taken_for_old_ones(store: Store) -> None:
    old = await done(store, INTENT)
    await store.trim(before=FAR, keep=[])
    (new,) = await store.claim([INTENT])
    assert new.id > old.id


async def test_an_empty_store_has_nothing_to_trim(store: Store) -> None:
    assert await store.trim(before=FAR, keep=[]) == 0
    assert (await store.verify()).fault == ""


# ---- acts of several parts ---------------------------------------------------------------------

PART = replace(ENDING, then=("log",), request={}, ends=False, part="log", route="history")


async def test_no_part_goes_while_another_has_no_outcome(store: Store) -> None:
    await done(store, ENDING)
    (log,) = await store.claim([PART])
    await done(store, replace(ENDING, call_sid="CA2"))
    open_: list[Outcome] = ["intended", "retrying"]
    for outcome in open_:
        log = await store.record(log, outcome, at=1_000, attempt=1)
        await store.trim(before=FAR, keep=[])
        assert await sids(store) == ["CA1", "CA1"]
        assert await store.claim([ENDING]) == []
    await store.record(log, "done", at=1_000, attempt=1)
    assert await store.trim(before=FAR, keep=[]) == 2
    assert (await store.verify()).fault == ""


async def test_no_part_goes_before_the_last_was_over_long_enough(store: Store) -> None:
    await done(store, ENDING)
    (log,) = await store.claim([PART])
    await store.record(log, "done", at=9_000, attempt=1)
    assert await store.trim(before=9_000, keep=[]) == 0
    assert await store.trim(before=9_001, keep=[]) == 2
    assert await store.acts("AC1", {"CA1"}) == {}
    assert (await store.verify()).fault == ""


async def test_a_try_that_was_withdrawn_stays_as_long_as_its_act(store: Store) -> None:
    for at in (1, 2):
        await done(store, replace(PART, at=at), "withdrawn")
    await done(store, replace(PART, at=50))
    await done(store, replace(PART, at=3, number=2))
    await done(store, replace(PART, at=3, rule="other"))
    await done(store, replace(PART, at=3, account="AC2"))
    assert await store.trim(before=50, keep=[]) == 3
    assert [entry.intent.at for entry in await store.history(HistoryQuery())] == [1, 2, 50]
    assert await store.trim(before=51, keep=[]) == 3
    assert (await store.verify()).fault == ""


async def test_what_was_trimmed_cant_change_any_more(store: Store) -> None:
    entry = await done(store, ENDING)
    await store.trim(before=FAR, keep=[])
    with pytest.raises(StoreError, match="no longer in the store"):
        await store.record(entry, "failed", at=9_000, attempt=1)
    assert await sids(store) == []
    assert (await store.verify()).fault == ""
