"""A sandbox whose time is this machine's, and a project to run in."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.sandbox import RunningClock, Sandbox
from tests.cli.doctor.visiting import FLOW, now


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=RunningClock(now(), time.monotonic)) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound project, and the working directory in it."""
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "end.yaml").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path
