"""Disks that are full, or may not be written: nothing half written, and it works again after."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.store.failures import explained

#: In a process of its own, because what it gives up it can't get back. Prints what it saw.
_SCRIPT = """
import asyncio, json, os, resource, sys
from msgspec.structs import replace
from pathlib import Path
from runner.engine.ports import HistoryQuery, StoreError
from runner.store.sqlite import SqliteStore
from tests.store.intents import INTENT
from runner.pauses import Pause
file, seen = Path(sys.argv[1]), {}
async def tried(name, work):
    try:
        await work
        seen[name] = None
    except StoreError as error:
        seen[name] = [str(error), error.hint]
def limited(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
def unprivileged():
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
async def facts(store):
    seen["acts"] = [[e.intent.call_sid, e.outcome] for e in await store.history(HistoryQuery())]
    seen["fault"] = (await store.verify()).fault
async def main():
BODY
    print(json.dumps(seen))
asyncio.run(main())
"""

_FULL = """
    store = await SqliteStore(file).open()
    (entry,) = await store.claim([INTENT])
    limited(max(f.stat().st_size for f in file.parent.iterdir()))
    many = [replace(INTENT, call_sid=f"CA{n}") for n in range(2, 9)]
    for name, work in (
        ("claim", store.claim(many)),
        ("record", store.record(entry, "done", at=2, attempt=1)),
        ("pause", store.pause(Pause(reason="wait", by="ann", at=3))),
        ("holds", store.keep_holds("AC1", {("CA1", "r"): 1}, at=4)),
        ("take", store.take("me", over=None, at=5)),
        ("trim", store.trim(before=10**12, keep=[])),
        ("pauses", store.pauses()),
    ):
        await tried(name, work)
    await facts(store)
    seen["lease"] = await store.lease()
    limited(resource.RLIM_INFINITY)
    await tried("claim again", store.claim(many))
    await tried("record again", store.record(entry, "done", at=2, attempt=1))
    seen["after"] = [[e.intent.call_sid, e.outcome] for e in await store.history(HistoryQuery())]
    seen["fault after"] = (await store.verify()).fault
    await store.close()
"""

_FULL_FROM_THE_START = """
    limited(2_000)
    await tried("open", SqliteStore(file).open())
    limited(resource.RLIM_INFINITY)
    store = await SqliteStore(file).open()
    await tried("claim", store.claim([INTENT]))
    await facts(store)
    await store.close()
"""

_READ_ONLY = """
    unprivileged()
    await tried("open", SqliteStore(file).open())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that others may enter: `tmp_path` is for its owner alone."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
        os.chmod(name, 0o700)


async def seen(body: str, file: Path) -> dict[str, Any]:
    """What the process saw."""
    script = _SCRIPT.replace("BODY", body)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script, str(file)), stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    found: dict[str, Any] = json.loads(out)
    return found


async def test_a_full_disk_takes_nothing_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    found = await seen(_FULL, tmp_path / "a.db")
    for name in ("claim", "record", "pause", "holds", "take"):
        message, hint = found[name]
        assert message.startswith("the disk failed the store"), name
        assert "full" in hint
    assert found["pauses"] is None
    assert found["trim"] is None, "there is nothing to trim"
    assert (found["acts"], found["lease"]) == ([["CA1", "intended"]], None)
    assert (found["claim again"], found["record again"]) == (None, None)
    assert found["after"][0] == ["CA1", "done"]
    assert len(found["after"]) == 8
    assert (found["fault"], found["fault after"]) == ("", "")


async def test_a_disk_that_is_full_from_the_start(tmp_path: Path) -> None:
    found = await seen(_FULL_FROM_THE_START, tmp_path / "a.db")
    message, hint = found["open"]
    assert "the store" in message
    assert "full" in hint
    assert found["claim"] is None
    assert (found["acts"], found["fault"]) == ([["CA1", "intended"]], "")


async def test_a_folder_that_may_not_be_written(folder: Path) -> None:
    os.chmod(folder, 0o555)
    message, hint = (await seen(_READ_ONLY, folder / "a.db"))["open"]
    assert message.startswith("can't open or write the store")
    assert "make the file and its folder writable" in hint
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("mode", [0o555, 0o777])
async def test_a_file_that_may_not_be_written_is_refused_at_the_start(
    folder: Path, mode: int
) -> None:
    """Not with the first act that can't be recorded."""
    file = folder / "a.db"
    db = sqlite3.connect(file)
    db.executescript((Path(__file__).parent / "versions" / "1.sql").read_text())
    db.close()
    before = file.read_bytes()
    os.chmod(file, 0o444)
    os.chmod(folder, mode)
    message, hint = (await seen(_READ_ONLY, file))["open"]
    assert message.startswith("can't open or write the store")
    assert "make the file and its folder writable" in hint
    assert file.read_bytes() == before


def test_a_database_that_may_not_grow_says_that_the_disk_is_full(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "a.db")
    db.execute("CREATE TABLE acts (x)")
    db.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError) as caught:
        db.execute("INSERT INTO acts VALUES (zeroblob(100000))")
    db.close()
    error = explained(caught.value, tmp_path / "a.db")
    assert "can't write the store" in str(error)
    assert "free some disk space" in error.hint
