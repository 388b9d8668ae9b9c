"""Promises: a real `callflow run` takes edits in between two polls, whatever happens to its files.

Only here are the parts as they are wired together for people; the details are in test_reload.py.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.sandbox import ManualClock, Sandbox
from tests.engine.reloading import save
from tests.engine.test_reload import publish
from tests.process import daemon

ME, YOU = "+14155550101", "+14155550102"


def ends(number: str, name: str = "f", rule: str = "end") -> str:
    """A flow that ends calls from this number."""
    return (
        f"version: 1\nflow: {name}\nrules:\n"
        f"  - {{id: {rule}, match: {{from: '{number}'}}, then: [hangup]}}\n"
    )


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


@pytest.fixture
def mount(tmp_path: Path) -> Path:
    made = tmp_path / "flows"
    made.mkdir()
    return made


async def test_a_config_map_that_is_exchanged_acts_in_the_next_poll(
    sandbox: Sandbox, mount: Path
) -> None:
    publish(mount, "1", {"f.yaml": ends(YOU)})
    row = sandbox.add_call(from_=ME)
    async with daemon(at=sandbox, cwd=mount.parent) as running:
        await running.hears("poll")
        publish(mount, "2", {"f.yaml": ends(ME), "g.yaml": ends(YOU, "g")})
        await running.hears("reload.ok", flows=2, rules=2)
        await running.hears("action.done", call=row.sid)
        assert (await running.end(signal.SIGTERM)).code == 0


async def test_half_a_file_never_acts(sandbox: Sandbox, mount: Path) -> None:
    """The half that is written first ends everybody's calls; the other half spares this one."""
    (mount / "f.yaml").write_text(ends(YOU))
    row = sandbox.add_call(from_=ME)
    everybody = "version: 1\nflow: f\nrules:\n  - {id: end, match: {from: {prefix: '+1'"
    async with daemon(at=sandbox, cwd=mount.parent) as running:
        await running.hears("poll")
        with (mount / "f.yaml").open("w") as file:
            file.write(everybody + "}}, then: [hangup]}\n")
            file.flush()
            for _ in range(3):
                await running.hears("poll")
            file.seek(0)
            file.truncate()
            file.write(everybody + f", not: '{ME}'}}}}, then: [hangup]}}\n")
        await running.hears("reload.ok")
        await running.hears("poll")
        assert sandbox.world.call(row.sid).status == "in-progress"
        done = await running.end(signal.SIGTERM)
    names = [event["event"] for event in done.events]
    assert names.count("reload.ok") == 1
    assert "action.intended" not in names


async def test_without_its_folder_it_goes_on_as_before(sandbox: Sandbox, mount: Path) -> None:
    (mount / "f.yaml").write_text(ends(ME))
    async with daemon(at=sandbox, cwd=mount.parent) as running:
        await running.hears("poll")
        shutil.rmtree(mount)
        failed = await running.hears("reload.failed")
        assert failed["problems"] == [
            f"{mount.name}:1:1: there is no such file or folder [no-such-path]"
        ]
        row = sandbox.add_call(from_=ME)
        await running.hears("action.done", call=row.sid)
        mount.mkdir()
        save(mount / "f.yaml", ends(YOU))
        await running.hears("reload.ok")
        save(mount / "f.yaml", ends(YOU, rule="stop"))
        await running.hears("reload.ok")
        other = sandbox.add_call(from_=YOU)
        await running.hears("action.done", call=other.sid, rule="stop")
        assert (await running.end(signal.SIGTERM)).code == 0


async def test_a_hundred_edits_a_second_stop_neither_polls_nor_loading(
    sandbox: Sandbox, mount: Path
) -> None:
    file = mount / "f.yaml"
    save(file, ends(YOU))
    row = sandbox.add_call(from_=ME)
    async with daemon(at=sandbox, cwd=mount.parent) as running:
        await running.hears("poll")

        async def edit() -> None:
            for number in range(300):
                save(file, ends(YOU, rule=f"r{number}"))
                await asyncio.sleep(0.01)
            save(file, ends(ME))

        editing = asyncio.create_task(edit())
        await running.hears("reload.ok")  # while it goes on
        await running.hears("poll")
        assert not editing.done()
        await editing
        await running.hears("action.done", call=row.sid, rule="end")
        done = await running.end(signal.SIGTERM)
    assert done.code == 0
    assert 2 <= [event["event"] for event in done.events].count("reload.ok") < 20


async def test_a_load_that_hangs_stops_neither_polls_nor_the_end(
    sandbox: Sandbox, mount: Path
) -> None:
    save(mount / "f.yaml", ends(ME))
    async with daemon(at=sandbox, cwd=mount.parent) as running:
        await running.hears("poll")
        os.mkfifo(mount / "pipe.yaml")  # reading it waits for a writer who never comes
        await asyncio.sleep(0.3)
        row = sandbox.add_call(from_=ME)
        await running.hears("action.done", call=row.sid)
        done = await running.end(signal.SIGTERM)
    assert done.code == 0
    assert done.events[-1]["event"] == "stopped"
