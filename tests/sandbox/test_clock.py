"""Clocks and the timeline: time goes only where it is told to."""

from __future__ import annotations

import asyncio

import pytest

from runner.sandbox import ManualClock, RunningClock, Sandbox
from runner.sandbox.timeline import Timeline


def test_a_manual_clock_stands_until_it_is_moved() -> None:
    clock = ManualClock(1_000)
    clock.move(500)
    assert clock.now() == 1_500
    with pytest.raises(ValueError, match="back"):
        clock.move(-1)


def test_a_running_clock_runs_at_its_speed_and_can_jump() -> None:
    seconds = [50.0]
    clock = RunningClock(1_000, lambda: seconds[0], speed=60)
    seconds[0] += 2
    assert clock.now() == 121_000
    clock.move(9_000)
    assert clock.now() == 130_000
    with pytest.raises(ValueError, match="above 0"):
        RunningClock(0, lambda: 0.0, speed=0)


def test_deeds_are_done_in_the_order_of_their_times() -> None:
    timeline, done = Timeline(0), list[str]()
    timeline.at(20, lambda: done.append("later"))
    timeline.at(10, lambda: done.append("first"))
    timeline.at(10, lambda: done.append("second"))
    timeline.at(10, lambda: timeline.after(5, lambda: done.append("from within")))
    assert timeline.due == 10
    assert timeline.advance(15)
    assert (done, timeline.now) == (["first", "second", "from within"], 15)
    assert not timeline.advance(30, lambda: True)
    assert timeline.now == 20


async def test_a_running_sandbox_plays_by_itself() -> None:
    loop = asyncio.get_running_loop()
    async with Sandbox(clock=RunningClock(0, loop.time, speed=1_000)) as sandbox:
        sandbox.add_call(id="a", twiml="<Response><Say>one two three</Say></Response>")
        heard = asyncio.Event()
        sandbox.world.listeners.append(lambda sid, line: heard.set())
        await asyncio.wait_for(heard.wait(), 5)
        assert sandbox.world.call("a").status == "completed"


async def test_two_sandboxes_do_not_share_a_port() -> None:
    async with Sandbox(clock=ManualClock()) as first:
        second = Sandbox(clock=ManualClock(), port=int(first.url.rpartition(":")[2]))
        with pytest.raises(OSError, match="address already in use"):
            await second.open()
        with pytest.raises(RuntimeError, match="not open"):
            _ = second.url
