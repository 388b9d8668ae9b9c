"""Promises of a runner whose disk fails it: what can't be recorded isn't done, and is shown."""

from __future__ import annotations

import signal
import sqlite3
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.sandbox import ManualClock, Sandbox
from tests.process import Daemon, callflow, daemon, environment

SPEAK = """\
version: 1
flow: speaks
guard: unlimited
rules:
  - id: hello
    then: [{say: hello}, {pause: 9m}]
"""


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "speak.yaml").write_text(SPEAK)
    return tmp_path


async def on_a_small_disk(sandbox: Sandbox, project: Path, blocks: int) -> Daemon:
    """A runner whose files can't grow beyond so many blocks of 1,024 bytes."""
    command = f'ulimit -f {blocks}; exec "$0" -m runner run --log-format json --interval 500ms'
    process = await create_subprocess_exec(
        *("bash", "-c", command, sys.executable),
        stdout=PIPE,
        stderr=PIPE,
        env=environment(sandbox),
        cwd=project,
    )
    return Daemon(process)


def spoken_to(sandbox: Sandbox) -> set[str]:
    return {entry.request.sid for entry in sandbox.journal.of("update")}


async def test_a_disk_that_is_full_stops_acts_and_is_told_until_it_is_mended(
    sandbox: Sandbox, project: Path
) -> None:
    (project / "callflow.yaml").write_text("version: 1\nlease: 1s\n")
    runner = await on_a_small_disk(sandbox, project, 200)
    try:
        await runner.hears("poll")
        for _ in range(200):
            sandbox.add_call()
        # The renewals of the lease are small, and may still fit.
        failed = await runner.hears("poll.failed")
        assert "disk" in failed["error"]
        assert "full" in failed["hint"]
        again = await runner.hears("poll.failed")
        assert "disk" in again["error"]
        before = spoken_to(sandbox)
        late = sandbox.add_call()
        await runner.hears("poll.failed")
        assert late.sid not in spoken_to(sandbox)
        assert (await runner.end(signal.SIGTERM)).code == 0
    finally:
        if runner.process.returncode is None:
            runner.process.kill()
            await runner.process.communicate()
    db = sqlite3.connect(project / "callflow.db")
    recorded = {sid for (sid,) in db.execute("SELECT call_sid FROM acts")}
    db.close()
    assert before <= recorded, "nothing was sent that is not on record"
    async with daemon(at=sandbox, cwd=project) as mended:
        await mended.hears("action.done", call=late.sid)
    assert (await callflow("history", "--verify", cwd=project)).code == 0


async def test_a_store_that_is_removed_while_it_runs_stops_acts(
    sandbox: Sandbox, project: Path
) -> None:
    async with daemon(at=sandbox, cwd=project) as runner:
        await runner.hears("poll")
        (project / "callflow.db").unlink()
        sandbox.add_call()
        failed = await runner.hears("poll.failed")
        assert "callflow.db" in failed["error"]
        assert failed["hint"]
        await runner.hears("poll.failed")
        assert spoken_to(sandbox) == set()
        assert (await runner.end(signal.SIGTERM)).code == 0


async def test_a_store_of_the_first_version_is_brought_up_to_date_and_remembers(
    sandbox: Sandbox, project: Path
) -> None:
    told, new = sandbox.add_call(), sandbox.add_call()
    first = Path(__file__).parent.parent / "store" / "versions" / "1.sql"
    db = sqlite3.connect(project / "callflow.db")
    db.executescript(first.read_text())
    db.execute(
        "UPDATE acts SET account = ?, call_sid = ?, flow = 'speaks', rule = 'hello', number = 1,"
        " outcome = 'done' WHERE id = (SELECT min(id) FROM acts)",
        (sandbox.account_sid, told.sid),
    )
    db.commit()
    db.close()
    async with daemon(at=sandbox, cwd=project) as runner:
        await runner.hears("action.done", call=new.sid)
        await runner.hears("poll")
    assert spoken_to(sandbox) == {new.sid}
