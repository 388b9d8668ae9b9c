"""Promises of several runners on one store, as real processes: one acts, another takes over."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest

from runner.sandbox import ManualClock, Sandbox
from tests.gateway.raw import Request, always, answer, raw_server
from tests.process import Daemon, callflow, daemon

LEASE = 1.0  # seconds
STORE = "callflow.db"
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
    (tmp_path / "callflow.yaml").write_text(f"version: 1\nlease: {int(LEASE * 1000)}ms\n")
    return tmp_path


async def a_pair(stack: AsyncExitStack, sandbox: Sandbox, project: Path) -> tuple[Daemon, Daemon]:
    first = await stack.enter_async_context(daemon(at=sandbox, cwd=project))
    await first.hears("poll")
    second = await stack.enter_async_context(daemon(at=sandbox, cwd=project))
    await second.hears("standby")
    return first, second


async def freeze(runner: Daemon, project: Path) -> None:
    """Stops the process where it stands, but not within a write: that locks the file for all."""
    while True:
        runner.process.send_signal(signal.SIGSTOP)
        with closing(sqlite3.connect(project / STORE, timeout=0)) as db:
            try:
                db.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError:
                runner.process.send_signal(signal.SIGCONT)
        await runner.hears("poll")


async def test_a_standby_polls_nothing_and_takes_over_when_the_first_is_killed(
    sandbox: Sandbox, project: Path
) -> None:
    async with AsyncExitStack() as stack:
        first, second = await a_pair(stack, sandbox, project)
        first.process.kill()
        killed = time.monotonic()
        await second.hears("leading")
        assert time.monotonic() - killed < 3 * LEASE
        row = sandbox.add_call()
        await second.hears("action.done", call=row.sid)
        assert "poll" not in {event["event"] for event in second.events[:2]}
        assert (await second.end(signal.SIGTERM)).code == 0


async def test_a_first_that_stops_cleanly_is_followed_at_once(
    sandbox: Sandbox, project: Path
) -> None:
    async with AsyncExitStack() as stack:
        first, second = await a_pair(stack, sandbox, project)
        assert (await first.end(signal.SIGTERM)).code == 0
        await second.hears("leading")
        await second.hears("poll")


async def test_a_standby_that_finds_the_file_locked_waits_until_it_is_free(
    sandbox: Sandbox, project: Path
) -> None:
    async with AsyncExitStack() as stack:
        first, second = await a_pair(stack, sandbox, project)
        with closing(sqlite3.connect(project / STORE, isolation_level=None)) as db:
            # As a leader that is frozen, or a copy that is taken, within a transaction.
            db.execute("BEGIN IMMEDIATE")
            first.process.kill()
            stalled = await second.hears("stalled")
            assert "in use by another program" in stalled["error"]
            row = sandbox.add_call()
        await second.hears("leading")
        await second.hears("action.done", call=row.sid)
        assert (await second.end(signal.SIGTERM)).code == 0


async def test_a_leader_that_was_frozen_sends_nothing_when_it_wakes(
    sandbox: Sandbox, project: Path
) -> None:
    async with AsyncExitStack() as stack:
        first, second = await a_pair(stack, sandbox, project)
        # It is frozen with acts under way: some sent and unanswered, most waiting for their turn.
        sandbox.set_fault("hang", on=("update",))
        rows = [sandbox.add_call() for _ in range(40)]
        while len(sandbox.journal.of("update")) < 9:
            await first.hears("poll")
        await freeze(first, project)
        frozen = time.monotonic()
        await second.hears("leading")
        assert time.monotonic() - frozen < 3 * LEASE
        unsure = {(await second.hears("action.unknown"))["call"] for _ in rows}
        assert unsure == {row.sid for row in rows}
        sandbox.faults.clear()
        first.process.send_signal(signal.SIGCONT)
        await first.hears("standby")
        await second.hears("poll")
        assert len(sandbox.journal.of("update")) == 9, "what may have been said is not said again"
        late = sandbox.add_call()
        await second.hears("action.done", call=late.sid)
        assert [entry.request.sid for entry in sandbox.journal.of("update")][9:] == [late.sid]
        assert (await second.end(signal.SIGTERM)).code == 0
        assert (await first.hears("leading"))["holder"]
    told = await callflow("history", "--verify", cwd=project)
    assert told.code == 0, told.err


async def test_a_leader_that_was_frozen_posts_nothing_when_it_wakes(
    sandbox: Sandbox, project: Path
) -> None:
    taken: list[str] = []

    async def reply(request: Request, writer: asyncio.StreamWriter) -> bool:
        taken.append(request.headers["webhook-id"])
        if len(taken) > 1:
            return await always(answer(204))(request, writer) or False
        await asyncio.sleep(60)  # the others of this runner wait for their turn
        return False

    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(raw_server(reply))
        tells = SPEAK.replace("[{say: hello}, {pause: 9m}]", f"[{{notify: '{service.base}/x'}}]")
        (project / "flows" / "speak.yaml").write_text(tells)
        settings = "notifications: {concurrency: 1, timeout: 1500ms}\n"
        with (project / "callflow.yaml").open("a") as file:
            file.write(settings)
        first, second = await a_pair(stack, sandbox, project)
        rows = [sandbox.add_call() for _ in range(5)]
        for _ in rows:
            await first.hears("action.intended")
        while not taken:
            await first.hears("poll")
        await freeze(first, project)
        await second.hears("leading")
        for _ in rows:
            await second.hears("action.done")
        first.process.send_signal(signal.SIGCONT)
        await first.hears("standby")
        await second.hears("poll")
        hung, *others = taken
        assert len(others) == len(set(others)) == 5, "each once by the one that acts now"
        assert hung in others, "under the id that it had"


async def test_what_waits_when_the_kill_switch_is_thrown_is_not_sent(
    sandbox: Sandbox, project: Path
) -> None:
    taken: list[str] = []

    async def reply(request: Request, writer: asyncio.StreamWriter) -> bool:
        taken.append(request.headers["webhook-id"])
        await asyncio.sleep(60)  # the others wait for their turn
        return False

    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(raw_server(reply))
        tells = SPEAK.replace("[{say: hello}, {pause: 9m}]", f"[{{notify: '{service.base}/x'}}]")
        (project / "flows" / "speak.yaml").write_text(tells)
        with (project / "callflow.yaml").open("a") as file:
            file.write("notifications: {concurrency: 1, timeout: 1500ms}\n")
        runner = await stack.enter_async_context(daemon(at=sandbox, cwd=project))
        await runner.hears("poll")
        rows = [sandbox.add_call() for _ in range(4)]
        for _ in rows:
            await runner.hears("action.intended")
        while not taken:
            await runner.hears("poll")
        assert (await callflow("pause", "--all", "--reason", "drill", cwd=project)).code == 0
        for _ in rows[1:]:
            await runner.hears("action.withdrawn")
        assert len(taken) == 1


async def test_one_poll_beside_a_living_runner_is_refused(sandbox: Sandbox, project: Path) -> None:
    async with daemon(at=sandbox, cwd=project) as first:
        await first.hears("poll")
        done = await callflow("run", "--once", at=sandbox, cwd=project)
        assert done.code == 3
        assert "another runner acts on this store" in done.err
        dry = await callflow("run", "--once", "--dry-run", at=sandbox, cwd=project)
        assert dry.code == 0, "looking is free"
