"""Promises of `callflow doctor` about the store: its file, its disk, who acts on it, pauses."""

from __future__ import annotations

import asyncio
import json
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from runner.cli.checkup import store as doctor_store
from runner.engine.holder import identify
from runner.engine.killswitch import KillSwitch
from runner.engine.ports import Intent, Pause
from runner.sandbox import Sandbox
from runner.store.checkup import examine as examine_store
from runner.store.database import APPLICATION_ID
from runner.store.sqlite import SqliteStore
from runner.store.versions import VERSIONS
from tests.cli.doctor.visiting import bad, diagnose, now, of, the
from tests.process import callflow, environment

# ---- the store ------------------------------------------------------------------------------


async def filled(path: Path, acts: int) -> None:
    store = await SqliteStore(path).open()
    await store.claim(
        [
            Intent(
                "AC" + "1" * 32,
                f"CA{number:032x}",
                flow="ends",
                rule="end",
                revision="1",
                then=("hangup",),
                request={"Status": "completed"},
                why="it matched",
                at=number,
            )
            for number in range(acts)
        ]
    )
    await store.close()


async def test_a_store_that_is_sound(sandbox: Sandbox, project: Path) -> None:
    await filled(project / "callflow.db", 3)
    before = (project / "callflow.db").read_bytes()
    found = await diagnose(sandbox)
    assert bad(found) == []
    assert the("store", found).seen == "callflow.db can be read and written"
    assert the("journal", found).seen == "3 rows, all as they were written"
    assert (project / "callflow.db").read_bytes() == before


def change(path: Path, *statements: str) -> None:
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


async def test_a_store_that_was_tampered_with(project: Path) -> None:
    await filled(project / "s.db", 3)
    change(project / "s.db", "UPDATE acts SET why = 'it did not'")
    found = await doctor_store.examine_file("sqlite:///s.db")
    assert bad(found) == [("problem", "journal")]
    assert "the ledger's why is it did not" in the("journal", found).seen


async def test_a_store_that_is_damaged(project: Path) -> None:
    await filled(project / "s.db", 2_000)
    size = (project / "s.db").stat().st_size
    with (project / "s.db").open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096)
    found = await doctor_store.examine_file("sqlite:///s.db")
    assert ("problem", "store") in bad(found)
    assert "damaged" in of("store", found)[0].seen


@pytest.mark.parametrize(
    ("content", "seen"),
    [(b"not a database, by any means " * 40, "not a SQLite database"), (None, "another program")],
)
async def test_a_file_that_is_no_store(content: bytes | None, seen: str, project: Path) -> None:
    if content is None:
        change(project / "s.db", "CREATE TABLE mine (x)")
    else:
        (project / "s.db").write_bytes(content)
    found = await doctor_store.examine_file("sqlite:///s.db")
    assert bad(found) == [("problem", "store")]
    assert seen in the("store", found).seen


async def test_an_older_and_a_newer_store(project: Path) -> None:
    db = sqlite3.connect(project / "s.db")
    db.executescript(
        f"{VERSIONS[0]} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;"
    )
    db.close()
    found = await doctor_store.examine_file("sqlite:///s.db")
    assert bad(found) == [("warning", "store")]
    assert "older callflow (version 1" in of("store", found)[1].seen
    change(project / "s.db", "PRAGMA user_version = 99")
    found = await doctor_store.examine_file("sqlite:///s.db")
    assert bad(found) == [("problem", "store")]
    assert "newer callflow" in the("store", found).seen


async def test_a_store_that_another_program_locks(project: Path) -> None:
    await filled(project / "s.db", 1)
    other = sqlite3.connect(project / "s.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    found = await doctor_store.examine_file("sqlite:///s.db")
    other.close()
    assert bad(found) == [("problem", "store")]
    assert "in use by another program" in the("store", found).seen


async def test_a_disk_that_takes_no_more(sandbox: Sandbox, project: Path) -> None:
    await filled(project / "callflow.db", 1)
    size = (project / "callflow.db").stat().st_size
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}));"
        "from runner.cli.main import main; main(['doctor', '--format', 'json', '--no-fetch'])"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        stdout=subprocess.PIPE,
        env=environment(sandbox),
        cwd=project,
    )
    out, _ = await process.communicate()
    rows = [row for row in json.loads(out) if row["level"] != "ok"]
    assert [(row["level"], row["check"]) for row in rows] == [("problem", "store")]
    assert process.returncode == 1


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("sqlite:////nowhere/at/all/s.db", "there is no folder /nowhere/at/all"),
        ("sqlite:////proc/s.db", "can't write to /proc"),
        ("floppy", "is not a store"),
    ],
)
async def test_a_store_that_cannot_be_made(url: str, seen: str) -> None:
    found = await doctor_store.examine_file(url)
    assert ("problem", "store") in bad(found)
    assert seen in the("store", found).seen


async def test_a_store_too_large_to_read_in_time_is_said_to_be(project: Path) -> None:
    await filled(project / "s.db", 3_000)
    checkup = examine_store(project / "s.db", seconds=-1)
    assert checkup.unfinished == ("PRAGMA quick_check", "callflow history --verify")
    assert checkup.not_written is None


def test_a_disk_that_is_nearly_full() -> None:
    levels = [doctor_store.disk_finding(free << 20).level for free in (5, 100, 5_000)]
    assert levels == ["problem", "warning", "ok"]


def test_a_network_share_is_found_by_its_mount(tmp_path: Path) -> None:
    share = tmp_path / "a share"
    (share / "below").mkdir(parents=True)
    mounts = tmp_path / "mounts"
    named = str(share).replace(" ", "\\040")
    mounts.write_text(
        f"/dev/sda / ext4 rw 0 0\nnas:/x {named} nfs4 rw 0 0\nproc /proc proc rw 0 0\n"
    )
    assert doctor_store.file_system(share / "below", mounts) == "nfs4"
    assert doctor_store.file_system(tmp_path, mounts) == "ext4"
    assert doctor_store.file_system(tmp_path, tmp_path / "none") == ""
    shares = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "ceph")
    assert {doctor_store.network_finding(kind).level for kind in shares} == {"problem"}
    assert {doctor_store.network_finding(k).level for k in ("ext4", "xfs", "")} == {"ok"}


# ---- who acts, and what is paused -----------------------------------------------------------


async def leased(path: Path, holder: str, at: int) -> SqliteStore:
    store = await SqliteStore(path).open()
    assert await store.take(holder, over=await store.lease(), at=at) is not None
    return store


async def test_a_runner_that_lives(sandbox: Sandbox, project: Path) -> None:
    store = await leased(project / "callflow.db", identify(), now())
    found = await diagnose(sandbox)
    await store.close()
    assert bad(found) == []
    assert "acts on this store; renewed its lease" in the("runner", found).seen


async def test_a_runner_that_says_nothing_any_more(sandbox: Sandbox, project: Path) -> None:
    store = await leased(project / "callflow.db", "far:7:1:world", now() - 300_000)
    found = await diagnose(sandbox)
    await store.close()
    assert bad(found) == [("warning", "runner")]
    assert the("runner", found).seen.startswith("process 7 on far last renewed its lease 5m")


async def test_a_runner_that_died(sandbox: Sandbox, project: Path) -> None:
    code = "from runner.engine.holder import identify; print(identify())"
    dead = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    out, _ = await dead.communicate()
    store = await leased(project / "callflow.db", out.decode().strip(), now())
    found = await diagnose(sandbox)
    await store.close()
    assert bad(found) == [("warning", "runner")]
    assert "died with the lease" in the("runner", found).seen


async def test_runners_that_take_the_lease_from_each_other(sandbox: Sandbox, project: Path) -> None:
    one = await leased(project / "callflow.db", "one:1:1:w", now())
    two = await SqliteStore(project / "callflow.db").open()

    async def fight() -> None:
        while True:
            for store, name in ((two, "two:2:2:w"), (one, "one:1:1:w")):
                await store.take(name, over=await store.lease(), at=now())
                await asyncio.sleep(0.03)

    fighting = asyncio.ensure_future(fight())
    found = await diagnose(sandbox)
    fighting.cancel()
    await asyncio.wait({fighting})
    await one.close()
    await two.close()
    assert bad(found) == [("problem", "runner")]
    assert "take the lease from each other" in the("runner", found).seen


async def test_every_pause_comes_with_the_command_that_lifts_it(
    sandbox: Sandbox, project: Path
) -> None:
    store = await SqliteStore(project / "callflow.db").open()
    account = sandbox.account_sid
    for pause in (
        Pause(flow="ends", rule="end", reason="12 in 1m", tripped=True, account=account, at=now()),
        Pause(flow="ends", reason="to look at it", by="ann@desk", at=now()),
        Pause(account=account, reason="moving house", by="ann@desk", at=now()),
        Pause(flow="ends", rule="end", reason="over", by="ann@desk", at=1, until=2),
    ):
        await store.pause(pause)
    await store.close()
    KillSwitch(project / "PAUSED").throw(Pause(reason="storm", by="bob@desk", at=now()))
    found = await diagnose(sandbox)
    assert bad(found) == [("warning", "paused")] * 4
    assert "storm" in of("paused", found)[0].seen
    for each in of("paused", found):
        words = shlex.split(each.fix.partition(": ")[2])
        assert words[:2] == ["callflow", "resume"]
        done = await callflow(*words[1:], at=sandbox, cwd=project)
        assert (done.code, done.out[:7]) == (0, "resumed")
    assert the("paused", await diagnose(sandbox)).seen == "nothing is"
