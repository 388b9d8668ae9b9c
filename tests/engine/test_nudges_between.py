"""Promises where looks, polls and acts meet: nothing is decided on a row that has grown old.

A gateway and a store that can be held put each of them exactly in between.
"""

from __future__ import annotations

import asyncio

from tests.engine.late import Gate, LateMemory, late_engine, under, with_late_answers
from tests.engine.test_nudges import ANSWERED, SPEAKS, answer, flow, ringing
from tests.site import SECOND, Site

# ---- a poll that asked before a look acted ---------------------------------------------------


async def test_a_poll_decides_nothing_on_a_row_older_than_an_act(site: Site) -> None:
    """By its list the call still fits; by now it has been spoken to, and who knows what it is."""
    late = with_late_answers(site)
    site.flows(flow("f", SPEAKS), flow("g", "[hangup]"))
    sid = await ringing(site)
    answer(site, sid)

    async def act() -> None:
        assert await site.engine.look_at(sid) == "acted"

    poll = await under(late.lists, site.engine.tick(site.time.now()), act)
    await site.engine.settle()
    assert [(held.rule.key, held.reason) for held in poll.plan.held] == [
        ("f/r", "once"),
        ("g/r", "in-flight"),
    ]
    assert len(site.updates()) == 1
    await site.poll(after=2 * SECOND)
    assert site.updates()[1:] == [{"Status": "completed"}]


async def test_nor_on_the_row_of_another_leg(site: Site) -> None:
    late = with_late_answers(site)
    site.flows(
        flow("f", SPEAKS, match="{leg: child, status: in-progress}"),
        flow("g", "[hangup]", match="{leg: parent, status: in-progress}"),
    )
    parent = await ringing(site, id_="p")
    child = await ringing(site, id_="c", parent="p", direction="outbound-dial")
    answer(site, parent)
    answer(site, child)

    async def act() -> None:
        assert await site.engine.look_at(child) == "acted"

    poll = await under(late.lists, site.engine.tick(site.time.now()), act)
    assert [held.reason for held in poll.plan.held if held.call.sid == parent] == ["in-flight"]
    assert [e.intent.call_sid for e in await site.history()] == [child]


async def test_a_poll_that_is_listing_keeps_no_look_waiting(site: Site) -> None:
    late = with_late_answers(site)
    site.flows(ANSWERED)
    sid = await ringing(site)
    answer(site, sid)

    async def act() -> None:
        assert await asyncio.wait_for(site.engine.look_at(sid), 5) == "acted"
        assert site.updates() == [{"Status": "completed"}]

    await under(late.lists, site.engine.tick(site.time.now()), act)
    assert await site.outcomes() == [("f/r", "done")]


async def test_an_act_that_a_poll_finds_beginning_is_no_loose_end(site: Site) -> None:
    """On record and not sent yet, it looks like what a crash left: a poll must not take it up."""
    store = await late_engine(site)
    site.flows(ANSWERED)
    sid = await ringing(site)
    answer(site, sid)
    with store.claimed.held():
        look = asyncio.ensure_future(site.engine.look_at(sid))
        await asyncio.wait_for(store.claimed.reached.wait(), 5)
        poll = asyncio.ensure_future(site.engine.tick(site.time.now()))
        await asyncio.wait({poll}, timeout=0.1)
    await asyncio.gather(look, poll)
    await site.engine.settle()
    assert await site.outcomes() == [("f/r", "done")]
    assert len(site.updates()) == 1
    await store.close()


async def test_nor_is_one_whose_task_has_not_had_its_turn(site: Site) -> None:
    await site.store.close()
    site.store = store = LateMemory()
    site.restart()
    site.flows(ANSWERED)
    sid = await ringing(site)
    answer(site, sid)
    with store.claimed.held():
        look = asyncio.ensure_future(site.engine.look_at(sid))
        await asyncio.wait_for(store.claimed.reached.wait(), 5)
    poll = asyncio.ensure_future(site.engine.tick(site.time.now()))  # right behind the look
    await asyncio.gather(look, poll)
    await site.engine.settle()
    assert await site.outcomes() == [("f/r", "done")]
    assert len(site.updates()) == 1


# ---- a look that asked before somebody else acted --------------------------------------------


async def test_a_look_decides_nothing_on_a_row_older_than_an_act(site: Site) -> None:
    late = with_late_answers(site)
    site.flows(flow("f", SPEAKS), flow("g", "[hangup]"))
    sid = await ringing(site)
    answer(site, sid)

    async def poll() -> None:
        await site.engine.tick(site.time.now())
        await site.until_sent(1)

    word = await under(late.fetches, site.engine.look_at(sid), poll)
    await site.engine.settle()
    assert (word, await site.outcomes()) == ("busy", [("f/r", "done")])
    assert len(site.updates()) == 1


async def test_two_looks_at_two_legs_make_one_change_at_a_time(site: Site) -> None:
    late = with_late_answers(site)
    site.flows(
        flow("f", SPEAKS, match="{leg: child, status: in-progress}"),
        flow("g", SPEAKS, match="{leg: parent, status: in-progress}"),
    )
    parent = await ringing(site, id_="p")
    child = await ringing(site, id_="c", parent="p", direction="outbound-dial")
    answer(site, child)
    answer(site, parent)
    with late.fetches.held():
        first = asyncio.ensure_future(site.engine.look_at(parent))
        await asyncio.wait_for(late.fetches.reached.wait(), 5)
        other = asyncio.ensure_future(site.engine.look_at(child))
        await site.until(lambda: len(site.sandbox.journal.of("fetch")) == 2)
    assert "acted" in {await first, await other}
    assert len(site.updates()) == 1


# ---- what the ledger allows once -------------------------------------------------------------


async def test_one_value_gets_one_turn_whoever_asks_first(site: Site) -> None:
    """The look has read the ledger and is about to claim; the poll must not read it until then."""
    store = await late_engine(site)
    once = "rules: [{id: r, once: {per: from, within: 1h}, match: {status: in-progress}, "
    site.flows(f"version: 1\nflow: f\n{once}then: {SPEAKS}}}]\n")
    first = await ringing(site, id_="a")
    answer(site, first)
    second = await ringing(site, id_="b", to="+14155550177")  # which is seen to act on the first
    assert len(site.updates()) == 1
    third = await ringing(site, id_="c", from_="+14155550188")
    fourth = await ringing(site, id_="d", from_="+14155550188")
    for sid in (second, third):
        answer(site, sid)
    with store.claims.held():
        look = asyncio.ensure_future(site.engine.look_at(third))
        await asyncio.wait_for(store.claims.reached.wait(), 5)
        answer(site, fourth)
        poll = asyncio.ensure_future(site.engine.tick(site.time.now()))
        await asyncio.wait({poll}, timeout=0.1)
        assert not poll.done(), "it waits to decide"
    await asyncio.gather(look, poll)
    await site.engine.settle()
    assert len(site.updates()) == 2
    await store.close()


async def test_what_a_poll_looks_up_is_not_forgotten_because_a_look_comes(site: Site) -> None:
    """What could not be found out is kept for nobody else, but for whoever has asked."""
    late = with_late_answers(site)
    late.voices["+14155550102"] = Gate()
    site.flows(flow("f", "[restart]", match="{status: in-progress}"))
    third = await ringing(site, to="+14155550103")
    site.sandbox.add_call(to="+14155550101")
    site.sandbox.add_call(to="+14155550102")
    site.sandbox.set_fault("500", on=("number",))
    answer(site, third)

    async def look() -> None:
        await site.until(lambda: len(site.sandbox.journal.of("number")) >= 2)
        assert await site.engine.look_at(third) == "evaluated"

    poll = await under(late.voices["+14155550102"], site.engine.tick(site.time.now()), look)
    assert {held.reason for held in poll.plan.held} == {"unsendable"}
    assert len(poll.plan.held) == 3
