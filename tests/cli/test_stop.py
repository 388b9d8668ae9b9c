"""Promises of stopping, as real processes on real signals: clean, in time, and nothing more sent.

What can end at once is given a minute of grace, and has to be over long before. What never ends is
given `GRACE` seconds, and must not take it twice.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path

import pytest

from runner.sandbox import ManualClock, Sandbox
from runner.store.sqlite import SqliteStore
from tests.process import Daemon, Done, callflow, daemon, spawn

GRACE = 3
SHORT = ("--grace", f"{GRACE}s")
LONG = ("--grace", "1m")
ONCE = ("run", "--once", "--log-format", "json")
END = """\
version: 1
flow: ends
rules:
  - id: end
    match: {from: "+14155550199"}
    then: [hangup]
"""


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "end.yaml").write_text(END)
    return tmp_path


async def received(sandbox: Sandbox, kind: str, *, more_than: int = 0) -> None:
    """Waits until the far side has such a request, answered or not."""
    async with asyncio.timeout(15):
        while len(sandbox.journal.of(kind)) <= more_than:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def holder_in(project: Path) -> str:
    """Who has the lease; "" where nobody has."""
    store = await SqliteStore(project / "callflow.db", read_only=True).open()
    try:
        lease = await store.lease()
        return "" if lease is None else lease.holder
    finally:
        await store.close()


async def outcomes(project: Path) -> list[str]:
    told = await callflow("history", "--format", "json", cwd=project)
    return sorted(entry["outcome"] for entry in json.loads(told.out))


async def in_time(running: Daemon, number: int = signal.SIGTERM) -> Done:
    """Stops one on which something hangs for ever: the grace once, and never twice."""
    async with asyncio.timeout(2 * GRACE):
        return await running.end(number)


# ---- cleanly --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly(sandbox: Sandbox, project: Path, number: int) -> None:
    async with daemon(*LONG, at=sandbox, cwd=project) as running:
        started = await running.hears("started")
        assert (started["flows"], started["rules"]) == (1, 1)
        await running.hears("poll")
        assert await holder_in(project)
        done = await running.end(number)
    assert done.code == 0
    assert done.events[-1]["event"] == "stopped"
    assert await holder_in(project) == "", "whoever waits need not wait longer"


async def test_before_the_first_poll_nothing_is_sent(sandbox: Sandbox, project: Path) -> None:
    sandbox.add_call()
    async with daemon(*LONG, at=sandbox, cwd=project) as running:
        await running.hears("started")
        done = await running.end(signal.SIGTERM)
    assert (done.code, done.events[-1]["event"]) == (0, "stopped")
    assert len(sandbox.journal.of("update")) <= 1, "whatever came first, the signal or the poll"
    assert set(await outcomes(project)) <= {"done", "withdrawn"}


@pytest.mark.parametrize(("once", "code"), [((), 0), (("--once",), 128 + signal.SIGTERM)])
async def test_while_flows_are_still_read_it_ends_at_once(
    sandbox: Sandbox, project: Path, once: tuple[str, ...], code: int
) -> None:
    pipe = project / "flows" / "pipe.yaml"
    os.mkfifo(pipe)  # as a network share that hangs
    process = await spawn("run", *LONG, *once, at=sandbox, cwd=project)
    writer = await asyncio.to_thread(os.open, pipe, os.O_WRONLY)  # opens when it begins to read
    try:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 15)
    finally:
        os.close(writer)
    assert process.returncode == code
    assert len(sandbox.journal) == 0
    assert not (project / "callflow.db").exists()


async def test_a_poll_under_way_is_given_up(sandbox: Sandbox, project: Path) -> None:
    sandbox.set_fault("hang", on=("list",))
    async with daemon(*LONG, at=sandbox, cwd=project) as running:
        await received(sandbox, "list")
        done = await running.end(signal.SIGTERM)
    assert done.code == 0
    assert [event["event"] for event in done.events] == ["started", "leading", "stopped"]
    assert len(sandbox.journal) == 1


# ---- acts in flight -------------------------------------------------------------------------


async def test_what_is_under_way_ends_and_what_waits_is_not_sent(
    sandbox: Sandbox, project: Path
) -> None:
    (project / "callflow.yaml").write_text("version: 1\ntwilio: {concurrency: 2}\n")
    for _ in range(4):
        sandbox.add_call()
    sandbox.set_fault("slow", on=("update",), seconds=1.0)
    async with daemon(*LONG, at=sandbox, cwd=project) as running:
        await received(sandbox, "update")
        done = await running.end(signal.SIGTERM)
    assert done.code == 0
    assert done.events[-1] | {"time": ""} == {
        "time": "",
        "level": "info",
        "event": "stopped",
        "actions_cut_short": 0,
    }
    assert await outcomes(project) == ["done", "withdrawn", "withdrawn", "withdrawn"]
    assert len(sandbox.journal.of("update")) == 1


async def test_what_never_ends_costs_the_grace_once_and_is_settled_by_the_next_start(
    sandbox: Sandbox, project: Path
) -> None:
    sandbox.add_call()
    sandbox.set_fault("hang", on=("update",))
    async with daemon(*SHORT, at=sandbox, cwd=project) as running:
        await received(sandbox, "update")
        done = await in_time(running)
    assert (done.code, done.events[-1]["actions_cut_short"]) == (0, 1)
    assert await outcomes(project) == ["intended"]
    assert await holder_in(project) == ""
    sandbox.faults.clear()
    async with daemon(at=sandbox, cwd=project) as running:
        assert (await running.hears("action.done"))["attempt"] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_it_at_once(
    sandbox: Sandbox, project: Path, number: int
) -> None:
    sandbox.add_call()
    sandbox.set_fault("hang", on=("update",))
    async with daemon(*LONG, at=sandbox, cwd=project) as running:
        await received(sandbox, "update")
        running.process.send_signal(number)
        await asyncio.sleep(0.5)  # two signals at the same instant are one
        done = await running.end(number)
    assert done.code == 128 + number
    assert "stopped" not in {event["event"] for event in done.events}
    assert await outcomes(project) == ["intended"]
    sandbox.faults.clear()
    async with daemon(at=sandbox, cwd=project) as running:
        assert (await running.hears("action.done"))["attempt"] == 2


# ---- beside another runner ------------------------------------------------------------------


async def test_a_standby_ends_and_the_leader_goes_on(sandbox: Sandbox, project: Path) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(daemon(at=sandbox, cwd=project))
        await first.hears("poll")
        second = await stack.enter_async_context(daemon(*LONG, at=sandbox, cwd=project))
        await second.hears("standby")
        leader = await holder_in(project)
        done = await second.end(signal.SIGTERM)
        assert [event["event"] for event in done.events] == ["started", "standby", "stopped"]
        assert done.code == 0
        assert await holder_in(project) == leader
        await first.hears("poll")


async def test_one_that_waits_for_a_lease_to_run_out_ends(sandbox: Sandbox, project: Path) -> None:
    (project / "callflow.yaml").write_text("version: 1\nlease: 1m\n")
    store = await SqliteStore(project / "callflow.db").open()
    await store.take("another machine", over=None, at=0)
    await store.close()
    async with daemon(*LONG, at=sandbox, cwd=project) as running:
        await running.hears("standby", holder="another machine")
        done = await running.end(signal.SIGTERM)
    assert (done.code, len(sandbox.journal)) == (0, 0)
    assert await holder_in(project) == "another machine"


# ---- a store that is locked -----------------------------------------------------------------


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program is writing to the database, and is in no hurry."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


async def test_a_locked_store_costs_the_grace_once(sandbox: Sandbox, project: Path) -> None:
    async with daemon(*SHORT, at=sandbox, cwd=project) as running:
        await running.hears("poll")
        with locked(project / "callflow.db"):
            sandbox.add_call()
            seen = len(sandbox.journal.of("list"))
            await received(sandbox, "list", more_than=seen)
            done = await in_time(running)
    assert (done.code, done.events[-1]["event"]) == (0, "stopped")
    assert not sandbox.journal.of("update")


async def test_a_store_that_is_locked_when_an_act_ends_keeps_its_intent(
    sandbox: Sandbox, project: Path
) -> None:
    sandbox.add_call()
    sandbox.set_fault("slow", on=("update",), seconds=1.0)
    async with daemon(*SHORT, at=sandbox, cwd=project) as running:
        await received(sandbox, "update")
        with locked(project / "callflow.db"):
            done = await in_time(running)
    assert (done.code, done.events[-1]["actions_cut_short"]) == (0, 1)
    assert await outcomes(project) == ["intended"]


# ---- one poll -------------------------------------------------------------------------------


async def one_poll(sandbox: Sandbox, project: Path, kind: str, *options: str) -> Done:
    """`--once`, told to stop when the far side has such a request."""
    process = await spawn(*ONCE, *options, at=sandbox, cwd=project)
    await received(sandbox, kind)
    async with asyncio.timeout(2 * GRACE if options == SHORT else None):
        return await Daemon(process).end(signal.SIGTERM)


async def test_one_poll_that_is_stopped_while_it_lists_says_that_it_was_none(
    sandbox: Sandbox, project: Path
) -> None:
    sandbox.set_fault("hang", on=("list",))
    done = await one_poll(sandbox, project, "list", *LONG)
    assert (done.code, done.events) == (3, [])
    assert await holder_in(project) == ""


async def test_one_poll_waits_for_what_is_under_way(sandbox: Sandbox, project: Path) -> None:
    sandbox.add_call()
    sandbox.set_fault("slow", on=("update",), seconds=1.0)
    done = await one_poll(sandbox, project, "update", *LONG)
    assert (done.code, done.events[-1]["event"]) == (0, "action.done")
    assert await holder_in(project) == ""


async def test_one_poll_with_an_act_that_never_ends_is_exit_1(
    sandbox: Sandbox, project: Path
) -> None:
    sandbox.add_call()
    sandbox.set_fault("hang", on=("update",))
    done = await one_poll(sandbox, project, "update", *SHORT)
    assert done.code == 1
    assert await outcomes(project) == ["intended"]
    assert await holder_in(project) == ""


async def test_one_poll_that_waits_for_the_lease_ends(sandbox: Sandbox, project: Path) -> None:
    (project / "callflow.yaml").write_text("version: 1\nlease: 1m\n")
    store = await SqliteStore(project / "callflow.db").open()
    await store.take("another machine", over=None, at=0)
    await store.close()
    process = await spawn(*ONCE, *LONG, at=sandbox, cwd=project)
    await asyncio.sleep(1)
    done = await Daemon(process).end(signal.SIGTERM)
    starting = (128 + signal.SIGTERM, -signal.SIGTERM)  # the latter before it ran any code of ours
    assert done.code in (3, *starting)
    assert len(sandbox.journal) == 0
