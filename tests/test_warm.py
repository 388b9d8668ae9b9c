"""Promises of processes that are forked: they are what a process from scratch is, only sooner."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from tests import warm
from tests.process import environment, spawn, start

FLOW = "rules:\n  - name: {name}\n    when: {{direction: inbound}}\n    then: {then}\n"


async def told(process: Process | warm.Process) -> tuple[int | None, bytes, bytes]:
    """How it ended and what it said."""
    out, err = await asyncio.wait_for(process.communicate(), 15)
    return process.returncode, out, err


@pytest.mark.parametrize(
    "words",
    [
        ("validate", "good.yaml", "--effects"),
        ("validate", "bad.yaml", "--format", "json"),
        ("plan", "good.yaml"),
        ("schema", "flow"),
        ("calls", "--help"),
        ("no-such-command",),
    ],
    ids=" ".join,
)
async def test_it_says_the_same_and_ends_the_same(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "good.yaml").write_text(FLOW.format(name="one", then="hangup"))
    (tmp_path / "bad.yaml").write_text(FLOW.format(name="Zoë", then="hang"))
    cold, forked = await spawn(*words, cwd=tmp_path), await start(*words, cwd=tmp_path)
    assert isinstance(forked, warm.Process)
    expected = await told(cold)
    assert await told(forked) == expected
    assert any(expected[1:])
    done = warm.run(words, environment(None), tmp_path)
    assert (done.returncode, done.stdout.encode(), done.stderr.encode()) == expected


async def test_its_environment_is_its_own(tmp_path: Path) -> None:
    async def asked(**more: str) -> bytes:
        process = await start("plan", "--snapshot", "no", "--help", cwd=tmp_path, **more)
        return (await told(process))[1]

    ours = dict(os.environ)
    assert len({await asked(COLUMNS="60"), await asked(), await asked(COLUMNS="70")}) == 3
    assert dict(os.environ) == ours


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_signals_reach_it_alone(tmp_path: Path, number: int) -> None:
    process = await start("sandbox", "--listen", "127.0.0.1:0", cwd=tmp_path)
    other = await start("sandbox", "--listen", "127.0.0.1:0", cwd=tmp_path)
    for each in (process, other):
        assert await asyncio.wait_for(each.stdout.readline(), 15)
    process.send_signal(number)
    code, _, err = await told(process)
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0), err
    assert other.returncode is None
    with pytest.raises(ProcessLookupError):
        process.kill()
    other.kill()
    assert (await told(other))[0] == -signal.SIGKILL


async def test_what_only_a_new_interpreter_reads_starts_one(tmp_path: Path) -> None:
    process = await start("--version", cwd=tmp_path, PYTHONOPTIMIZE="1")
    assert not isinstance(process, warm.Process)
    assert (await told(process))[0] == 0
