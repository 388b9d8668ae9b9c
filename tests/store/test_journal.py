"""The journal in the SQLite file: append-only, trimmed in the open, and any tampering found."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.engine.ports import StoreError
from runner.pauses import Pause
from runner.store import trimming
from runner.store.sqlite import SqliteStore
from tests.process import callflow
from tests.store.intents import ENDING, INTENT, done, sids

FAR = 10**12
TRIGGERS = (
    "journal_is_final",
    "journal_is_whole",
    "journal_grows",
    "checkpoint_is_made",
    "checkpoint_is_final",
    "checkpoint_is_whole",
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore(tmp_path / "a.db").open()
    yield opened
    await opened.close()


async def trimmed(store: SqliteStore) -> None:
    """A store with a trim behind it: rows 1 to 4 are gone; an act, a pause and a trip stand."""
    await done(store, replace(INTENT, call_sid="old1"))
    await store.pause(Pause(flow="caps", reason="wrong", by="ann", at=1_500))
    await done(store, replace(INTENT, call_sid="old2", at=1_600))
    assert await store.trim(before=2_000, keep=[]) == 2
    await done(store, replace(INTENT, call_sid="new", at=3_000))
    await store.pause(Pause(reason="rate", by="guard", at=4_000, tripped=True))


def by_hand(store_file: Path, *statements: str, guarded: bool = False) -> None:
    """What somebody does with SQLite's own tools, with or without taking the triggers away."""
    db = sqlite3.connect(store_file)
    try:
        for trigger in () if guarded else TRIGGERS:
            db.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            db.execute(statement)
        db.commit()
    finally:
        db.close()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journal SET body = ''",
        "UPDATE journal SET hash = '' WHERE seq = (SELECT max(seq) FROM journal)",
        "DELETE FROM journal",
        "DELETE FROM journal WHERE seq = (SELECT min(seq) FROM journal)",
        "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)",
        "INSERT OR REPLACE INTO journal SELECT seq, act, '{}', hash FROM journal LIMIT 1",
        "INSERT INTO journal VALUES (1, 0, '{}', '')",
        "UPDATE checkpoint SET seq = seq + 1",
        "DELETE FROM checkpoint",
        "INSERT OR REPLACE INTO checkpoint SELECT 1, max(seq), hash FROM journal",
        "INSERT OR REPLACE INTO checkpoint SELECT 1, seq, hash FROM journal LIMIT 1",
    ],
)
async def test_the_journal_is_append_only(store: SqliteStore, tmp_path: Path, change: str) -> None:
    await trimmed(store)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        by_hand(tmp_path / "a.db", change, guarded=True)
    assert (await store.verify()).fault == ""


async def test_a_trim_is_told_and_begins_the_journal(store: SqliteStore) -> None:
    await trimmed(store)
    verified = await store.verify()
    assert (verified.fault, verified.trimmed, verified.trimmed_before) == ("", 5, 2_000)


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        (["DELETE FROM journal WHERE seq = 6"], "row 6 of the journal is missing"),
        (["DELETE FROM checkpoint"], "row 1 of the journal is missing"),
        (
            [
                "INSERT OR REPLACE INTO checkpoint SELECT 1, seq, hash FROM journal WHERE seq = 7",
                "DELETE FROM journal WHERE seq <= 7",
            ],
            "the journal begins after row 7, and no trim tells of that",
        ),
        (
            [
                "INSERT OR REPLACE INTO checkpoint SELECT 1, seq, hash FROM journal WHERE seq = 6",
                "DELETE FROM journal WHERE seq <= 6",
            ],
            "the journal begins after row 6, and no trim tells of that",
        ),
        (["UPDATE checkpoint SET hash = 'x'"], "row 6 of the journal was changed"),
        (["DELETE FROM pauses WHERE flow = ''"], "a pause of everything that nobody lifted"),
        (["DELETE FROM pauses WHERE flow = 'caps'"], "a pause of flow caps that nobody lifted"),
        (["UPDATE pauses SET until = 1 WHERE flow = 'caps'"], "the pause of flow caps is not as"),
        (["UPDATE pauses SET by_ = 'bob' WHERE flow = ''"], "the pause of everything is not as"),
        (["UPDATE pauses SET flow = 'other' WHERE flow = 'caps'"], "a pause of flow other stands"),
        (["UPDATE pauses SET tripped = 0 WHERE flow = ''"], "a pause of everything stands"),
        (["UPDATE pauses SET at = 'soon'"], "the store holds a pause that can't be read"),
        (["UPDATE acts SET number = 2"], "act 3: the ledger's number is 2, the journal's 1"),
        (["UPDATE acts SET ends = 1"], "act 3: the ledger's ends is True, the journal's False"),
        (["UPDATE acts SET at = 1"], "act 3: the ledger's claimed is 1, the journal's 3000"),
        (["UPDATE acts SET told = 1"], "act 3: the ledger says row 1 is its last, the journal 9"),
    ],
)
async def test_tampering_after_a_trim_is_found(
    store: SqliteStore, tmp_path: Path, tampering: list[str], fault: str
) -> None:
    await trimmed(store)
    by_hand(tmp_path / "a.db", *tampering)
    assert (await store.verify()).fault.startswith(fault)


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE journal SET body = replace(body, 'CA1', 'CA9')", "row 1 of the journal was"),
        ("DELETE FROM journal WHERE seq = 2", "row 2 of the journal is missing"),
        ("DELETE FROM acts WHERE id = 2", "act 2 of the journal is not in the ledger"),
        ("UPDATE acts SET outcome = 'done' WHERE id = 2", "act 2: the ledger's outcome is done"),
        ("UPDATE acts SET call_sid = 'CA7' WHERE id = 1", "act 1: the ledger's call is CA7"),
        ("DELETE FROM pauses", "a pause of everything that nobody lifted is gone"),
    ],
)
async def test_a_trim_removes_no_evidence(
    store: SqliteStore, tmp_path: Path, tampering: str, fault: str
) -> None:
    await store.claim([INTENT, replace(INTENT, call_sid="CA2")])
    for entry in await store.unfinished("AC1"):
        if entry.id == 1:
            await store.record(entry, "done", at=1_100, attempt=1)
    await store.pause(Pause(reason="wait", by="ann", at=1_500))
    await done(store, replace(INTENT, call_sid="CA3"))
    by_hand(tmp_path / "a.db", tampering)
    with pytest.raises(StoreError, match="was not trimmed") as caught:
        await store.trim(before=FAR, keep=[])
    assert fault in str(caught.value)
    assert "--verify" in caught.value.hint
    assert (await store.verify()).fault.startswith(fault)


async def test_what_the_front_told_of_what_stays_is_told_again(store: SqliteStore) -> None:
    """Over and over: an act that began before, and ends after, many trims."""
    (long,) = await store.claim([replace(ENDING, call_sid="long", at=1)])
    await store.pause(Pause(flow="caps", reason="wrong", by="ann", at=2))
    for number in range(1, 8):
        await done(store, replace(INTENT, call_sid=f"CA{number}", at=number * 10))
        if number == 3:
            long = await store.record(long, "retrying", at=31, attempt=2, detail="no answer")
        if number == 5:
            await store.pause(Pause(flow="caps", reason="still", by="bob", at=55))
        assert await store.trim(before=number * 10 + 1, keep=[]) == 1
        verified = await store.verify()
        assert (verified.fault, await sids(store)) == ("", ["long"])
        assert verified.rows < 12, "the journal doesn't grow by trims"
    assert list(await store.unfinished("AC1")) == [long]
    assert [pause.reason for pause in await store.pauses()] == ["still"]
    await store.record(long, "done", at=100, attempt=2)
    await store.resume(flow="caps", by="ann", at=101)
    assert (await store.verify()).fault == ""
    assert await store.trim(before=101, keep=[]) == 1
    assert (await store.verify()).fault == ""


async def test_history_verify_says_what_was_trimmed(store: SqliteStore, tmp_path: Path) -> None:
    await trimmed(store)
    ended = await callflow("history", "--verify", "--store", f"sqlite:///{tmp_path}/a.db")
    first, second, _ = ended.out.split("\n")
    assert ended.code == 0
    assert first == "rows up to 5 were trimmed: what was over before 1970-01-01T00:00:02.000Z"
    assert second.startswith("5 rows, all as they were written")


async def test_a_large_store_is_trimmed_in_steps(store: SqliteStore, tmp_path: Path) -> None:
    """Between two of them whoever else writes has its turn, and the file is whole."""
    size = trimming.STEP
    for start in range(0, 3 * size, size):
        calls = [replace(INTENT, call_sid=f"CA{start + n}", number=0) for n in range(size)]
        await store.claim(calls)
    db = sqlite3.connect(tmp_path / "a.db")
    cut = "SELECT json_extract(body, '$.seq') FROM journal WHERE act = 0 ORDER BY seq"
    assert await store.trim(before=FAR, keep=[]) == 3 * size
    assert [seq for (seq,) in db.execute(cut)] == [size, 2 * size, 3 * size]
    db.close()
    assert (await store.verify()).fault == ""


async def test_what_stays_in_front_keeps_nothing_else_from_going(store: SqliteStore) -> None:
    """Acts that nobody finishes, of an account that nobody polls any more; rows about no act."""
    many = trimming.STEP + 50
    await store.claim([replace(INTENT, call_sid=f"stuck{n}") for n in range(many)])
    for number in range(20):
        await store.pause(Pause(reason=str(number), by="ann", at=number))
    await done(store, replace(INTENT, call_sid="old"))
    assert await store.trim(before=FAR, keep=[]) == 1
    assert len(await sids(store)) == len(await store.unfinished("AC1")) == many
    verified = await store.verify()
    assert (verified.fault, verified.rows) == ("", many + 2)
    await done(store, replace(INTENT, call_sid="older"))
    assert await store.trim(before=FAR, keep=[]) == 1
    assert (await store.verify()).fault == ""


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("part", "'log'", "act 1: the ledger's part is log, the journal's stream"),
        ("route", "'web'", "act 1: the ledger's route is web, the journal's call"),
        ("target", "''", "act 1: the ledger's target is , the journal's Streams"),
        ("repeatable", "0", "act 1: the ledger's repeatable is False, the journal's True"),
    ],
)
async def test_a_part_that_was_changed_is_found(
    store: SqliteStore, tmp_path: Path, column: str, value: str, fault: str
) -> None:
    side = replace(INTENT, part="stream", route="call", target="Streams", repeatable=True)
    await store.claim([side, INTENT])
    assert (await store.verify()).fault == ""
    by_hand(tmp_path / "a.db", f"UPDATE acts SET {column} = {value} WHERE id = 1")
    assert (await store.verify()).fault == fault


async def test_an_update_alone_is_told_as_before_there_were_parts(
    store: SqliteStore, tmp_path: Path
) -> None:
    side = replace(INTENT, part="log", route="history")
    await store.claim([INTENT, side])
    db = sqlite3.connect(tmp_path / "a.db")
    update, log = (json.loads(body) for (body,) in db.execute("SELECT body FROM journal"))
    db.close()
    assert update.keys() & {"part", "route", "target", "repeatable"} == set()
    assert log == update | {"part": "log", "route": "history"}


async def test_parts_between_which_a_cut_falls_go_one_after_the_other(store: SqliteStore) -> None:
    """The last row about the log stands far behind; what is old in front of it goes at once."""
    log = replace(INTENT, call_sid="two", part="log", route="history")
    update, told = await store.claim([replace(INTENT, call_sid="two"), log])
    await store.record(update, "done", at=1_000, attempt=1)
    await store.claim([replace(INTENT, call_sid=f"a{n}", number=0) for n in range(trimming.STEP)])
    assert await store.trim(before=FAR, keep=[]) == trimming.STEP
    assert await sids(store) == ["two", "two"]
    await store.claim([replace(INTENT, call_sid=f"b{n}", number=0) for n in range(trimming.STEP)])
    await store.record(told, "done", at=1_000, attempt=1)
    forgotten = 0
    for _ in range(2):
        forgotten += await store.trim(before=FAR, keep=[])
        assert (await store.verify()).fault == ""
    assert forgotten == trimming.STEP + 2
    assert await sids(store) == []
