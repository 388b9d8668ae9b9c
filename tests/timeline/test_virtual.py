"""Time that jumps: exact, in order, and never waited for; and a whole day of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.engine.tasks import run_to_end
from runner.timeline.virtual import StandsStill, VirtualClock, run_virtually
from tests.timeline.plays import HEAD, played

START = 1_767_614_400_000


def test_waiting_moves_the_clock_exactly() -> None:
    async def work() -> list[tuple[str, int]]:
        clock = VirtualClock(START)
        seen: list[tuple[str, int]] = []

        async def waiter(name: str, millis: int) -> None:
            for _ in range(3):
                await clock.sleep(millis)
                seen.append((name, clock.now() - START))

        await asyncio.gather(waiter("slow", 1000), waiter("fast", 333))
        await clock.until(86_400_001)
        await clock.until(5)  # which is over
        seen.append(("end", clock.monotonic()))
        return seen

    assert run_virtually(work) == [
        ("fast", 333),
        ("fast", 666),
        ("fast", 999),
        ("slow", 1000),
        ("slow", 2000),
        ("slow", 3000),
        ("end", 86_400_001),
    ]


def test_time_stays_exact_over_many_odd_waits() -> None:
    async def work() -> int:
        clock = VirtualClock(0)
        for number in range(1, 5_001):
            await clock.sleep(7)
            assert clock.now() == 7 * number
        return clock.now()

    assert run_virtually(work) == 35_000


def test_what_no_time_brings_about_is_not_waited_for() -> None:
    async def work() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StandsStill):
        run_virtually(work)


def test_a_day_of_a_thousand_calls_acts_on_each_at_its_second(tmp_path: Path) -> None:
    calls = "\n".join(
        f"  - {{id: c{number}, appears: {80 * number}s, age: 29m}}" for number in range(1_000)
    )
    test = f"name: a day\nuntil: 24h\ncalls:\n{calls}\n"
    flow = "version: 1\nflow: f\nrules: [{id: r, match: {age: {gte: 30m}}, then: [hangup]}]\n"
    day = played(tmp_path, test, flow=flow, head=HEAD)
    assert day.polls == 8_641
    assert [(act.call, act.at) for act in day.acts] == [
        (f"c{number}", (80 * number + 60) * 1_000) for number in range(1_000)
    ]


@pytest.mark.parametrize(
    "run", [run_virtually, lambda work: run_to_end(work())], ids=["virtually", "to its end"]
)
def test_nobody_writes_out_what_work_results_in(run: Callable[[Callable[[], Any]], object]) -> None:
    """The loop's runner does so with what it returns: a plan's acts with their flows' rules."""
    written = []

    class Result:
        def __repr__(self) -> str:
            written.append(self)
            return "a result"

    async def work() -> Result:
        await asyncio.sleep(0)
        return Result()

    assert isinstance(run(work), Result)
    assert not written
