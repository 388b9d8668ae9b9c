"""When rules ended calls, in every store: what rate guards count."""

from __future__ import annotations

from msgspec.structs import replace

from runner.engine.ports import Store
from tests.store.intents import ENDING, INTENT, done


async def test_each_rule_has_its_times_oldest_first(store: Store) -> None:
    for number, at in enumerate((30, 10, 20)):
        await done(store, replace(ENDING, call_sid=f"CA{number}", at=at))
    await done(store, replace(ENDING, rule="late", at=40))
    assert await store.ended("AC1", 0) == {"caps/cut": [10, 20, 30], "caps/late": [40]}
    assert await store.ended("AC1", 10) == {"caps/cut": [20, 30], "caps/late": [40]}
    assert await store.ended("AC1", 40) == {}
    assert await store.ended("AC2", 0) == {}


async def test_only_what_ends_a_call_counts(store: Store) -> None:
    await done(store, INTENT)
    await done(store, replace(ENDING, call_sid="CA2", number=0), "shadowed")
    assert await store.ended("AC1", 0) == {}


async def test_withdrawn_alone_doesnt_count(store: Store) -> None:
    await store.claim([replace(ENDING, call_sid="intended")])
    for outcome in ("done", "gone", "failed", "retrying", "unknown", "withdrawn"):
        await done(store, replace(ENDING, call_sid=outcome), outcome)
    assert len((await store.ended("AC1", 0))["caps/cut"]) == 6


async def test_a_call_that_was_ended_twice_counts_once_as_of_the_last_time(store: Store) -> None:
    for number, at in ((1, 10), (2, 20)):
        await done(store, replace(ENDING, number=number, at=at))
    assert await store.ended("AC1", 0) == {"caps/cut": [20]}


async def test_a_clock_that_was_set_back_empties_no_window(store: Store) -> None:
    """What was done at what is now a time to come was done all the same."""
    await done(store, replace(ENDING, at=10**15))
    assert await store.ended("AC1", 5) == {"caps/cut": [10**15]}


async def test_a_withdrawn_act_that_is_tried_afresh_counts_as_of_then(store: Store) -> None:
    await done(store, ENDING, "withdrawn")
    await done(store, replace(ENDING, at=5_000))
    assert await store.ended("AC1", 0) == {"caps/cut": [5_000]}
