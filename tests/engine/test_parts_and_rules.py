"""Promises: acts of several parts keep to what was promised when rules are edited or many."""

from __future__ import annotations

import pytest

from tests.engine.test_parts import STREAM, parts, play, sent
from tests.engine.test_rules import flow, rule
from tests.site import SECOND, Site

# ---- rules that are edited ----------------------------------------------------------------------


async def test_what_a_rule_does_no_more_keeps_it_from_no_later_act(site: Site) -> None:
    play(site, "[{say: hi}, {pause: 9m}, {record: start}]", "once: {every: 1m}")
    site.sandbox.set_fault("429", on=("side",), times=1, retry_after=1)
    await site.poll()
    assert await parts(site) == [("update", "done"), ("record", "withdrawn")]
    site.flows(flow(rule("r", "once: {every: 1m}", "[{say: hi}, {pause: 9m}]")))
    await site.poll(after=2 * SECOND)
    assert sent(site) == ["Calls/*", "Calls/*/Recordings"]  # not due yet
    await site.poll(after=60 * SECOND)
    assert sent(site)[2:] == ["Calls/*"]
    assert (await site.history())[-1].intent.number == 2


# ---- several rules on one call ------------------------------------------------------------------


@pytest.mark.parametrize("first", ["listens", "speaks"])
async def test_what_one_rule_starts_waits_for_the_update_of_another(site: Site, first: str) -> None:
    listens = rule("listens", "continue: true", f"[{STREAM}]")
    speaks = rule("speaks", "continue: true", "[{say: hi}, {pause: 9m}]")
    site.flows(flow(*((listens, speaks) if first == "listens" else (speaks, listens))))
    site.sandbox.add_call(id="a")
    poll = await site.poll()
    assert poll.plan is not None
    assert [(held.rule.id, held.reason) for held in poll.plan.held] == [("listens", "outranked")]
    await site.poll(after=2 * SECOND)
    assert sent(site) == ["Calls/*", "Calls/*/Streams"]


async def test_what_no_update_undoes_waits_for_none(site: Site) -> None:
    told = rule("told", "continue: true", "[{message: {a: b}}]")
    site.flows(flow(told, rule("speaks", "", "[{say: hi}, {pause: 9m}]")))
    site.sandbox.add_call(id="a")
    poll = await site.poll()
    assert poll.plan is not None
    assert not poll.plan.held
    capped = rule("capped", "continue: true", "[{limit: 30m}]")
    site.flows(flow(capped, rule("listens", "", f"[{STREAM}]")))
    await site.poll(after=2 * SECOND)
    assert sorted(sent(site)[2:]) == ["Calls/*", "Calls/*/Streams"]


# ---- fewer requests ------------------------------------------------------------------------------


async def test_a_part_that_is_throttled_rests_the_others_too(site: Site) -> None:
    play(site, "[{record: stop}, {message: {a: b}}, {limit: 30m}, {log: capped}]")
    site.sandbox.set_fault("429", on=("side",), times=1, retry_after=30)
    await site.poll()
    await site.poll(after=20 * SECOND)
    assert sent(site) == ["Calls/*/Recordings/Twilio.CURRENT"]
    assert {outcome for _, outcome in await parts(site)} == {"withdrawn"}
    await site.poll(after=20 * SECOND)
    below = ["Calls/*/Recordings/Twilio.CURRENT", "Calls/*/UserDefinedMessages", "Calls/*"]
    assert sent(site)[1:] == below
    assert (await parts(site))[4:] == [
        ("record", "failed"),
        ("message", "done"),
        ("update", "done"),
        ("log", "done"),
    ]


async def test_many_acts_do_not_hurry_a_far_side_that_wants_fewer(site: Site) -> None:
    site.flows(flow(rule("r", "continue: true", "[{record: start}]")))
    for number in range(60):
        site.sandbox.add_call(id=f"a{number}")
    site.sandbox.set_fault("429", on=("side",), retry_after=30)
    await site.poll()
    assert len(sent(site)) < 10  # those that were on their way already
    site.sandbox.faults.clear()
    await site.poll(after=40 * SECOND)
    assert len(await site.history()) == 120
    assert [outcome for _, outcome in await parts(site)][60:] == ["done"] * 60
