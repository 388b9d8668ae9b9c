"""Stopping a process that is stuck where Python's own handlers of signals have no turn.

A disk that hangs keeps the kernel busy; here it is a question to SQLite that never ends.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process

from runner.cli.exits import FAILURE
from tests.process import PATIENCE, environment

STUCK = """
import asyncio, sqlite3, sys
from runner.cli.daemon.stopping import Stopping
stopping = Stopping()
stopping.install()
async def main():
    stopping.begin(lambda: None, grace=int(sys.argv[1]))
    print("stuck", flush=True)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    sqlite3.connect(":memory:").execute(endless).fetchall()
asyncio.run(main())
"""


async def stuck(grace: int) -> Process:
    """A process whose event loop never has its turn again."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STUCK, str(grace)), stdout=PIPE, env=environment(None)
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"stuck\n"
    return process


async def code_of(process: Process) -> int:
    try:
        return await asyncio.wait_for(process.wait(), PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_is_gone_after_the_grace() -> None:
    process = await stuck(grace=0)
    process.terminate()
    assert await code_of(process) == FAILURE


async def test_a_second_signal_ends_it_at_once() -> None:
    """Of another kind: two of one kind, so soon after each other, may come as one."""
    process = await stuck(grace=600_000)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    assert await code_of(process) in (128 + signal.SIGTERM, 128 + signal.SIGINT)
