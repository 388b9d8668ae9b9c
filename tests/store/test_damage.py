"""Files that are damaged, gone or another's: a clear error, nothing by guess, nothing lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.engine.ports import StoreError
from runner.pauses import Pause
from runner.store.sqlite import SqliteStore
from tests.store.intents import INTENT, done, sids

PAGE = 4_096
MANY = [replace(INTENT, call_sid=f"CA{number}") for number in range(60)]


async def filled(file: Path) -> None:
    """A store of some pages: acts, outcomes, a pause, holds."""
    store = await SqliteStore(file).open()
    for entry in await store.claim(MANY):
        if entry.id % 2:
            await store.record(entry, "done", at=2_000, attempt=1)
    await store.pause(Pause(reason="wait", by="ann", at=5))
    await store.keep_holds("AC1", {(i.call_sid, "caps/cut@1"): 5 for i in MANY}, at=6)
    await store.close()


async def test_whichever_page_is_overwritten_nothing_acts_by_guess(tmp_path: Path) -> None:
    """Each answer is the right one, or an error."""
    whole, file = tmp_path / "whole.db", tmp_path / "a.db"
    await filled(whole)
    pages = whole.stat().st_size // PAGE
    refusals = set()
    for page in range(pages):
        for junk in (b"\0", b"\xff", b"Z"):
            shutil.copy(whole, file)
            with file.open("r+b") as damaged:
                damaged.seek(page * PAGE)
                damaged.write(junk * PAGE)
            refusals.add(await _refusal(file))
    words = ("is damaged", "can't be read", "another program")
    assert all(any(word in said for word in words) for said in refusals - {""})
    assert len(refusals) > 1


async def _refusal(file: Path) -> str:
    """What is said where the damage is noticed; where it isn't, everything is as it was."""
    try:
        await _as_it_was(file)
    except StoreError as error:
        return str(error)
    return ""


async def _as_it_was(file: Path) -> None:
    store = await SqliteStore(file).open()
    try:
        acts = await store.acts("AC1", {intent.call_sid for intent in MANY})
        assert len(acts) == 60
        assert len(await store.unfinished("AC1")) == 30
        assert [pause.reason for pause in await store.pauses()] == ["wait"]
        assert await store.claim(MANY) == []
        assert len(await store.claim([replace(INTENT, call_sid="new")])) == 1
    finally:
        await store.close()


async def _opened_and_claimed(file: Path) -> object:
    store = await SqliteStore(file).open()
    try:
        return await store.claim(MANY)
    finally:
        await store.close()


@pytest.mark.parametrize("part", [0.25, 0.5, 0.9])
async def test_a_truncated_file_is_refused_and_works_again_restored(
    tmp_path: Path, part: float
) -> None:
    whole, file = tmp_path / "whole.db", tmp_path / "a.db"
    await filled(whole)
    shutil.copy(whole, file)
    os.truncate(file, int(file.stat().st_size * part))
    with pytest.raises(StoreError, match="is damaged") as caught:
        await _opened_and_claimed(file)
    assert "backup" in caught.value.hint
    shutil.copy(whole, file)
    assert await _opened_and_claimed(file) == []


@pytest.mark.parametrize("garbage", [b"", b"\0" * 5_000, b"garbage! " * 5_000])
async def test_a_log_full_of_garbage_hides_nothing_that_the_file_holds(
    tmp_path: Path, garbage: bytes
) -> None:
    file = tmp_path / "a.db"
    await filled(file)
    Path(f"{file}-wal").write_bytes(garbage)
    store = await SqliteStore(file).open()
    assert await store.claim(MANY) == []
    assert (await store.verify()).fault == ""
    await store.close()


async def test_a_file_that_is_damaged_while_running_stops_acts(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    await filled(file)
    store = await SqliteStore(file).open()
    os.truncate(file, 2 * PAGE)
    with pytest.raises(StoreError):
        await store.claim([replace(INTENT, call_sid="new")])
    await store.close()


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
async def test_a_deleted_file_takes_no_acts_until_it_is_back(tmp_path: Path, suffix: str) -> None:
    """An unlinked database would take them, and nobody would find them again."""
    file, away = tmp_path / "a.db", tmp_path / "away"
    store = await SqliteStore(file).open()
    (entry,) = await store.claim([INTENT])
    os.rename(f"{file}{suffix}", away)
    other = replace(INTENT, call_sid="CA2")
    for work in (
        store.claim([other]),
        store.record(entry, "done", at=2, attempt=1),
        store.pauses(),
        store.renew(3),
    ):
        with pytest.raises(StoreError, match="was deleted while it was in use") as caught:
            await work
        assert "put the file back" in caught.value.hint
    os.rename(away, f"{file}{suffix}")
    assert len(await store.claim([other])) == 1
    await store.record(entry, "done", at=2, attempt=1)
    assert (await store.verify()).fault == ""
    await store.close()


async def test_a_replaced_file_takes_no_acts(tmp_path: Path) -> None:
    file, copy = tmp_path / "a.db", tmp_path / "copy.db"
    store = await SqliteStore(file).open()
    await done(store, INTENT)
    db = sqlite3.connect(file)
    db.execute("VACUUM INTO ?", (str(copy),))
    db.close()
    os.replace(copy, file)
    with pytest.raises(StoreError, match="was replaced while it was in use") as caught:
        await store.claim([replace(INTENT, call_sid="CA2")])
    assert "start callflow again" in caught.value.hint
    await store.close()


async def test_what_belongs_to_running_it_is_no_replacement(tmp_path: Path) -> None:
    """Others come and go, back it up, checkpoint and compact it."""
    file = tmp_path / "a.db"
    store = await SqliteStore(file).open()
    await done(store, INTENT)
    for command in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", "ANALYZE"):
        db = sqlite3.connect(file)
        db.execute(command).fetchall()
        db.close()
        await done(store, replace(INTENT, call_sid=command))
    with sqlite3.connect(file) as db, sqlite3.connect(tmp_path / "copy.db") as copy:
        db.backup(copy)
    db.close()
    copy.close()
    reader = await SqliteStore(file, read_only=True).open()
    assert len(await sids(reader)) == 4
    await reader.close()
    another = await SqliteStore(file).open()
    await done(another, replace(INTENT, call_sid="CA9"))
    await another.close()
    await done(store, replace(INTENT, call_sid="CA10"))
    assert (await store.verify()).fault == ""
    await store.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE pauses SET at = 'soon'",
        "UPDATE pauses SET until = 'never'",
        "UPDATE pauses SET tripped = 'yes'",
        "UPDATE pauses SET flow = x'07'",
        "UPDATE pauses SET reason = x'ff00'",
        "UPDATE pauses SET reason = CAST(x'ff' AS TEXT)",
        "DROP TABLE pauses",
    ],
)
async def test_a_pause_that_cant_be_read_is_an_error_never_nothing(
    tmp_path: Path, damage: str
) -> None:
    store = await SqliteStore(tmp_path / "a.db").open()
    await store.pause(Pause(flow="caps", reason="wait", by="ann", at=5))
    db = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    db.execute(damage)
    db.close()
    with pytest.raises(StoreError) as caught:
        await store.pauses()
    assert "backup" in caught.value.hint
    with pytest.raises(StoreError):
        await store.resume(flow="caps", by="ann", at=6)
    await store.close()


async def test_a_lease_that_cant_be_read_is_an_error(tmp_path: Path) -> None:
    store = await SqliteStore(tmp_path / "a.db").open()
    await store.take("me", over=None, at=1)
    db = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    db.execute("UPDATE lease SET beat = 'often'")
    db.close()
    for work in (store.lease(), store.claim([INTENT]), store.take("me", over=None, at=2)):
        with pytest.raises(StoreError, match="lease can't be read"):
            await work
    await store.close()
