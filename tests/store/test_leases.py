"""The lease, in every store: one holder at a time, and a former one writes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from runner.engine.ports import Lease, LeaseLost, Store
from runner.pauses import Pause
from tests.store.conftest import Two
from tests.store.intents import INTENT, sids


async def test_nobody_has_it_at_first(two: Two) -> None:
    assert await two.one.lease() is None


async def test_it_is_taken_and_seen_by_others(two: Two) -> None:
    taken = await two.one.take("one", over=None, at=5)
    assert taken == Lease("one", fence=1, beat=0, at=5)
    assert await two.one.lease() == await two.other.lease() == taken


async def test_it_is_taken_only_where_it_is_as_believed(two: Two) -> None:
    first = await two.one.take("one", over=None, at=5)
    assert await two.other.take("other", over=None, at=6) is None
    renewed = await two.one.renew(7)
    assert await two.other.take("other", over=first, at=8) is None
    assert await two.other.lease() == renewed
    taken = await two.other.take("other", over=renewed, at=9)
    assert taken == Lease("other", fence=2, beat=0, at=9)


async def test_each_renewal_is_a_beat(two: Two) -> None:
    await two.one.take("one", over=None, at=5)
    assert await two.one.renew(6) == Lease("one", fence=1, beat=1, at=6)
    assert await two.one.renew(7) == await two.other.lease() == Lease("one", 1, 2, 7)


async def test_given_back_it_is_free_at_once_and_its_fence_goes_on(two: Two) -> None:
    await two.one.take("one", over=None, at=5)
    await two.one.release()
    assert await two.other.lease() is None
    assert await two.other.take("other", over=None, at=6) == Lease("other", 2, 0, 6)


async def test_release_without_one_is_harmless(two: Two) -> None:
    await two.one.take("one", over=None, at=5)
    await two.other.release()
    assert await two.one.lease() == Lease("one", 1, 0, 5)
    await two.one.release()
    await two.one.release()


async def test_a_store_without_a_lease_renews_none(two: Two) -> None:
    with pytest.raises(LeaseLost):
        await two.one.renew(5)
    await two.one.take("one", over=None, at=5)
    with pytest.raises(LeaseLost):
        await two.other.renew(6)
    assert await two.one.lease() == Lease("one", 1, 0, 5)


async def _claim(store: Store) -> object:
    return await store.claim([INTENT])


async def _claim_nothing(store: Store) -> object:
    return await store.claim([])


async def _keep(store: Store) -> object:
    return await store.keep_holds("AC1", {("CA1", "r"): 1}, at=2)


async def _pause(store: Store) -> object:
    return await store.pause(Pause(reason="no", by="me", at=2))


async def _look(store: Store) -> object:
    return await store.pauses()


async def _trim(store: Store) -> object:
    return await store.trim(before=10**9, keep=[])


async def _renew(store: Store) -> object:
    return await store.renew(9)


Work = Callable[[Store], Awaitable[object]]


@pytest.mark.parametrize("work", [_claim, _claim_nothing, _keep, _pause, _look, _trim, _renew])
async def test_a_former_holder_is_refused_and_changes_nothing(two: Two, work: Work) -> None:
    held = await two.one.take("one", over=None, at=5)
    await two.other.take("other", over=held, at=6)
    before = (await two.other.lease(), await sids(two.other), await two.other.holds("AC1"))
    with pytest.raises(LeaseLost, match="other has it now") as caught:
        await work(two.one)
    assert "only one runner acts" in caught.value.hint
    assert before == (
        await two.other.lease(),
        await sids(two.other),
        await two.other.holds("AC1"),
    )
    assert list(await two.other.pauses()) == []
    await work(two.other)


async def test_a_former_holder_records_no_outcome(two: Two) -> None:
    held = await two.one.take("one", over=None, at=5)
    (entry,) = await two.one.claim([INTENT])
    await two.other.take("other", over=held, at=6)
    with pytest.raises(LeaseLost):
        await two.one.record(entry, "done", at=7, attempt=1)
    assert [e.outcome for e in await two.other.unfinished("AC1")] == ["intended"]


async def test_a_former_holder_stays_refused_when_the_next_one_gives_it_back(two: Two) -> None:
    held = await two.one.take("one", over=None, at=5)
    await two.other.take("other", over=held, at=6)
    await two.other.release()
    with pytest.raises(LeaseLost, match="given back"):
        await two.one.claim([INTENT])
    await two.one.release()
    with pytest.raises(LeaseLost):
        await two.one.claim([INTENT])


async def test_a_former_holder_may_take_it_again(two: Two) -> None:
    held = await two.one.take("one", over=None, at=5)
    await two.one.keep_holds("AC1", {("CA1", "r"): 1}, at=5)
    taken = await two.other.take("other", over=held, at=6)
    await two.other.keep_holds("AC1", {("CA2", "r"): 2}, at=6)
    await two.one.take("one", over=taken, at=7)
    await two.one.keep_holds("AC1", {("CA1", "r"): 1}, at=7)
    assert await two.other.holds("AC1") == ({("CA1", "r"): 1}, 7)
    assert len(await two.one.claim([INTENT])) == 1


async def test_a_store_that_never_took_it_writes_as_before(two: Two) -> None:
    """As commands do beside a runner: `callflow pause` needs no lease."""
    await two.one.take("one", over=None, at=5)
    await two.other.pause(Pause(reason="stop", by="me", at=6))
    assert [pause.reason for pause in await two.one.pauses()] == ["stop"]
    await two.other.resume(by="me", at=7)
    assert list(await two.one.pauses()) == []


async def test_after_release_a_store_writes_as_if_it_had_taken_none(two: Two) -> None:
    await two.one.take("one", over=None, at=5)
    await two.one.release()
    await two.other.take("other", over=None, at=6)
    await two.one.pause(Pause(reason="stop", by="me", at=7))
    assert [pause.reason for pause in await two.other.pauses()] == ["stop"]
