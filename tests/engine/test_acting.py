"""Promises: what a poll does to the calls, over real HTTP: at most once, in order, and recorded."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest

from runner.engine.ports import AccessRefused, StoreError
from runner.store.sqlite import SqliteStore
from tests.site import MINUTE, SECOND, Site

CAP = """
version: 1
flow: caps
rules:
  - id: cut
    match: {age: {gte: 30m}}
    then:
      - say: Time is up.
      - hangup
  - id: warn
    match: {age: {gte: 25m}}
    then:
      - say: Five minutes are left.
      - redirect: https://example.com/next
"""

SPEECH = "[{say: hi}, {pause: 9m}]"


def flow(
    name: str = "ends",
    *,
    match: str = 'from: "+14155550199"',
    then: str = "[hangup]",
    top: str = "",
) -> str:
    """A flow of one rule, `end`."""
    return f"""
version: 1
flow: {name}
{top}
rules:
  - id: end
    match: {{{match}}}
    then: {then}
"""


async def test_a_matching_call_gets_its_update_and_the_ledger_says_why(site: Site) -> None:
    site.flows(CAP)
    row = site.sandbox.add_call(id="a", age=31 * MINUTE)
    poll = await site.poll()
    assert poll.calls == 1
    assert site.updates() == [{"Twiml": "<Response><Say>Time is up.</Say><Hangup /></Response>"}]
    (entry,) = await site.history()
    assert (entry.outcome, entry.intent.call_sid, entry.attempt) == ("done", row.sid, 1)
    assert entry.intent.why.startswith("age 31m gte 30m")
    assert entry.intent.request == site.updates()[0]
    assert [event.name for event in site.events] == ["poll", "action.intended", "action.done"]
    assert site.events[1].fields == {
        "account": site.sandbox.account_sid,
        "call": row.sid,
        "flow": "caps",
        "rule": "cut",
        "then": ["say", "hangup"],
        "attempt": 1,
        "why": entry.intent.why,
    }


async def test_a_rule_acts_once_on_a_call_even_after_a_restart(site: Site) -> None:
    flows = site.flows(CAP)
    site.sandbox.add_call(
        id="a", age=26 * MINUTE, twiml="<Response><Pause length='99'/></Response>"
    )
    await site.poll()
    await site.poll(after=2 * SECOND)
    site.restart()
    site.engine.load(flows)
    await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("caps/warn", "done")]
    assert len(site.updates()) == 1


async def test_the_first_rule_that_matches_keeps_the_call(site: Site) -> None:
    site.flows(CAP)
    site.sandbox.add_call(id="a", age=31 * MINUTE)
    await site.poll()
    assert await site.outcomes() == [("caps/cut", "done")]


async def test_a_call_that_grows_older_meets_both_rules(site: Site) -> None:
    site.flows(CAP.replace("- redirect: https://example.com/next", "- pause: 1h"))
    site.sandbox.add_call(id="a", age=24 * MINUTE)
    for _ in range(40):
        await site.poll(after=10 * SECOND)
    assert await site.outcomes() == [("caps/warn", "done"), ("caps/cut", "done")]
    warned, cut = await site.history()
    assert cut.intent.at - warned.intent.at == 5 * MINUTE
    assert site.sandbox.world.heard("a") == ["Five minutes are left.", "Time is up."]


async def test_age_is_the_servers_whatever_the_local_clock_says(site: Site) -> None:
    site.flows(CAP)
    site.sandbox.add_call(id="a", age=5 * MINUTE)
    site.time.skew = 60 * MINUTE
    await site.poll()
    assert site.updates() == []
    site.time.skew = -60 * MINUTE
    site.sandbox.add_call(id="b", age=31 * MINUTE)
    await site.poll()
    assert await site.outcomes() == [("caps/cut", "done")]


async def test_two_flows_take_turns_by_priority_then_file_order(site: Site) -> None:
    site.flows(flow(then=SPEECH), flow("first", then=SPEECH, top="priority: 5"))
    site.sandbox.add_call(id="a")
    poll = await site.poll()
    assert await site.outcomes() == [("first/end", "done")]
    assert poll.plan is not None
    assert [(h.rule.key, h.reason) for h in poll.plan.held] == [("ends/end", "outranked")]
    await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("first/end", "done"), ("ends/end", "done")]


async def test_one_update_for_a_parent_and_its_children_in_a_poll(site: Site) -> None:
    site.flows(flow(match='leg: any, from: "+14155550199"', then=SPEECH))
    parent = site.sandbox.add_call(id="p")
    site.sandbox.add_call(id="c", parent="p", direction="outbound-dial", from_="+14155550199")
    poll = await site.poll()
    assert [entry.intent.call_sid for entry in await site.history()] == [parent.sid]
    assert poll.plan is not None
    assert [held.reason for held in poll.plan.held] == ["leg-group"]


async def test_children_are_left_alone_unless_a_rule_names_them(site: Site) -> None:
    site.flows(flow())
    site.sandbox.add_call(id="p", from_="+14155550100")
    site.sandbox.add_call(id="c", parent="p", direction="outbound-dial", from_="+14155550199")
    await site.poll()
    assert site.updates() == []


async def test_only_the_statuses_that_flows_need_are_listed(site: Site) -> None:
    site.flows(flow())
    await site.poll()
    (entry,) = site.sandbox.journal.of("list")
    assert entry.request.query["Status"] == "in-progress"
    assert entry.request.query["From"] == "+14155550199"
    assert entry.request.query["PageSize"] == "1000"


async def test_a_cancel_is_for_calls_that_ring(site: Site) -> None:
    site.flows(flow(match="status: [queued, ringing]", then="[cancel]"))
    site.sandbox.add_call(id="r", status="ringing")
    site.sandbox.add_call(id="q", status="queued")
    site.sandbox.add_call(id="live")
    await site.poll()
    assert site.updates() == [{"Status": "canceled"}] * 2
    assert site.sandbox.world.call("live").status == "in-progress"
    assert site.sandbox.world.call("r").status == "canceled"


async def test_speech_waits_until_a_ringing_call_is_answered(site: Site) -> None:
    site.flows(flow(match="status: [ringing, in-progress]", then=SPEECH))
    site.sandbox.add_call(id="r", status="ringing", direction="outbound-api")
    poll = await site.poll()
    assert poll.plan is not None
    assert [(h.reason, h.detail) for h in poll.plan.held] == [
        ("status", "the call is ringing; this needs it in-progress")
    ]
    await site.poll(after=10 * SECOND)
    assert await site.outcomes() == [("ends/end", "done")]


async def test_disabled_rules_and_flows_do_nothing(site: Site) -> None:
    site.flows(flow().replace("    then:", "    enabled: false\n    then:"))
    site.sandbox.add_call(id="a")
    poll = await site.poll()
    assert (poll.calls, site.updates(), len(site.sandbox.journal)) == (0, [], 0)


async def test_hang_ups_go_first(site: Site) -> None:
    site.flows(flow(then=SPEECH), flow("last", match='from: "+14155550177"'))
    site.sandbox.add_call(id="a")
    site.sandbox.add_call(id="b", from_="+14155550177")
    poll = await site.poll()
    assert poll.plan is not None
    assert [step.rule.key for step in poll.plan.steps] == ["last/end", "ends/end"]


async def test_preview_and_rehearsal_send_and_write_nothing(site: Site) -> None:
    flows = site.flows(CAP)
    site.sandbox.add_call(id="a", age=31 * MINUTE)
    preview = await site.engine.preview(site.time.now())
    await site.engine.rehearse(site.time.now())
    await site.engine.rehearse(site.time.now())
    assert (site.updates(), await site.history()) == ([], [])
    assert len(site.told("action.planned")) == 1
    site.restart()
    site.engine.load(flows)
    real = await site.poll()
    assert preview.plan is not None
    assert real.plan is not None
    assert preview.plan.steps == real.plan.steps


async def test_refused_credentials_fail_the_poll(site: Site) -> None:
    site.flows(flow())
    site.sandbox.set_fault("401")
    poll = await site.poll()
    assert isinstance(poll.error, AccessRefused)
    (event,) = site.told("poll.failed")
    assert event.fields["hint"]


async def test_a_call_whose_last_change_is_open_is_left_alone(site: Site) -> None:
    again = flow(then=SPEECH).replace("    then", "    retry_unknown: true\n    then")
    site.flows(again, flow("other", match="age: {gte: 1s}"))
    site.sandbox.add_call(id="a")
    site.sandbox.add_call(id="c", parent="a", direction="outbound-dial", from_="+14155550177")
    site.sandbox.set_fault("500", on=("update", "fetch"), times=2)
    await site.poll()
    assert await site.outcomes() == [("ends/end", "retrying")]
    poll = await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("ends/end", "done")]
    assert poll.plan is not None
    assert [(held.rule.key, held.reason) for held in poll.plan.held][1:] == [
        ("other/end", "in-flight")
    ]
    await site.poll(after=2 * SECOND)
    assert (await site.outcomes())[1:] == [("other/end", "done")]


async def test_a_change_that_is_open_on_one_leg_keeps_the_others_waiting(site: Site) -> None:
    on_child = flow(match="leg: child", then=SPEECH)
    site.flows(on_child, flow("other", match='from: "+14155550199"'))
    site.sandbox.add_call(id="a")
    site.sandbox.add_call(id="c", parent="a", direction="outbound-dial", from_="+14155550177")
    site.sandbox.set_fault("500", on=("update", "fetch"), times=2)
    await site.poll()
    assert await site.outcomes() == [("ends/end", "retrying")]
    await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("ends/end", "unknown")]
    await site.poll(after=2 * SECOND)
    assert (await site.outcomes())[1:] == [("other/end", "done")]


async def test_a_row_that_grew_old_while_it_was_listed_is_read_again(site: Site) -> None:
    site.flows(flow())
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("slow", on=("list",), seconds=0.2)
    tick = asyncio.create_task(site.engine.tick(site.time.now()))
    await asyncio.sleep(0.05)
    await site.sandbox.advance(5 * SECOND)
    await tick
    await site.engine.settle()
    assert len(site.sandbox.journal.of("fetch")) == 1
    assert await site.outcomes() == [("ends/end", "done")]


HELD = flow().replace("    then", "    for: 1m\n    then")


async def test_polls_that_cannot_be_kept_count_for_no_hold(site: Site) -> None:
    site.store = await SqliteStore(site.folder / "other.db", patience=0.01).open()
    site.restart()
    site.flows(HELD)
    site.sandbox.add_call(id="a")
    await site.poll()
    await site.poll(after=10 * SECOND)
    with closing(sqlite3.connect(site.folder / "other.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(10):
            with pytest.raises(StoreError):
                await site.poll(after=10 * SECOND)
    for _ in range(5):
        await site.poll(after=10 * SECOND)
    assert site.updates() == []
    await site.poll(after=10 * SECOND)
    assert await site.outcomes() == [("ends/end", "done")]
    await site.store.close()


async def test_a_rehearsal_sees_holds_pass_and_keeps_none(site: Site) -> None:
    site.flows(HELD)
    site.sandbox.add_call(id="a")
    for _ in range(7):
        assert not site.told("action.planned")
        await site.engine.rehearse(site.time.now())
        await site.sandbox.advance(10 * SECOND)
    assert len(site.told("action.planned")) == 1
    assert await site.store.holds(site.sandbox.account_sid) == ({}, None)
