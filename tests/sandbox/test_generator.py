"""Generated calls: the same for the same seed, and like those of a switchboard."""

from __future__ import annotations

from statistics import median

from runner.sandbox.generator import Generator, arrive
from runner.sandbox.world import World

START = 1_700_000_000_000


def test_the_same_seed_makes_the_same_calls() -> None:
    assert list(Generator(1).live(50)) == list(Generator(1).live(50))
    assert list(Generator(1).live(50)) != list(Generator(2).live(50))


def test_live_calls_come_oldest_first_and_are_not_over() -> None:
    plans = list(Generator(3).live(500))
    ages = [plan.age for plan in plans]
    assert ages == sorted(ages, reverse=True)
    assert all(plan.person.talk is not None and plan.age < plan.person.talk for plan in plans)
    assert {plan.status for plan in plans} == {"in-progress"}


def test_calls_look_real() -> None:
    generator = Generator(4)
    plans = [generator.next() for _ in range(2_000)]
    assert 0.65 < sum(plan.direction == "inbound" for plan in plans) / 2_000 < 0.75
    assert {plan.person.outcome for plan in plans} == {"answer", "busy", "no-answer", "failed"}
    assert 150_000 < median(plan.person.talk or 0 for plan in plans) < 210_000
    assert all(
        len(plan.to) == len(plan.from_) == 12 or "+4" in plan.to + plan.from_ for plan in plans
    )


def test_calls_arrive_at_the_rate() -> None:
    world = World(START)
    arrive(world, Generator(5), 2.0)
    world.advance(START + 600_000)
    assert 1_050 < len(world.shelf) < 1_350
    statuses = {row.status for row in world.shelf}
    assert {"in-progress", "completed", "busy", "no-answer"} <= statuses
