"""Promises of a look at one call: it does what a poll would do then, or leaves it to one."""

from __future__ import annotations

import pytest

from runner.decision.never import protects
from runner.engine.brakes import Safety
from runner.engine.killswitch import KillSwitch
from runner.engine.ports import Pause
from runner.guards import Burst, Guard, Guards, Rate
from runner.never import Never
from runner.sandbox.plans import Person
from tests.site import SECOND, Site

ANSWERED = """
version: 1
flow: f
rules:
  - id: r
    match: {status: in-progress}
    then: [hangup]
"""
SPEAKS = "[{say: hi}, {pause: 9m}]"


def lists(site: Site) -> int:
    """How many polls asked for calls; a look asks for the legs of one."""
    asked = site.sandbox.journal.of("list")
    return sum("Status" in entry.request.query for entry in asked)


def flow(name: str, then: str, *, match: str = "{status: in-progress}", top: str = "") -> str:
    return f"version: 1\nflow: {name}\n{top}\nrules: [{{id: r, match: {match}, then: {then}}}]\n"


async def ringing(site: Site, *, id_: str = "a", **fields: str) -> str:
    """A call that rings and has been seen by a poll; it is answered when the test says so."""
    row = site.sandbox.add_call(id=id_, status="ringing", person=Person(ring=None), **fields)
    await site.poll()
    return row.sid


def answer(site: Site, sid: str) -> None:
    world = site.sandbox.world
    world.answer(world.leg(sid))


async def test_a_call_is_acted_on_without_any_poll_in_between(site: Site) -> None:
    site.flows(ANSWERED)
    sid = await ringing(site)
    before = lists(site)
    answer(site, sid)
    assert await site.engine.look_at(sid) == "acted"
    assert site.updates() == [{"Status": "completed"}]
    assert lists(site) == before
    (entry,) = await site.history()
    assert (entry.outcome, entry.intent.why) == ("done", "status in-progress")


async def test_it_is_not_acted_on_twice_by_looks_or_polls(site: Site) -> None:
    site.flows(flow("f", SPEAKS))
    sid = await ringing(site)
    answer(site, sid)
    assert await site.engine.look_at(sid) == "acted"
    assert await site.engine.look_at(sid) == "evaluated"
    await site.poll(after=2 * SECOND)
    site.restart()
    site.flows(flow("f", SPEAKS))
    await site.poll(after=2 * SECOND)
    assert await site.engine.look_at(sid) == "evaluated"
    assert len(site.updates()) == 1


async def test_what_is_over_or_unknown_is_left_alone(site: Site) -> None:
    site.flows(ANSWERED)
    sid = await ringing(site)
    world = site.sandbox.world
    world.end(world.leg(sid), "completed")
    assert await site.engine.look_at(sid) == "over"
    assert await site.engine.look_at("CA" + "0" * 32) == "over"
    assert site.updates() == []


# ---- what a look stands on ------------------------------------------------------------------


async def test_without_a_good_and_fresh_poll_the_poll_decides(site: Site) -> None:
    site.flows(ANSWERED)
    sid = site.sandbox.add_call(id="a").sid
    assert await site.engine.look_at(sid) == "waits-for-poll", "no poll yet"
    site.sandbox.set_fault("500", on=("list",), times=1)
    await site.poll()
    assert await site.engine.look_at(sid) == "waits-for-poll", "none that saw anything"
    assert site.sandbox.journal.of("fetch") == []
    assert await site.outcomes() == []


@pytest.mark.parametrize(("late", "word"), [(0, "acted"), (1, "waits-for-poll")])
async def test_a_poll_is_fresh_for_two_intervals(site: Site, late: int, word: str) -> None:
    site.flows(ANSWERED)
    sid = await ringing(site)
    answer(site, sid)
    await site.sandbox.advance(4 * SECOND + late)
    assert await site.engine.look_at(sid) == word


async def test_after_a_poll_that_failed_the_next_good_one_decides(site: Site) -> None:
    site.flows(ANSWERED)
    sid = await ringing(site)
    site.sandbox.set_fault("500", on=("list",), times=1)
    await site.poll()
    answer(site, sid)
    assert await site.engine.look_at(sid) == "waits-for-poll"


async def test_new_flows_are_first_judged_by_a_poll(site: Site) -> None:
    site.flows(ANSWERED.replace("in-progress", "queued"))
    sid = await ringing(site)
    answer(site, sid)
    site.flows(ANSWERED)
    assert await site.engine.look_at(sid) == "waits-for-poll"
    assert site.updates() == []


async def test_a_look_that_fails_leaves_everything_to_the_next_poll(site: Site) -> None:
    site.flows(ANSWERED)
    sid = await ringing(site)
    answer(site, sid)
    site.sandbox.set_fault("429", on=("fetch",), times=1)
    assert await site.engine.look_at(sid) == "failed"
    assert await site.engine.look_at(sid) == "waits-for-poll"
    assert len(site.sandbox.journal.of("fetch")) == 1, "a far side that is ill is not hurried"
    await site.poll(after=SECOND)
    assert await site.outcomes() == [("f/r", "done")]


async def test_what_rests_for_the_far_side_rests_for_looks_too(site: Site) -> None:
    site.flows(flow("f", SPEAKS))
    first, second = await ringing(site), await ringing(site, id_="b")
    site.sandbox.set_fault("429", on=("update",), times=1, retry_after=1)
    answer(site, first)
    assert await site.engine.look_at(first) == "acted"
    answer(site, second)
    assert await site.engine.look_at(second) == "waits-for-poll"
    assert len(site.updates()) == 1


# ---- holds ----------------------------------------------------------------------------------


async def test_a_hold_is_kept_by_polls_and_ends_in_time_for_a_look(site: Site) -> None:
    site.flows(ANSWERED.replace("then:", "for: 3s\n    then:"))
    sid = site.sandbox.add_call(id="a").sid
    await site.poll()
    await site.poll(after=2 * SECOND)
    await site.sandbox.advance(999)
    assert await site.engine.look_at(sid) == "evaluated"
    await site.sandbox.advance(1)
    assert await site.engine.look_at(sid) == "acted"


async def test_a_look_starts_no_hold_and_ends_none(site: Site) -> None:
    site.flows(ANSWERED.replace("then:", "for: 3s\n    then:"))
    late = await ringing(site)
    kept = site.sandbox.add_call(id="b", to="+14155550177").sid
    await site.poll()
    answer(site, late)
    assert await site.engine.look_at(late) == "evaluated"
    before = await site.store.holds(site.sandbox.account_sid)
    assert {sid for sid, _ in before[0]} == {kept}
    await site.poll(after=2 * SECOND)
    await site.poll(after=2 * SECOND)
    assert [e.intent.call_sid for e in await site.history()] == [kept]
    await site.poll(after=SECOND)
    assert [e.intent.call_sid for e in await site.history()] == [kept, late]


# ---- what asks for more than one call -------------------------------------------------------


@pytest.mark.parametrize(
    "match", ["{has_child: false}", "{concurrent: {by: to, gte: 1}}", "{not: {has_child: true}}"]
)
async def test_flows_that_ask_about_other_calls_wait(site: Site, match: str) -> None:
    site.flows(flow("f", "[hangup]", match=f"{{all: [{{status: in-progress}}, {match}]}}"))
    sid = await ringing(site)
    answer(site, sid)
    assert await site.engine.look_at(sid) == "waits-for-poll"
    await site.poll(after=SECOND)
    assert await site.outcomes() == [("f/r", "done")]


@pytest.mark.parametrize(
    ("priority", "number", "word"),
    [(1, "+14155550100", "waits-for-poll"), (-1, "+14155550100", "acted"), (1, "+1999", "acted")],
)
async def test_a_flow_that_waits_keeps_those_behind_it_waiting(
    site: Site, priority: int, number: str, word: str
) -> None:
    """Whoever might outrank the act must be known; not so where no rule of it fits anyway."""
    asks = flow(
        "asks",
        SPEAKS,
        match=f'{{all: [{{to: "{number}"}}, {{status: in-progress}}, {{has_child: true}}]}}',
        top=f"priority: {priority}",
    )
    site.flows(asks, ANSWERED)
    sid = await ringing(site)
    answer(site, sid)
    assert await site.engine.look_at(sid) == word


async def test_of_two_legs_the_one_goes_first_that_a_poll_would_take(site: Site) -> None:
    first = flow("first", SPEAKS, match='{to: "+14155550111"}', top="priority: 5")
    site.flows(first, flow("second", "[hangup]", match="{leg: child, status: in-progress}"))
    parent = site.sandbox.add_call(id="p", status="ringing", person=Person(ring=None))
    child = site.sandbox.add_call(
        id="c", parent="p", direction="outbound-dial", status="ringing", person=Person(ring=None)
    )
    await site.poll()
    site.sandbox.world.change(site.sandbox.world.leg(parent.sid), to="+14155550111")
    answer(site, parent.sid)
    answer(site, child.sid)
    assert await site.engine.look_at(child.sid) == "waits-for-poll"
    assert site.updates() == []
    assert await site.engine.look_at(parent.sid) == "acted"


# ---- brakes ---------------------------------------------------------------------------------


async def test_pauses_and_the_kill_switch_hold_for_looks(site: Site) -> None:
    site.flows(ANSWERED)
    site.engine.obey(Safety(kill=KillSwitch(site.folder / "PAUSED")))
    sid = await ringing(site)
    answer(site, sid)
    (site.folder / "PAUSED").touch()
    assert await site.engine.look_at(sid) == "evaluated"
    (site.folder / "PAUSED").unlink()
    await site.store.pause(Pause(flow="f", at=site.time.now()))
    assert await site.engine.look_at(sid) == "evaluated"
    assert await site.outcomes() == []


async def test_a_protected_leg_that_no_poll_has_listed_protects(site: Site) -> None:
    never = Never(numbers=frozenset({"+14155550104"}))
    account = site.sandbox.account_sid
    site.engine.obey(Safety(protects=lambda call: protects(never, call, account=account, alias="")))
    site.flows(flow("f", "[hangup]", match='{to: "+14155550100", status: in-progress}'))
    sid = await ringing(site)
    answer(site, sid)
    site.sandbox.add_call(parent="a", direction="outbound-dial", to="+14155550104")
    assert await site.engine.look_at(sid) == "evaluated"
    assert await site.outcomes() == []


async def test_what_would_pass_a_rate_is_left_to_the_poll_which_trips(site: Site) -> None:
    site.engine.obey(Safety(guards=Guards(rule=Guard(rate=Rate(most=1)))))
    site.flows(ANSWERED)
    first, second = await ringing(site), await ringing(site, id_="b")
    answer(site, first)
    answer(site, second)
    assert await site.engine.look_at(first) == "acted"
    assert await site.engine.look_at(second) == "waits-for-poll"
    assert await site.store.pauses() == []
    await site.poll(after=SECOND)
    assert [pause.tripped for pause in await site.store.pauses()] == [True]
    assert len(site.updates()) == 1


async def test_many_looks_and_the_next_poll_count_as_one_burst(site: Site) -> None:
    site.engine.obey(Safety(guards=Guards(rule=Guard(Burst(0.0, at_least=2), Rate()))))
    site.flows(ANSWERED)
    sids = [await ringing(site, id_=f"c{number}") for number in range(4)]
    for sid in sids:
        answer(site, sid)
    assert [await site.engine.look_at(sid) for sid in sids[:3]] == [
        "acted",
        "acted",
        "waits-for-poll",
    ]
    poll = await site.poll(after=SECOND)
    assert poll.plan is not None
    assert [trip.calls for trip in poll.plan.trips] == [4], "two begun, two wanted"
    assert len(site.updates()) == 2


async def test_a_new_poll_opens_a_new_burst(site: Site) -> None:
    site.engine.obey(Safety(guards=Guards(rule=Guard(Burst(0.0, at_least=1), Rate()))))
    site.flows(ANSWERED)
    first, second = await ringing(site), await ringing(site, id_="b")
    answer(site, first)
    assert await site.engine.look_at(first) == "acted"
    await site.poll(after=SECOND)
    answer(site, second)
    assert await site.engine.look_at(second) == "acted"


# ---- a dry run, shadows ---------------------------------------------------------------------


async def test_a_dry_run_says_once_what_a_look_would_do(site: Site) -> None:
    site.flows(ANSWERED)
    row = site.sandbox.add_call(id="a", status="ringing", person=Person(ring=None))
    await site.engine.rehearse(site.time.now())
    answer(site, row.sid)
    assert await site.engine.look_at(row.sid) == "evaluated"
    await site.sandbox.advance(2 * SECOND)
    await site.engine.rehearse(site.time.now())
    assert await site.engine.look_at(row.sid) == "evaluated"
    assert [event.fields["call"] for event in site.told("action.planned")] == [row.sid]
    assert (await site.history(), site.updates()) == ([], [])


async def test_a_shadow_is_recorded_by_a_look(site: Site) -> None:
    site.flows(ANSWERED.replace("then:", "mode: shadow\n    then:"))
    sid = await ringing(site)
    answer(site, sid)
    assert await site.engine.look_at(sid) == "evaluated"
    await site.poll(after=SECOND)
    assert await site.outcomes() == [("f/r", "shadowed")]
