"""A sandbox for each test, for those modules that have none of their own."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from runner.sandbox import ManualClock, Sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    # As this machine's clock: one that is off is told of.
    async with Sandbox(clock=ManualClock(time.time_ns() // 1_000_000)) as opened:
        yield opened
