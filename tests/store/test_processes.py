"""Several processes on one store: one leads, none waits for ever, none breaks the chain."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.engine.ports import LeaseLost, StoreError
from runner.store.sqlite import SqliteStore
from tests.store.intents import INTENT, sids

#: Takes the lease over as often as it can, and writes under it each time.
_CONTEND = """
import asyncio, sys
from msgspec.structs import replace
from pathlib import Path
from runner.engine.ports import LeaseLost
from runner.store.sqlite import SqliteStore
from tests.store.intents import INTENT
file, name, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
async def main():
    store = await SqliteStore(file, patience=30).open()
    print("ready", flush=True)
    sys.stdin.readline()
    fences, lost = [], 0
    for number in range(rounds):
        taken = await store.take(name, over=await store.lease(), at=number)
        if taken is None:
            continue
        fences.append(taken.fence)
        try:
            await store.claim([replace(INTENT, call_sid=f"{taken.fence}")])
            await store.renew(number)
        except LeaseLost:
            lost += 1
    await store.close()
    print(*fences, flush=True)
asyncio.run(main())
"""

#: Takes the lease, and then claims whenever a line comes in.
_LEAD = """
import asyncio, sys
from msgspec.structs import replace
from pathlib import Path
from runner.engine.ports import LeaseLost
from runner.store.sqlite import SqliteStore
from tests.store.intents import INTENT
async def main():
    store = await SqliteStore(Path(sys.argv[1])).open()
    await store.take("old", over=None, at=1)
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            print(len(await store.claim([replace(INTENT, call_sid=line.strip())])), flush=True)
        except LeaseLost as error:
            print(error, flush=True)
    await store.close()
asyncio.run(main())
"""

#: Holds the write lock until it is told to go on.
_HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("ready", flush=True)
sys.stdin.readline()
db.execute("ROLLBACK")
"""


async def started(script: str, *arguments: str) -> Process:
    """A process that runs the script, once it says that it is ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script, *arguments), stdin=PIPE, stdout=PIPE
    )
    assert await answer(process) == "ready"
    return process


async def tell(process: Process, line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n".encode())
    await process.stdin.drain()


async def answer(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


async def test_many_contend_for_one_lease(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    many = [await started(_CONTEND, str(file), name, "40") for name in ("a", "b", "c")]
    outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in many))
    fences = [int(word) for out, _ in outputs for word in out.split()]
    store = await SqliteStore(file).open()
    lease = await store.lease()
    assert lease is not None
    assert sorted(fences) == list(range(1, lease.fence + 1)), "each fence was given to one"
    assert lease.fence >= 40
    written = [int(sid) for sid in await sids(store)]
    assert written == sorted(written), "nobody wrote under an older fence after a newer one"
    assert (await store.verify()).fault == ""
    await store.close()


async def test_a_leader_that_was_stopped_and_wakes_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    old = await started(_LEAD, str(file))
    await tell(old, "CA1")
    assert await answer(old) == "1"
    os.kill(old.pid, signal.SIGSTOP)
    await tell(old, "CA2")
    store = await SqliteStore(file).open()
    assert await store.take("new", over=await store.lease(), at=2)
    os.kill(old.pid, signal.SIGCONT)
    assert "new has it now" in await answer(old)
    assert await sids(store) == ["CA1"]
    await old.communicate(b"")
    await store.close()


async def test_a_leader_that_was_killed_leaves_a_lease_that_can_be_taken(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    old = await started(_LEAD, str(file))
    await tell(old, "CA1")
    assert await answer(old) == "1"
    old.kill()
    await old.wait()
    store = await SqliteStore(file).open()
    left = await store.lease()
    assert left is not None
    assert left.holder == "old"
    assert await store.take("new", over=left, at=2)
    assert await store.claim([replace(INTENT, call_sid="CA1")]) == []
    assert (await store.verify()).fault == ""
    await store.close()


async def test_nobody_waits_for_ever_for_a_process_that_holds_the_lock(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    store = await SqliteStore(file, patience=0.05).open()
    await store.take("me", over=None, at=1)
    holder = await started(_HOLD, str(file))
    os.kill(holder.pid, signal.SIGSTOP)
    for work in (
        store.renew(2),
        store.claim([INTENT]),
        store.trim(before=10**12, keep=[]),
        store.release(),
        SqliteStore(file, patience=0.05).open(),
    ):
        with pytest.raises(StoreError, match="in use by another program") as caught:
            await work
        assert not isinstance(caught.value, LeaseLost)
    assert list(await store.pauses()) == [], "looking waits for nobody"
    os.kill(holder.pid, signal.SIGCONT)
    await holder.communicate(b"\n")
    assert (await store.renew(3)).beat == 1
    assert len(await store.claim([INTENT])) == 1
    await store.close()
