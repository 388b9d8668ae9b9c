"""Promises of `callflow run` as a process: braked from the first moment, and nothing cut off."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from runner.engine.ports import HistoryQuery, Intent
from runner.sandbox import RunningClock, Sandbox
from runner.store.sqlite import SqliteStore
from tests.engine.many import add_accounts
from tests.process import PATIENCE, callflow, daemon, spawn

FLOW = """\
version: 1
flow: f
guard: unlimited
rules:
  - id: r
    match: {from: "+14155550199"}
    then: [{say: hi}, {pause: 9m}]
"""


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=RunningClock(round(time.time() * 1000), time.monotonic)) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "f.yaml").write_text(FLOW)
    return tmp_path


async def until_open(process: Process, path: Path) -> None:
    """Waits until the process has this file open."""
    folder = Path("/proc", str(process.pid), "fd")
    async with asyncio.timeout(PATIENCE):
        found: set[str] = set()
        while str(path) not in found:
            await asyncio.sleep(0.02)
            with suppress(FileNotFoundError):  # closed between the two looks
                found = {os.readlink(link) for link in folder.iterdir()}


async def until_sent(sandbox: Sandbox, updates: int) -> None:
    """Waits until so many updates have come."""
    async with asyncio.timeout(PATIENCE):
        while len(sandbox.journal.of("update")) < updates:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


# ---- the kill switch by signal ----------------------------------------------------------------


async def test_a_brake_signal_during_the_start_counts_and_ends_nothing(
    sandbox: Sandbox, project: Path
) -> None:
    """Whoever starts it again after its death would otherwise have it act."""
    path = project / "callflow.db"
    await (await SqliteStore(path).open()).close()
    sandbox.add_call(from_="+14155550199")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with daemon(at=sandbox, cwd=project) as running:
            await until_open(running.process, path)
            running.process.send_signal(signal.SIGUSR1)
            await asyncio.sleep(0.1)
            other.execute("ROLLBACK")
            await running.hears("rule.paused", scope="everything", reason="signal SIGUSR1")
            await running.hears("poll", calls=1)
            assert (project / "PAUSED").exists()
            assert not sandbox.journal.of("update")


async def test_a_brake_signal_stops_a_single_poll_and_ends_nothing(
    sandbox: Sandbox, project: Path
) -> None:
    for _ in range(40):
        sandbox.add_call(from_="+14155550199")
    sandbox.set_fault("slow", on=("update",), seconds=1.0)
    process = await spawn("run", "--once", at=sandbox, cwd=project)
    await until_sent(sandbox, 1)
    process.send_signal(signal.SIGUSR1)
    await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode is not None
    assert process.returncode >= 0, "it was ended by the signal"
    assert (project / "PAUSED").exists()
    assert len(sandbox.journal.of("update")) < 40


# ---- one poll of many accounts ----------------------------------------------------------------


async def test_once_lets_the_others_end_where_one_account_cannot_be_read(
    sandbox: Sandbox, project: Path
) -> None:
    told, environ = add_accounts(sandbox, {"main": {}, "other": {}})
    config = {"version": 1, "accounts": told}
    (project / "callflow.yaml").write_text(json.dumps(config))
    store = await SqliteStore(project / "callflow.db").open()
    sid = sandbox.account("other").sid
    await store.claim([Intent(sid, "CA" + "0" * 32, "f", "r", "", ("say",), {}, "", 0)])
    await store.close()
    with closing(sqlite3.connect(project / "callflow.db")) as db:
        db.execute("UPDATE acts SET then_ = 'not JSON'")
        db.commit()
    sandbox.add_call(from_="+14155550199")
    sandbox.set_fault("slow", on=("update",), seconds=0.5)
    done = await callflow("run", "--once", at=sandbox, cwd=project, **environ)
    assert done.code == 3, done.err
    assert "can't be read" in done.err
    with closing(sqlite3.connect(project / "callflow.db")) as db:
        db.execute("UPDATE acts SET then_ = '[]' WHERE then_ = 'not JSON'")
        db.commit()
    store = await SqliteStore(project / "callflow.db", read_only=True).open()
    history = await store.history(HistoryQuery())
    await store.close()
    outcomes = {e.intent.account: e.outcome for e in history}
    assert outcomes == {sid: "intended", sandbox.account_sid: "done"}, done.err
