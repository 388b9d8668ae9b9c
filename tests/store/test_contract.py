"""Promises that every store keeps: once per call, durable intents, outcomes that can be read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.decision.once import Past
from runner.engine.ports import HistoryQuery, Store, StoreError
from runner.store.sqlite import SqliteStore
from runner.store.url import beside, open_store, open_store_to_read, store_path
from tests.store.intents import INTENT


async def test_an_intent_is_claimed_once(store: Store) -> None:
    (entry,) = await store.claim([INTENT])
    assert (entry.outcome, entry.attempt, entry.intent) == ("intended", 1, INTENT)
    assert await store.claim([INTENT, replace(INTENT, why="again")]) == []


async def test_each_part_of_the_key_makes_another_claim(store: Store) -> None:
    others = [
        INTENT,
        replace(INTENT, account="AC2"),
        replace(INTENT, call_sid="CA2"),
        replace(INTENT, rule="warn"),
        replace(INTENT, flow="other"),
    ]
    assert len(await store.claim(others)) == 5


async def test_two_equal_intents_of_one_batch_are_one(store: Store) -> None:
    assert len(await store.claim([INTENT, INTENT])) == 1


async def test_only_withdrawn_makes_room_for_another(store: Store) -> None:
    for outcome in ("done", "gone", "failed", "unknown", "retrying"):
        call = replace(INTENT, call_sid=outcome)
        (entry,) = await store.claim([call])
        await store.record(entry, outcome, at=2, attempt=1)
        assert await store.claim([call]) == []
    (entry,) = await store.claim([INTENT])
    await store.record(entry, "withdrawn", at=2, attempt=1)
    assert len(await store.claim([INTENT])) == 1


async def test_acts_tell_what_each_rule_did_to_each_call(store: Store) -> None:
    first, _ = await store.claim([INTENT, replace(INTENT, rule="warn")])
    await store.claim([replace(INTENT, number=2, at=5_000)])
    await store.claim([replace(INTENT, account="AC2", rule="else")])
    assert await store.acts("AC1", {"CA1", "CA9"}) == {
        "CA1": {"caps/cut": Past(2, 5_000), "caps/warn": Past(1, 1_000)}
    }
    await store.record(first, "withdrawn", at=2, attempt=1)
    assert (await store.acts("AC1", {"CA1"}))["CA1"]["caps/cut"] == Past(2, 5_000)


async def test_a_shadow_is_recorded_once_and_counts_for_nothing_else(store: Store) -> None:
    shadow = replace(INTENT, number=0)
    (entry,) = await store.claim([shadow])
    assert entry.outcome == "shadowed"
    assert await store.claim([shadow]) == []
    assert await store.acts("AC1", {"CA1"}) == {"CA1": {"caps/cut": Past(0, 0, True)}}
    assert await store.unfinished("AC1") == []
    assert len(await store.claim([INTENT])) == 1
    assert await store.acts("AC1", {"CA1"}) == {"CA1": {"caps/cut": Past(1, 1_000, True)}}


async def test_values_tell_when_a_rule_last_acted_for_them(store: Store) -> None:
    calls = [replace(INTENT, call_sid=f"CA{n}", value="+1", at=n) for n in (1, 2)]
    shadow = replace(INTENT, call_sid="CA3", value="+2", number=0)
    _, second, _ = await store.claim([*calls, shadow])
    keys = {("caps/cut", "+1", False), ("caps/cut", "+2", False), ("caps/cut", "+2", True)}
    assert await store.values("AC1", keys) == {
        ("caps/cut", "+1", False): 2,
        ("caps/cut", "+2", True): 1_000,
    }
    assert await store.values("AC2", keys) == {}
    await store.record(second, "withdrawn", at=9, attempt=1)
    assert (await store.values("AC1", keys))["caps/cut", "+1", False] == 1


async def test_holds_are_kept_whole(store: Store) -> None:
    assert await store.holds("AC1") == ({}, None)
    await store.keep_holds("AC1", {("CA1", "f/r@1"): 5, ("CA2", "f/r@1"): 6}, at=10)
    await store.keep_holds("AC1", {("CA2", "f/r@1"): 7, ("CA3", "f/r@1"): 8}, at=20)
    assert await store.holds("AC1") == ({("CA2", "f/r@1"): 7, ("CA3", "f/r@1"): 8}, 20)
    assert await store.holds("AC2") == ({}, None)


async def test_unfinished_is_what_has_no_outcome(store: Store) -> None:
    a, b, c = await store.claim([replace(INTENT, call_sid=sid) for sid in ("a", "b", "c")])
    await store.record(b, "retrying", at=2, attempt=2, detail="no answer")
    await store.record(c, "done", at=2, attempt=1)
    left = await store.unfinished("AC1")
    assert [(e.intent.call_sid, e.outcome, e.attempt, e.detail) for e in left] == [
        ("a", "intended", 1, ""),
        ("b", "retrying", 2, "no answer"),
    ]
    assert a.intent == left[0].intent
    assert await store.unfinished("AC2") == []


async def test_history_filters_newest_last(store: Store) -> None:
    many = [replace(INTENT, call_sid=f"CA{n}", at=n) for n in range(5)]
    entries = await store.claim([*many, replace(INTENT, flow="vip", at=9)])
    await store.record(entries[2], "done", at=50, attempt=1, detail="")

    async def sids(**query: object) -> list[str]:
        found = await store.history(HistoryQuery(**query))  # type: ignore[arg-type]
        return [entry.intent.call_sid for entry in found]

    assert await sids() == ["CA0", "CA1", "CA2", "CA3", "CA4", "CA1"]
    assert await sids(limit=2) == ["CA4", "CA1"]
    assert await sids(limit=100, since=3) == ["CA3", "CA4", "CA1"]
    assert await sids(call_sid="CA1") == ["CA1", "CA1"]
    assert await sids(rule="vip") == ["CA1"]
    assert await sids(rule="caps/cut", limit=1) == ["CA4"]
    assert await sids(outcome="done") == ["CA2"]
    assert await sids(limit=0) == []


async def test_sqlite_remembers_across_processes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    store = await open_store(url)
    await store.claim([INTENT])
    await store.close()
    again = await open_store(url)
    assert await again.claim([INTENT]) == []
    (entry,) = await again.history(HistoryQuery())
    assert entry.intent == INTENT
    await again.close()


async def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/a.db")
    await store.claim([INTENT])
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    await store.close()
    assert modes == {"a.db": 0o600, "a.db-wal": 0o600, "a.db-shm": 0o600}


async def test_reading_writes_no_file(tmp_path: Path) -> None:
    store = await open_store_to_read(f"sqlite:///{tmp_path}/none.db")
    assert await store.history(HistoryQuery()) == []
    await store.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["callflow.db", "sqlite://x.db", "postgres:///x", "sqlite:///", ""])
def test_another_url_is_refused_with_the_two_forms(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        store_path(url)
    assert "sqlite:///relative.db" in caught.value.hint


def test_relative_and_absolute_urls() -> None:
    assert store_path("sqlite:///a/b.db") == Path("a/b.db")
    assert store_path("sqlite:////a/b.db") == Path("/a/b.db")


def test_a_file_beside_the_store() -> None:
    assert beside("sqlite:///a/b.db", "PAUSED") == Path("a/PAUSED")
    assert beside("sqlite:////a/b.db", "PAUSED") == Path("/a/PAUSED")
    assert beside("sqlite:///b.db", "PAUSED") == Path("PAUSED")
    with pytest.raises(StoreError, match="is not a store"):
        beside("b.db", "PAUSED")


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no folder"):
        await open_store(f"sqlite:///{tmp_path}/none/a.db")


async def test_junk_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "junk.db"
    file.write_bytes(b"not a database at all, by no means" * 100)
    with pytest.raises(StoreError, match="not a SQLite database") as caught:
        await open_store(f"sqlite:///{file}")
    assert "backup" in caught.value.hint
    assert file.read_bytes().startswith(b"not a database")


async def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(StoreError, match="another program"):
        await open_store(f"sqlite:///{file}")


async def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    await (await open_store(f"sqlite:///{file}")).close()
    db = sqlite3.connect(file)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="newer callflow"):
        await open_store(f"sqlite:///{file}")


async def test_a_locked_store_says_so(tmp_path: Path) -> None:
    file = tmp_path / "busy.db"
    store = await SqliteStore(file, patience=0.05).open()
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="in use by another program"):
        await store.claim([INTENT])
    other.execute("ROLLBACK")
    other.close()
    assert len(await store.claim([INTENT])) == 1
    await store.close()


async def test_the_journal_of_an_untouched_ledger_is_whole(store: Store) -> None:
    first, _ = await store.claim([INTENT, replace(INTENT, call_sid="CA2", number=0)])
    await store.record(first, "done", at=2, attempt=1)
    assert (await store.verify()).fault == ""


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE acts SET outcome = 'gone' WHERE id = 1", "act 1: the ledger's outcome is gone"),
        ("UPDATE acts SET call_sid = 'CA9' WHERE id = 2", "act 2: the ledger's call is CA9"),
        ("UPDATE acts SET request = '{}' WHERE id = 2", "act 2: the ledger's request is {}"),
        ("DELETE FROM acts WHERE id = 2", "act 2 of the journal is not in the ledger"),
        (
            "UPDATE journal SET body = replace(body, 'CA1', 'CA9')",
            "row 1 of the journal was changed",
        ),
        ("UPDATE journal SET act = 2 WHERE seq = 3", "row 3 of the journal was changed"),
        ("DELETE FROM journal WHERE seq = 2", "row 2 of the journal is missing"),
        ("DELETE FROM journal", "act 1 of the ledger is not in the journal"),
    ],
)
async def test_tampering_is_found_where_it_was_done(
    tmp_path: Path, tampering: str, fault: str
) -> None:
    file = tmp_path / "a.db"
    store = await SqliteStore(file).open()
    first, _ = await store.claim([INTENT, replace(INTENT, call_sid="CA2")])
    await store.record(first, "done", at=2, attempt=1)
    db = sqlite3.connect(file)
    for trigger in ("journal_is_final", "journal_is_whole"):
        db.execute(f"DROP TRIGGER {trigger}")
    db.execute(tampering)
    db.commit()
    db.close()
    assert (await store.verify()).fault.startswith(fault)
    await store.close()
