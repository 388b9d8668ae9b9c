"""Pauses, in every store: kept until lifted, each scope by itself."""

from __future__ import annotations

from runner.pauses import Pause
from tests.store.conftest import Two

ALL = Pause(reason="fire drill", by="ann", at=10, until=99)


async def test_nothing_is_paused_at_first(two: Two) -> None:
    assert list(await two.one.pauses()) == []


async def test_all_of_a_pause_is_kept_and_seen_by_others_oldest_first(two: Two) -> None:
    flow = Pause(flow="caps", reason="wrong", by="bob", at=5)
    rule = Pause("AC1", "caps", "cut", "burst 40%", "guard", 12, None, tripped=True)
    for pause in (ALL, flow, rule):
        await two.one.pause(pause)
    assert list(await two.other.pauses()) == [flow, ALL, rule]


async def test_a_pause_that_has_passed_stays_until_it_is_lifted(two: Two) -> None:
    await two.one.pause(Pause(by="ann", at=1, until=2))
    (kept,) = await two.other.pauses()
    assert not kept.stands(2)


async def test_one_of_the_same_scope_and_kind_is_replaced(two: Two) -> None:
    await two.one.pause(ALL)
    tripped = Pause(reason="rate", by="guard", at=11, tripped=True)
    await two.one.pause(tripped)
    later = Pause(reason="longer", by="bob", at=20)
    await two.other.pause(later)
    assert list(await two.one.pauses()) == [tripped, later]


async def test_resume_lifts_exactly_its_scope_tripped_or_not(two: Two) -> None:
    rule = Pause(flow="caps", rule="cut", reason="a", by="ann", at=1)
    tripped = Pause(flow="caps", rule="cut", reason="b", by="guard", at=2, tripped=True)
    wider = [
        Pause(reason="c", by="ann", at=3),
        Pause(flow="caps", reason="d", by="ann", at=4),
        Pause("AC1", "caps", "cut", "e", "ann", 5),
        Pause(flow="other", rule="cut", reason="f", by="ann", at=6),
    ]
    for pause in (rule, tripped, *wider):
        await two.one.pause(pause)
    lifted = await two.other.resume(flow="caps", rule="cut", by="bob", at=7)
    assert list(lifted) == [rule, tripped]
    assert list(await two.one.pauses()) == wider
    assert list(await two.one.resume(by="bob", at=8)) == wider[:1]
    assert list(await two.one.resume(account="AC1", by="bob", at=8)) == []


async def test_the_journal_that_tells_of_pauses_is_whole(two: Two) -> None:
    await two.one.pause(ALL)
    await two.one.pause(Pause(flow="caps", reason="Grüße", by="ann", at=11, tripped=True))
    await two.one.resume(by="bob", at=12)
    await two.one.resume(by="bob", at=13)
    assert (await two.other.verify()).fault == ""
