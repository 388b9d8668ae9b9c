"""Promises about notes: what people did that is no act is kept, told in order, and verified."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from runner.engine.ports import LeaseLost, Note, Pause, Store
from runner.store.sqlite import SqliteStore
from tests.store.conftest import Two
from tests.store.intents import INTENT, done


async def test_a_note_is_kept_and_seen_by_others_newest_last(two: Two) -> None:
    await two.one.note("killed", by="ann", at=5, detail="enough")
    await two.one.note("numbers-shown", by="ben", at=7, detail="/api/calls")
    assert await two.other.notes() == [
        Note("killed", "ann", 5, "enough"),
        Note("numbers-shown", "ben", 7, "/api/calls"),
    ]
    assert await two.other.notes(since=6) == [Note("numbers-shown", "ben", 7, "/api/calls")]
    assert await two.other.notes(limit=1) == [Note("numbers-shown", "ben", 7, "/api/calls")]


async def test_pauses_and_what_lifted_them_are_told_among_notes(store: Store) -> None:
    await store.pause(Pause("", "f", "r", reason="eager", by="ann", at=5, until=60_000))
    await store.pause(Pause("AC1", "f", "r", reason="too many", by="guard", at=6, tripped=True))
    await store.note("numbers-shown", by="ben", at=7)
    await store.resume(flow="f", rule="r", by="cat", at=8)
    await store.resume(flow="nothing", by="cat", at=9)
    assert await store.notes() == [
        Note("paused", "ann", 5, "rule f/r, until 1970-01-01T00:01:00.000Z: eager"),
        Note("tripped", "guard", 6, "rule f/r in account AC1: too many"),
        Note("numbers-shown", "ben", 7),
        Note("resumed", "cat", 8, "rule f/r"),
    ]


async def test_a_note_pauses_nothing_and_is_no_act(store: Store) -> None:
    await store.note("killed", by="ann", at=5, detail="enough")
    assert (await store.pauses(), (await store.verify()).fault) == ([], "")
    assert not await store.acts("AC1", {"CA1"})


async def test_a_person_may_note_when_another_runner_has_the_lease(two: Two) -> None:
    mine = await two.one.take("one", over=None, at=1)
    await two.other.take("other", over=mine, at=2)
    with pytest.raises(LeaseLost):
        await two.one.pause(Pause(flow="f", at=3))
    await two.one.note("lifted", by="ann", at=4)
    assert [each.event for each in await two.other.notes()] == ["lifted"]


async def test_the_journal_verifies_with_notes_and_shows_one_that_was_changed(
    tmp_path: Path,
) -> None:
    store = await SqliteStore(tmp_path / "store.db").open()
    await store.claim([INTENT])
    await store.note("numbers-shown", by="ann", at=5, detail="/api/calls")
    assert (await store.verify()).fault == ""
    await store.close()
    with sqlite3.connect(tmp_path / "store.db") as db:
        db.execute("DROP TRIGGER journal_is_final")
        db.execute("UPDATE journal SET body = replace(body, 'ann', 'ben') WHERE seq = 2")
    store = await SqliteStore(tmp_path / "store.db").open()
    assert (await store.verify()).fault == "row 2 of the journal was changed"
    await store.close()


async def test_a_pause_that_outlives_a_trim_is_told_once_and_in_its_place(store: Store) -> None:
    await store.pause(Pause(flow="f", reason="eager", by="ann", at=1))
    await done(store, INTENT)
    await store.note("killed", by="ann", at=9_000)
    assert await store.trim(before=5_000, keep=()) == 1
    assert (await store.verify()).fault == ""
    told = [Note("paused", "ann", 1, "flow f: eager"), Note("killed", "ann", 9_000)]
    assert await store.notes() == told
