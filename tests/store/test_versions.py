"""Stores of every earlier version, as that version wrote them, become one of today's."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.decision.once import Past
from runner.engine.ports import HistoryQuery, StoreError
from runner.pauses import Pause
from runner.store.database import SCHEMA_VERSION
from runner.store.sqlite import SqliteStore
from runner.store.url import open_store, open_store_to_read
from runner.store.versions import VERSIONS

FOLDER = Path(__file__).parent / "versions"
EARLIER = range(1, SCHEMA_VERSION)

#: Of each version that checkouts have: its script, which may not be edited any more.
SCRIPTS = {1: "b5a1e14c7543bcae", 2: "dfb5a94ad40bfb22", 3: "0d1435448cfea119"}


#: Why is paused what is paused in each file; the rows of its journal, and how many went before.
PAUSED = {1: [], 2: ["too eager"], 3: ["too eager"]}
JOURNAL = {1: (12, 0), 2: (16, 2), 3: (16, 2)}


def of_version(version: int, file: Path) -> Path:
    """A store as callflow of that version left it."""
    db = sqlite3.connect(file)
    db.executescript((FOLDER / f"{version}.sql").read_text())
    db.close()
    return file


def version_of(file: Path) -> int:
    db = sqlite3.connect(file)
    (version,) = db.execute("PRAGMA user_version").fetchone()
    db.close()
    return int(version)


def test_every_earlier_version_is_tested() -> None:
    assert sorted(file.name for file in FOLDER.iterdir()) == [f"{n}.sql" for n in EARLIER]


@pytest.mark.parametrize("version", EARLIER)
def test_no_script_of_an_earlier_version_was_edited(version: int) -> None:
    found = hashlib.sha256(VERSIONS[version - 1].encode()).hexdigest()
    assert found.startswith(SCRIPTS[version]), "add a version instead"


@pytest.mark.parametrize("version", EARLIER)
async def test_nothing_is_lost(tmp_path: Path, version: int) -> None:
    file = of_version(version, tmp_path / "a.db")
    old = await SqliteStore(file, read_only=True).open()
    before = await old.history(HistoryQuery())
    await old.close()
    assert version_of(file) == version
    store = await SqliteStore(file).open()
    assert version_of(file) == SCHEMA_VERSION
    assert await store.history(HistoryQuery()) == before
    assert len(before) == 7
    assert [pause.reason for pause in await store.pauses()] == PAUSED[version]
    assert await store.holds("AC1") == (
        {("CA1", "caps/cut@1"): 900, ("CA9", "caps/long@2"): 950},
        990,
    )
    assert (await store.verify()).fault == ""
    await store.close()


@pytest.mark.parametrize("version", EARLIER)
async def test_once_is_still_remembered(tmp_path: Path, version: int) -> None:
    store = await open_store(f"sqlite:///{of_version(version, tmp_path / 'a.db')}")
    entries = await store.history(HistoryQuery())
    again = await store.claim([replace(entry.intent, at=9_000) for entry in entries])
    assert [entry.intent.call_sid for entry in again] == ["CA4"], "it was withdrawn"
    assert [e.intent.call_sid for e in await store.unfinished("AC1")] == ["CA3", "CA7", "CA4"]
    assert await store.values("AC1", {("caps/per", "+12125550100", False)}) == {
        ("caps/per", "+12125550100", False): 6_000
    }
    await store.close()


@pytest.mark.parametrize("version", EARLIER)
async def test_an_act_from_before_there_were_parts_is_an_update(
    tmp_path: Path, version: int
) -> None:
    file = of_version(version, tmp_path / "a.db")
    for opened in (open_store_to_read, open_store):
        store = await opened(f"sqlite:///{file}")
        acts = await store.acts("AC1", {"CA2", "CA4", "CA5"})
        assert acts == {
            "CA2": {"caps/end": Past(1, 2_000)},
            "CA5": {"caps/end": Past(0, 0, True)},
        }
        await store.close()
    store = await open_store(f"sqlite:///{file}")
    update, *_ = await store.history(HistoryQuery(call_sid="CA2"))
    assert (update.intent.part, update.intent.route, update.intent.repeatable) == ("", "", False)
    log = replace(update.intent, part="log", route="history", at=9_000)
    assert [entry.intent for entry in await store.claim([update.intent, log])] == [log]
    await store.record(update, "failed", at=9_000, attempt=1, detail="too late")
    assert (await store.verify()).fault == ""
    await store.close()


@pytest.mark.parametrize("version", EARLIER)
async def test_what_ended_calls_then_is_counted(tmp_path: Path, version: int) -> None:
    file = of_version(version, tmp_path / "a.db")
    for opened in (open_store_to_read, open_store):
        store = await opened(f"sqlite:///{file}")
        assert await store.ended("AC1", 0) == {"caps/end": [2_000, 3_000, 7_000]}
        await store.close()


async def test_a_request_that_cant_be_read_counts_as_one_that_ends(tmp_path: Path) -> None:
    file = of_version(1, tmp_path / "a.db")
    db = sqlite3.connect(file)
    db.execute("UPDATE acts SET request = '{\"Twiml' WHERE id = 1")
    db.commit()
    db.close()
    store = await open_store(f"sqlite:///{file}")
    assert (await store.ended("AC1", 0))["caps/cut"] == [1_000]
    with pytest.raises(StoreError, match="act 1 in the store can't be read"):
        await store.history(HistoryQuery())
    assert (await store.verify()).fault == "act 1: the ledger's request can't be read"
    await store.close()


@pytest.mark.parametrize("version", EARLIER)
async def test_all_of_today_works_on_it(tmp_path: Path, version: int) -> None:
    store = await open_store(f"sqlite:///{of_version(version, tmp_path / 'a.db')}")
    await store.take("me", over=None, at=1)
    await store.pause(Pause(reason="wait", by="ann", at=2))
    assert await store.trim(before=10**12, keep=[("AC1", "CA2")]) == 4
    left = [entry.intent.call_sid for entry in await store.history(HistoryQuery())]
    assert left == ["CA2", "CA3", "CA7"]
    assert (await store.verify()).fault == ""
    await store.close()


@pytest.mark.parametrize("version", EARLIER)
async def test_looking_changes_no_version(tmp_path: Path, version: int) -> None:
    file = of_version(version, tmp_path / "a.db")
    store = await open_store_to_read(f"sqlite:///{file}")
    assert (await store.acts("AC1", {"CA2"}))["CA2"]["caps/end"].count == 1
    assert len(await store.unfinished("AC1")) == 2
    assert ([pause.reason for pause in await store.pauses()], await store.lease()) == (
        PAUSED[version],
        None,
    )
    verified = await store.verify()
    assert (verified.fault, verified.rows, verified.trimmed) == ("", *JOURNAL[version])
    with pytest.raises(StoreError):
        await store.pause(Pause(by="ann", at=2))
    await store.close()
    assert version_of(file) == version


# ---- many at once, and cut short -------------------------------------------------------------

_OPEN = """
import asyncio, sys
from runner.store.url import open_store
async def main():
    store = await open_store("sqlite:///" + sys.argv[1])
    verified = await store.verify()
    print(verified.rows, verified.fault)
    await store.close()
print("ready", flush=True)
sys.stdin.readline()
asyncio.run(main())
"""

_DIE = """
import os, signal, sqlite3, sys
from runner.store.transactions import writing
from runner.store.versions import upgrade
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
def die_at(statement):
    if sys.argv[2] in statement:
        os.kill(os.getpid(), signal.SIGKILL)
db.set_trace_callback(die_at)
with writing(db):
    upgrade(db, 0x43464C57)
"""

#: Statements on the way, each about to be run when the process is killed; the newest version that
#: a file may have and still need it.
_LAST = (
    ("ALTER TABLE acts ADD COLUMN ends", 1),
    ("UPDATE acts SET ends", 1),
    ("CREATE TRIGGER checkpoint_is_final", 1),
    ("DROP TRIGGER", 1),
    ("ALTER TABLE acts ADD COLUMN part", 2),
    ("ALTER TABLE acts ADD COLUMN repeatable", 2),
    ("CREATE UNIQUE INDEX acts_once ON acts (account, call_sid, flow, rule, number, part)", 2),
    ("CREATE INDEX acts_withdrawn ON acts (account", 2),
    ("DROP INDEX acts_once", 3),
    ("CREATE INDEX acts_withdrawn ON acts (call_sid", 3),
    ("PRAGMA user_version = ", 3),
    ("COMMIT", 3),
)


@pytest.mark.parametrize("version", [0, *EARLIER])
async def test_many_may_start_at_once(tmp_path: Path, version: int) -> None:
    file = tmp_path / "a.db"
    if version:
        of_version(version, file)
    command = (sys.executable, "-c", _OPEN, str(file))
    many = [
        await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        for _ in range(5)
    ]
    for process in many:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    answers = await asyncio.gather(*(process.communicate(b"go\n") for process in many))
    rows, _ = JOURNAL.get(version, (0, 0))
    assert answers == [(b"%d \n" % rows, b"")] * 5
    assert version_of(file) == SCHEMA_VERSION


@pytest.mark.parametrize(
    ("version", "statement"),
    [(version, said) for version in (0, *EARLIER) for said, newest in _LAST if version <= newest],
)
async def test_killed_half_way_it_is_as_before(
    tmp_path: Path, version: int, statement: str
) -> None:
    file = tmp_path / "a.db"
    if version:
        of_version(version, file)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _DIE, file, statement)
    assert await process.wait() == -signal.SIGKILL
    assert version_of(file) == version
    store = await open_store(f"sqlite:///{file}")
    assert len(await store.history(HistoryQuery())) == (7 if version else 0)
    assert (await store.verify()).fault == ""
    await store.close()
    assert version_of(file) == SCHEMA_VERSION
