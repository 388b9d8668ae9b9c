"""Promises: after any answer, or none, a call is changed at most once and never by guess."""

from __future__ import annotations

import pytest

from tests.site import SECOND, Site

HANG_UP = """
version: 1
flow: f
guard: unlimited
rules:
  - id: r
    then: [hangup]
"""
SPEAK = HANG_UP.replace("[hangup]", "[{say: hello}, {pause: 9m}]")
REDIRECT = HANG_UP.replace("[hangup]", "[{redirect: https://example.com/x}]")


async def test_a_lost_answer_is_read_back_and_speech_not_repeated(site: Site) -> None:
    site.flows(SPEAK)
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("reset-after", on=("update",), times=1)
    await site.poll()
    for _ in range(3):
        await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("f/r", "unknown")]
    assert len(site.updates()) == 1
    (event,) = site.told("action.unknown")
    assert "not repeated" in str(event.fields["detail"])


async def test_a_lost_answer_to_a_hang_up_that_worked_is_gone(site: Site) -> None:
    site.flows(HANG_UP)
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("reset-after", on=("update",), times=1)
    await site.poll()
    assert await site.outcomes() == [("f/r", "gone")]


@pytest.mark.parametrize("fault", ["reset-before", "500", "503", "hang"])
async def test_a_hang_up_that_may_not_have_arrived_is_sent_again(site: Site, fault: str) -> None:
    site.flows(HANG_UP)
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault(fault, on=("update",), times=1)
    await site.poll()
    assert await site.outcomes() == [("f/r", "done")]
    assert (await site.history())[0].attempt == 2
    assert site.sandbox.world.call("a").status == "completed"


async def test_a_hang_up_survives_a_far_side_that_is_away_for_polls(site: Site) -> None:
    site.flows(HANG_UP)
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("500", on=("update", "fetch"), times=6)
    await site.poll()
    assert await site.outcomes() == [("f/r", "retrying")]
    for _ in range(8):
        await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("f/r", "done")]


async def test_a_far_side_that_fails_on_and_on_is_not_hurried(site: Site) -> None:
    site.flows(HANG_UP)
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("500", on=("update",))
    await site.poll()
    assert len(site.updates()) == 4
    for _ in range(3):
        await site.poll(after=2 * SECOND)
    assert (len(site.updates()), await site.outcomes()) == (7, [("f/r", "retrying")])
    site.sandbox.faults.clear()
    await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("f/r", "done")]


async def test_speech_that_may_be_repeated_is_not_repeated_for_ever(site: Site) -> None:
    site.flows(SPEAK.replace("    then", "    retry_unknown: true\n    then"))
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("reset-after", on=("update",))
    for _ in range(4):
        await site.poll(after=2 * SECOND)
    assert (len(site.updates()), await site.outcomes()) == (4, [("f/r", "unknown")])


async def test_a_refusal_before_processing_is_tried_again(site: Site) -> None:
    site.flows(SPEAK)
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("429", on=("update",), times=2)
    await site.poll()
    assert await site.outcomes() == [("f/r", "done")]
    await site.sandbox.advance(5 * SECOND)
    assert site.sandbox.world.heard("a") == ["hello"]


async def test_retry_after_is_honoured_and_the_poll_decides_afresh(site: Site) -> None:
    site.flows(SPEAK)
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("429", on=("update",), times=1, retry_after=5)
    await site.poll()
    await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("f/r", "withdrawn")]
    await site.poll(after=4 * SECOND)
    assert await site.outcomes() == [("f/r", "withdrawn"), ("f/r", "done")]
    assert len(site.updates()) == 2


async def test_too_early_is_tried_again(site: Site) -> None:
    site.flows(REDIRECT)
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("too-early", on=("update",), times=2)
    await site.poll()
    assert await site.outcomes() == [("f/r", "done")]
    assert (await site.history())[0].attempt == 3


@pytest.mark.parametrize("unreadable", [0, 4])
async def test_a_live_call_that_stays_too_early_for_long_is_not_given_up(
    site: Site, unreadable: int
) -> None:
    site.flows(HANG_UP)
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("too-early", on=("update",), times=6)
    if unreadable:
        site.sandbox.set_fault("500", on=("fetch",), times=unreadable)
    await site.poll()
    await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("f/r", "withdrawn"), ("f/r", "done")]
    assert site.sandbox.world.call("a").status == "completed"


async def test_stopping_while_it_is_too_early_leaves_the_call_to_the_next_start(
    site: Site,
) -> None:
    flows = site.flows(HANG_UP)
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("too-early", on=("update",), times=1)
    await site.engine.tick(site.time.now())
    await site.engine.stop(grace=10 * SECOND)
    assert await site.outcomes() == [("f/r", "withdrawn")]
    site.restart()
    site.engine.load(flows)
    await site.poll(after=2 * SECOND)
    assert site.sandbox.world.call("a").status == "completed"


async def test_wrong_state_of_a_call_that_ended_is_gone(site: Site) -> None:
    site.flows(REDIRECT)
    row = site.sandbox.add_call(id="a")
    site.sandbox.set_fault("stale", on=("list",), seconds=5)
    await site.sandbox.advance(6 * SECOND)
    site.sandbox.world.hang_up(site.sandbox.world.leg("a"))
    await site.poll()
    assert await site.outcomes() == [("f/r", "gone")]
    assert site.sandbox.world.call(row.sid).status == "completed"


async def test_a_crash_between_intent_and_outcome_is_settled_at_the_next_start(site: Site) -> None:
    other = HANG_UP.replace("flow: f", "flow: g")
    other = other.replace("    then", "    match: {from: '+14155550177'}\n    then")
    speak = SPEAK.replace("    then", "    match: {from: '+14155550199'}\n    then")
    flows = site.flows(speak, other)
    site.sandbox.add_call(id="a")
    site.sandbox.add_call(id="b", from_="+14155550177")
    site.sandbox.set_fault("hang", on=("update",))
    await site.engine.tick(site.time.now())
    await site.until_sent(2)
    assert await site.engine.stop(grace=0) == 2
    assert [outcome for _, outcome in await site.outcomes()] == ["intended", "intended"]
    site.sandbox.faults.clear()
    site.restart()
    site.engine.load(flows)
    await site.poll(after=2 * SECOND)
    assert sorted(await site.outcomes()) == [("f/r", "unknown"), ("g/r", "done")]


async def test_a_failed_poll_decides_nothing(site: Site) -> None:
    site.flows(HANG_UP)
    site.sandbox.add_call(id="a")
    for fault in ("500", "malformed", "html", "truncated", "reset-before", "hang"):
        site.sandbox.set_fault(fault, on=("list",))
        poll = await site.poll(after=2 * SECOND)
        assert poll.error is not None, fault
        site.sandbox.faults.clear()
    assert site.updates() == []
    await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("f/r", "done")]


async def test_a_refused_update_is_failed_and_not_repeated(site: Site) -> None:
    site.flows(REDIRECT)
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("403", on=("update",))
    await site.poll()
    await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("f/r", "failed")]
    assert len(site.updates()) == 1


async def test_a_refused_login_leaves_the_call_to_a_later_poll(site: Site) -> None:
    site.flows(HANG_UP)
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("401", on=("update",), times=1)
    await site.poll()
    await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("f/r", "withdrawn"), ("f/r", "done")]


async def test_stopping_withdraws_what_was_not_sent(site: Site) -> None:
    flows = site.flows(SPEAK)
    for number in range(30):
        site.sandbox.add_call(id=f"a{number}")
    site.sandbox.set_fault("hang", on=("update",))
    await site.engine.tick(site.time.now())
    await site.until_sent(9)
    assert await site.engine.stop(grace=10 * SECOND) == 0
    outcomes = [outcome for _, outcome in await site.outcomes()]
    assert (outcomes.count("unknown"), outcomes.count("withdrawn")) == (9, 21)
    site.sandbox.faults.clear()
    site.restart()
    site.engine.load(flows)
    await site.poll(after=2 * SECOND)
    outcomes = [outcome for _, outcome in await site.outcomes()]
    assert (outcomes.count("unknown"), outcomes.count("done")) == (9, 21)


async def test_updates_that_hang_leave_room_for_the_next_list(site: Site) -> None:
    site.flows(HANG_UP)
    for number in range(20):
        site.sandbox.add_call(id=f"a{number}")
    site.sandbox.set_fault("hang", on=("update",))
    await site.engine.tick(site.time.now())
    await site.until_sent(9)
    await site.engine.tick(site.time.now())
    assert len(site.told("poll")) == 2
    assert not site.told("action.retrying"), "the list waited for an update to end"
    await site.engine.stop(grace=0)
