"""Promises of many looks at once, and of those that a term ends under."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from runner.engine.crowd import Crowd, Look
from runner.engine.daemon import Daemon
from runner.engine.loop import Engine
from runner.engine.ports import LeaseLost
from runner.sandbox.plans import Person
from tests.engine.late import LateStore, late_engine, under, with_late_answers
from tests.engine.many import open_many
from tests.engine.test_nudges import ANSWERED, SPEAKS, answer, flow, ringing
from tests.site import SECOND, Site

# ---- crowds ----------------------------------------------------------------------------------


async def test_callbacks_about_one_call_come_to_one_look_and_one_more(site: Site) -> None:
    late = with_late_answers(site)
    site.flows(ANSWERED)
    sid = await ringing(site)
    with late.fetches.held():
        first = asyncio.ensure_future(site.engine.look_at(sid))
        await asyncio.wait_for(late.fetches.reached.wait(), 5)
        words = [await site.engine.look_at(sid) for _ in range(20)]
        answer(site, sid)  # what the first look has read is old
    assert words == ["busy"] * 20
    assert await first == "acted"
    assert len(site.sandbox.journal.of("fetch")) == 2


async def test_a_flood_starves_no_poll(site: Site) -> None:
    """Every fetch hangs; the list gets through, and few requests are out at once."""
    site.flows(ANSWERED)
    sids = [
        site.sandbox.add_call(status="ringing", person=Person(ring=None)).sid for _ in range(40)
    ]
    await site.poll()
    site.sandbox.set_fault("hang", on=("fetch",))
    flood = [asyncio.ensure_future(site.engine.look_at(sid)) for sid in sids]
    await site.until(lambda: len(site.sandbox.journal.of("fetch")) >= 4)
    answer(site, sids[0])
    poll = await asyncio.wait_for(site.engine.tick(site.time.now()), 5)
    await site.engine.settle()
    assert poll.error is None
    assert await site.outcomes() == [("f/r", "done")], "acts get through too"
    assert len(site.sandbox.journal.of("fetch")) == 4
    await site.engine.abandon()
    assert {await each for each in flood} == {"stopped"}


async def test_what_is_too_much_is_left_to_the_poll() -> None:
    looked, go_on = list[str](), asyncio.Event()

    async def look(sid: str) -> Look:
        looked.append(sid)
        await go_on.wait()
        return Look("evaluated")

    crowd = Crowd(look, _crashed, at_once=2, waiting=3)
    tasks = [asyncio.ensure_future(crowd.come(f"CA{number}")) for number in range(8)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert looked == ["CA0", "CA1"]
    assert [task.result() for task in tasks[5:]] == ["busy"] * 3
    go_on.set()
    assert [await task for task in tasks[:5]] == ["evaluated"] * 5


# ---- the end of a term -----------------------------------------------------------------------


@pytest.mark.parametrize("end", [Engine.abandon, lambda engine: engine.stop(0)])
async def test_a_look_under_way_does_nothing_after_the_end(
    site: Site, end: Callable[[Engine], Awaitable[int]]
) -> None:
    late = with_late_answers(site)
    site.flows(ANSWERED)
    sid = await ringing(site)
    answer(site, sid)
    with late.fetches.held():
        look = asyncio.ensure_future(site.engine.look_at(sid))
        await asyncio.wait_for(late.fetches.reached.wait(), 5)
        await end(site.engine)
    assert await look == "stopped"
    assert await site.engine.look_at(sid) == "stopped"
    assert await site.outcomes() == []


async def test_what_a_look_is_putting_on_record_when_it_ends_was_surely_not_sent(
    site: Site,
) -> None:
    store = await late_engine(site)
    site.flows(flow("f", SPEAKS))
    sid = await ringing(site)
    answer(site, sid)
    with store.claimed.held():
        look = asyncio.ensure_future(site.engine.look_at(sid))
        await asyncio.wait_for(store.claimed.reached.wait(), 5)
        stop = asyncio.ensure_future(site.engine.stop(5 * SECOND))
        await asyncio.sleep(0)
    assert await stop == 0
    await look
    assert await site.outcomes() == [("f/r", "withdrawn")]
    await store.close()


async def test_an_engine_is_found_by_its_account_while_it_looks_after_it(tmp_path: Path) -> None:
    async with open_many(tmp_path, {"main": {}, "eu": {}}) as many:
        reloads = many.flows(ANSWERED)
        crew = many.crew
        daemon = Daemon(
            lambda: crew.rounds(reloads, dry_run=False),
            None,
            grace=SECOND,
            clock=many.clock,
            tell=crew.tell,
        )
        assert daemon.engine_of(many.sid("eu")) is None, "no term has begun"
        running = asyncio.ensure_future(daemon.run())
        await many.clock.play(2 * SECOND, awake=2)
        found = {alias: daemon.engine_of(many.sid(alias)) for alias in ("main", "eu")}
        assert [each.account for each in found.values() if each] == [*map(many.sid, found)]
        assert daemon.engine_of("AC" + "0" * 32) is None
        sid = many.sandbox.add_call(account="eu").sid
        assert found["main"] is not None
        assert found["eu"] is not None
        assert await found["main"].look_at(sid) == "over", "it is none of this account's"
        assert await found["eu"].look_at(sid) == "acted"
        daemon.stop.set()
        await running
        assert daemon.engine_of(many.sid("eu")) is None
        assert await found["eu"].look_at(sid) == "stopped"


async def test_flows_that_change_under_a_look_leave_it_to_the_poll(site: Site) -> None:
    late = with_late_answers(site)
    flows = site.flows(ANSWERED)
    sid = await ringing(site)
    answer(site, sid)

    async def reload() -> None:
        site.engine.load(flows)

    assert await under(late.fetches, site.engine.look_at(sid), reload) == "waits-for-poll"
    assert await site.outcomes() == []


async def test_without_the_lease_nothing_is_claimed(site: Site) -> None:
    await site.store.take("a", over=None, at=0)
    site.flows(ANSWERED)
    sid = await ringing(site)
    answer(site, sid)
    lease = await site.store.lease()
    other = await LateStore(site.folder / "store.db").open()
    assert await other.take("b", over=lease, at=0)
    assert await site.engine.look_at(sid) == "stopped"
    with pytest.raises(LeaseLost):
        await site.store.renew(0)
    assert (site.updates(), site.told("push.failed")) == ([], [])
    await other.close()


async def test_a_store_that_fails_is_told_of(site: Site) -> None:
    site.flows(ANSWERED)
    sid = await ringing(site)
    answer(site, sid)
    await site.store.close()
    assert await site.engine.look_at(sid) == "failed"
    (told,) = site.told("push.failed")
    assert (told.level, told.fields["call"]) == ("error", sid)


def _crashed(sid: str, error: BaseException) -> None:
    raise AssertionError(sid) from error
