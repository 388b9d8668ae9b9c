"""Promises: an act of several parts that is cut short, wherever that is, ends as if it were not."""

from __future__ import annotations

import asyncio

import pytest

from runner.engine.brakes import Safety
from runner.engine.killswitch import KillSwitch
from runner.engine.orders import intents_of
from runner.engine.ports import Outcome
from tests.actions.beside import SERVICE, Beside, open_beside
from tests.engine.test_parts import parts, play, posting, restart, sent
from tests.engine.test_rules import flow, rule
from tests.gateway.raw import Reply, Request, answer
from tests.site import SECOND, Site

STREAM = "{stream: {start: {url: 'wss://media.example/in', name: agent}}}"
NOTIFY = f"{{notify: '{SERVICE}/told'}}"


async def cut_short(site: Site, fault: str, on: str) -> None:
    """The runner dies while it waits for an answer to that."""
    site.sandbox.set_fault(fault, on=(on,), times=1)
    before = len(site.sandbox.journal.of(on))
    await site.engine.tick(site.time.now())
    await site.until(lambda: len(site.sandbox.journal.of(on)) > before)
    await site.engine.abandon()


async def test_what_tells_of_a_later_update_waits_for_that_too(site: Site) -> None:
    async with open_beside(site) as beside:
        sid = await posting(site, beside, f"[{{record: stop}}, hangup, {{log: cut}}, {NOTIFY}]")
        await cut_short(site, "hang", "side")
        restart(site, beside)
        site.sandbox.set_fault("403", on=("update",), times=1)
        await site.poll(after=2 * SECOND)
        await site.poll(after=2 * SECOND)
        outcomes = dict(await parts(site))
        assert outcomes == {
            "record": "unknown",
            "update": "failed",
            "log": "skipped",
            "notify": "skipped",
        }
        assert beside.service.requests == []
        assert site.sandbox.world.call(sid).live


async def test_what_an_update_that_failed_left_behind_is_never_sent(site: Site) -> None:
    async with open_beside(site) as beside:
        await posting(
            site, beside, f"[{{say: hi}}, {{pause: 9m}}, {NOTIFY}, {{message: {{a: b}}}}, {STREAM}]"
        )
        for outcome, left in (("withdrawn", "withdrawn"), ("failed", "skipped")):
            await cut_short(site, "hang", "update")
            await ended(site, outcome)
            restart(site, beside)
            site.sandbox.set_fault("hang", on=("update",), times=1)
            await take_up(site)
            assert [o for _, o in await parts(site)][-4:] == [outcome, left, left, left]
            assert set(sent(site)) == {"Calls/*"}
            assert beside.service.requests == []


@pytest.mark.parametrize(
    ("then", "outcome"), [("[{limit: 3h}]", "unknown"), ("[hangup]", "withdrawn")]
)
async def test_of_an_update_that_leaves_the_call_alive_nobody_says_that_it_was_not_carried_out(
    site: Site, then: str, outcome: str
) -> None:
    play(site, then)
    await cut_short(site, "hang", "update")
    site.restart()
    site.flows(flow(rule("other", "match: {to: '+19005550100'}", "[hangup]")))
    await site.poll(after=2 * SECOND)
    assert await parts(site) == [("update", outcome)]


async def ended(site: Site, outcome: Outcome) -> None:
    """The update ended so, and the runner died before it wrote anything of the rest."""
    update = [entry for entry in await site.history() if not entry.intent.part][-1]
    await site.store.record(update, outcome, at=site.time.now(), attempt=1)


async def take_up(site: Site) -> None:
    """A poll whose calls can't be seen: nothing new is begun in it."""
    site.sandbox.set_fault("500", on=("list",), times=1)
    await site.poll(after=2 * SECOND)
    site.sandbox.faults.clear()


async def test_a_part_that_is_gone_on_with_is_not_judged_by_an_update_of_before(
    site: Site,
) -> None:
    play(site, "[{message: {a: b}}, {redirect: 'https://example.com/x'}]")
    site.sandbox.set_fault("401", on=("side",), times=1)
    site.sandbox.set_fault("403", on=("update",), times=1)
    await site.poll()
    assert await parts(site) == [("message", "withdrawn"), ("update", "failed")]
    await site.sandbox.advance(3 * SECOND)
    await cut_short(site, "hang", "side")
    restart(site)
    await site.poll(after=2 * SECOND)
    assert (await parts(site))[2:] == [("message", "done")]


async def test_a_stop_waits_for_an_act_without_an_update(site: Site) -> None:
    play(site, "[{log: seen}, {record: start}]")
    site.sandbox.set_fault("slow", on=("side",), seconds=0.2)
    await site.engine.tick(site.time.now())
    await site.until(lambda: bool(site.sandbox.journal.of("side")))
    assert await site.engine.stop(5 * SECOND) == 0
    assert await parts(site) == [("log", "done"), ("record", "done")]


async def test_a_post_that_may_have_arrived_keeps_its_id_over_a_pause(site: Site) -> None:
    async with open_beside(site, silent_at_first()) as beside:
        await posting(site, beside, f"[{NOTIFY}, {{say: hi}}, {{pause: 9m}}]")
        await site.engine.tick(site.time.now())
        await site.until(lambda: bool(beside.service.requests))
        await site.engine.abandon()  # it has arrived, and nobody has written that down
        assert dict(await parts(site))["notify"] == "intended"
        restarted_with_switch(site, beside)
        (site.folder / "PAUSED").touch()
        before = (await site.store.verify()).rows
        for _ in range(3):
            await site.poll(after=2 * SECOND)
        assert dict(await parts(site))["notify"] == "intended"
        assert (await site.store.verify()).rows <= before + 1, "a pause fills no ledger"
        (site.folder / "PAUSED").unlink()
        await site.poll(after=2 * SECOND)
        assert dict(await parts(site))["notify"] == "done"
        assert len({post.headers["webhook-id"] for post in beside.service.requests}) == 1


async def test_who_is_told_of_an_act_that_was_cut_short_finds_it_in_the_ledger(site: Site) -> None:
    stood: list[list[str]] = []

    async def reply(_request: Request, writer: asyncio.StreamWriter) -> bool:
        stood.append([outcome for name, outcome in await parts(site) if name != "notify"])
        writer.write(answer(204))
        return True

    messages = ", ".join("{message: {a: b}}" for _ in range(20))
    async with open_beside(site, reply) as beside:
        await posting(site, beside, f"[{{record: start}}, {messages}, {NOTIFY}]")
        await cut_short(site, "hang", "side")
        restart(site, beside)
        await take_up(site)
        assert stood == [["unknown", *["withdrawn"] * 20]]


def silent_at_first() -> Reply:
    """Takes the first post and never says so."""
    posts: list[Request] = []

    async def reply(request: Request, writer: asyncio.StreamWriter) -> bool:
        posts.append(request)
        if len(posts) == 1:
            await asyncio.Event().wait()
        writer.write(answer(204))
        return True

    return reply


def restarted_with_switch(site: Site, beside: Beside) -> None:
    restart(site, beside)
    site.engine.obey(Safety(kill=KillSwitch(site.folder / "PAUSED")))


async def test_an_update_that_lacked_what_it_needs_is_not_sent_empty(site: Site) -> None:
    """A runner that dies before it records that a number has no voice URL."""
    play(site, "[restart, {log: restarted}]")
    seen = await site.engine.preview(site.time.now())
    assert seen.plan is not None
    (step,) = seen.plan.steps
    assert step.parts[0].fault
    await site.store.claim(intents_of(site.engine.account, step, site.time.now()))
    restart(site)
    for _ in range(3):
        await site.poll(after=2 * SECOND)
    assert sent(site) == []
    assert await parts(site) == [
        ("update", "withdrawn"),
        ("log", "withdrawn"),
        ("update", "failed"),
        ("log", "skipped"),
    ]
