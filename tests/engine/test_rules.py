"""Promises: when, how often and on which calls a rule acts, as its keys say; over real HTTP."""

from __future__ import annotations

import pytest

from runner.decision.matcher import in_cohort
from runner.model import FlowSet
from runner.sandbox.plans import Person
from tests.site import MINUTE, SECOND, Site

A, B, C = "+14155550101", "+14155550102", "+14155550103"
#: Speech that leaves the call alive, so that the rule can match it again.
SPEECH = "[{say: hi}, {pause: 50m}]"


def flow(*rules: str, top: str = "", name: str = "f") -> str:
    lines = "".join(f"  - {{{rule}}}\n" for rule in rules)
    return f"version: 1\nflow: {name}\n{top}\nrules:\n{lines}"


def rule(name: str, keys: str = "", then: str = SPEECH) -> str:
    return f"id: {name}, {keys + ', ' if keys else ''}then: {then}"


async def polls(site: Site, number: int, every: int = 10 * SECOND) -> None:
    for _ in range(number):
        await site.poll(after=every)


def restart(site: Site, flows: FlowSet) -> None:
    site.restart()
    site.engine.load(flows)


async def acts(site: Site) -> list[str]:
    """The rules that acted, oldest first; what was withdrawn is none."""
    return [key for key, outcome in await site.outcomes() if outcome == "done"]


async def values(site: Site) -> list[str]:
    """The values of `per` that acts were for."""
    return sorted(entry.intent.value for entry in await site.history())


# ---- for ------------------------------------------------------------------------------------


async def test_for_lets_a_rule_match_only_when_it_has_held(site: Site) -> None:
    site.flows(flow(rule("long", "for: 30s", "[hangup]"), rule("meanwhile")))
    site.sandbox.add_call(id="a")
    await site.poll()
    assert await acts(site) == ["f/meanwhile"]
    await polls(site, 2)
    assert await acts(site) == ["f/meanwhile"]  # for 20 s
    await polls(site, 1)
    assert await acts(site) == ["f/meanwhile", "f/long"]


async def test_for_begins_afresh_where_the_conditions_did_not_hold(site: Site) -> None:
    site.flows(flow(rule("long", "match: {concurrent: {by: to, gte: 2}}, for: 30s", "[hangup]")))
    site.sandbox.add_call(id="a", to=A)
    site.sandbox.add_call(id="b", to=A, person=leaves_after(25))
    await polls(site, 3)  # two calls after 10 and 20 s, one after 30
    site.sandbox.add_call(id="c", to=A)
    await polls(site, 3)
    assert await acts(site) == []
    await polls(site, 1)
    assert await acts(site) == ["f/long", "f/long"]


def leaves_after(seconds: int) -> Person:
    return Person(talk=seconds * SECOND)


@pytest.mark.parametrize("fault", ["500", "malformed", "reset-before"])
async def test_a_failed_poll_neither_counts_nor_begins_afresh(site: Site, fault: str) -> None:
    site.flows(flow(rule("long", "for: 30s", "[hangup]")))
    site.sandbox.add_call(id="a")
    await site.poll()
    await polls(site, 2)  # held for 20 s
    number = site.sandbox.set_fault(fault, on=("list",))
    await polls(site, 6)
    site.sandbox.faults.clear([number])
    await polls(site, 1)  # a minute of nothing seen, and still 20 s
    assert await acts(site) == []
    await polls(site, 1)
    assert await acts(site) == ["f/long"]


async def test_a_hold_survives_a_restart_and_the_pause_does_not_count(site: Site) -> None:
    flows = site.flows(flow(rule("long", "for: 30s", "[hangup]")))
    site.sandbox.add_call(id="a")
    await site.poll()
    await polls(site, 2)
    await site.sandbox.advance(MINUTE)
    restart(site, flows)
    await site.poll()
    assert await acts(site) == []
    await polls(site, 1)
    assert await acts(site) == ["f/long"]


HELD = 'match: {from: {prefix: "+1"}}, for: 30s'


@pytest.mark.parametrize(
    ("edited", "goes_on"),
    [
        ([rule("long", HELD, "[{say: bye}, hangup]")], True),  # another action
        ([rule("first", "match: {to: 'client:x'}"), rule("long", HELD, "[hangup]")], True),
        ([rule("long", f"description: why, {HELD}", "[hangup]")], True),
        ([rule("long", HELD.replace("30s", "25s"), "[hangup]")], True),
        ([rule("long", HELD.replace('"+1"', '"+14"'), "[hangup]")], False),  # other conditions
    ],
)
async def test_only_an_edit_of_its_own_conditions_begins_a_hold_afresh(
    site: Site, edited: list[str], goes_on: bool
) -> None:
    site.flows(flow(rule("long", HELD, "[hangup]")))
    site.sandbox.add_call(id="a")
    await site.poll()
    await polls(site, 2)
    site.flows(flow(*edited))
    await polls(site, 1)
    assert await acts(site) == (["f/long"] if goes_on else [])
    await polls(site, 2)
    assert await acts(site) == ([] if not goes_on else ["f/long"])
    await polls(site, 1)
    assert await acts(site) == ["f/long"]


# ---- once -----------------------------------------------------------------------------------


async def test_every_and_max_repeat_on_the_same_call(site: Site) -> None:
    flows = site.flows(flow(rule("again", "once: {every: 1m, max: 3}")))
    site.sandbox.add_call(id="a")
    await site.poll()
    await polls(site, 9)
    restart(site, flows)  # the ledger knows how often, and when last
    await polls(site, 30)
    entries = await site.history()
    assert [entry.intent.number for entry in entries] == [1, 2, 3]
    first = entries[0].intent.at
    assert [entry.intent.at - first for entry in entries] == [0, MINUTE, 2 * MINUTE]


async def test_every_without_max_goes_on_for_each_call_by_itself(site: Site) -> None:
    site.flows(flow(rule("again", "once: {every: 1m}")))
    site.sandbox.add_call(id="a")
    await site.poll()
    site.sandbox.add_call(id="b")
    await polls(site, 30)
    sids = [entry.intent.call_sid for entry in await site.history()]
    assert len(sids) == 6 + 5
    assert sids.count(sids[0]) == 6


async def test_per_acts_once_for_each_value_within_the_time(site: Site) -> None:
    flows = site.flows(flow(rule("greet", "once: {per: from, within: 5m}")))
    site.sandbox.add_call(id="a", from_=A)
    site.sandbox.add_call(id="a2", from_=A)
    site.sandbox.add_call(id="b", from_=B)
    site.sandbox.add_call(id="nobody", from_="")
    poll = await site.poll()
    assert await values(site) == [A, B]
    assert poll.plan is not None
    assert {held.detail for held in poll.plan.held} == {
        "the rule has acted for this from within 5m",
        "the call has no from, so there is nothing to count once by",
    }
    restart(site, flows)
    await polls(site, 29)
    assert len(await site.history()) == 2
    await polls(site, 1)  # five minutes later
    assert await values(site) == [A, A, B, B]


async def test_per_counts_by_a_derived_field_too(site: Site) -> None:
    site.flows(flow(rule("one", "once: {per: from_country, within: 1h}")))
    for number, name in ((A, "a"), (B, "b"), ("+442079460018", "c")):
        site.sandbox.add_call(id=name, from_=number)
    await polls(site, 3)
    assert await values(site) == ["GB", "US"]


# ---- mode -----------------------------------------------------------------------------------


async def test_a_shadow_is_recorded_once_sends_nothing_and_takes_nothing(site: Site) -> None:
    flows = site.flows(flow(rule("end", "mode: shadow", "[hangup]"), rule("greet")))
    site.sandbox.add_call(id="a")
    await site.poll()
    assert await site.outcomes() == [("f/end", "shadowed"), ("f/greet", "done")]
    (shadow, _) = await site.history()
    assert (shadow.intent.request, shadow.intent.number) == ({"Status": "completed"}, 0)
    assert len(site.told("action.shadowed")) == 1
    restart(site, flows)
    await polls(site, 3)
    assert len(await site.history()) == 2
    assert [update.get("Status") for update in site.updates()] == [None]


async def test_a_rule_that_leaves_the_shadow_acts_on_what_it_shadowed(site: Site) -> None:
    site.flows(flow(rule("end", "mode: shadow", "[hangup]")))
    site.sandbox.add_call(id="a")
    await site.poll()
    site.flows(flow(rule("end", "mode: enforce", "[hangup]")))
    await polls(site, 1)
    assert await site.outcomes() == [("f/end", "shadowed"), ("f/end", "done")]


async def test_the_flows_mode_is_for_rules_that_name_none(site: Site) -> None:
    top = "mode: shadow"
    site.flows(flow(rule("a", "continue: true"), rule("b", "mode: enforce"), top=top))
    site.sandbox.add_call(id="a")
    await site.poll()
    assert await site.outcomes() == [("f/a", "shadowed"), ("f/b", "done")]


async def test_a_canary_is_sticky_and_near_its_share(site: Site) -> None:
    flows = site.flows(flow(rule("end", "mode: {canary: 20%}"), rule("rest", "mode: shadow")))
    for number in range(200):
        site.sandbox.add_call(id=str(number))
    await site.poll()
    first = await site.outcomes()
    restart(site, flows)
    await polls(site, 2)
    assert await site.outcomes() == first
    acted = first.count(("f/end", "done"))
    assert acted + first.count(("f/end", "shadowed")) == 200
    assert 20 <= acted <= 60
    # A call outside the cohort was handed to the rule below.
    assert first.count(("f/rest", "shadowed")) == 200 - acted


def test_over_many_calls_a_cohort_is_as_large_as_it_says(site: Site) -> None:
    written = [rule(f"r{n}", f"mode: {{canary: {n}%}}") for n in (1, 10, 50, 99)]
    rules = site.flows(flow(*written)).rules
    sids = [f"CA{number:032x}" for number in range(20_000)]
    for one, percent in zip(rules, (1, 10, 50, 99), strict=True):
        share = sum(in_cohort(one, sid) for sid in sids) / len(sids)
        assert abs(share - percent / 100) < 0.01
    # Each rule draws its own cohort: the unlucky calls of one are not those of the other.
    both = sum(in_cohort(rules[1], sid) and in_cohort(rules[2], sid) for sid in sids)
    assert abs(both / len(sids) - 0.05) < 0.01


# ---- accounts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accounts", "alias", "acts_on_it"),
    [
        ("", "", True),
        ("accounts: [{sid}]", "", True),
        ("accounts: [main, {sid}]", "", True),
        ("accounts: [main]", "main", True),
        ("accounts: [main]", "", False),
        ("accounts: [main]", "other", False),
        ("accounts: [AC00000000000000000000000000000000]", "main", False),
    ],
)
async def test_a_flow_is_for_the_accounts_that_it_names(
    site: Site, accounts: str, alias: str, acts_on_it: bool
) -> None:
    site.engine.known_as(alias)
    site.flows(flow(rule("r"), top=accounts.format(sid=site.sandbox.account_sid)))
    site.sandbox.add_call(id="a")
    await site.poll()
    assert bool(await site.history()) is acts_on_it
    assert bool(len(site.sandbox.journal)) is acts_on_it  # nothing is listed for nobody


@pytest.mark.parametrize(("alias", "found"), [("main", ["f/r"]), ("other", []), ("", [])])
async def test_a_rule_can_ask_for_the_account(site: Site, alias: str, found: list[str]) -> None:
    site.engine.known_as(alias)
    site.flows(flow(rule("r", "match: {account: main}"), rule("s", "match: {account: {not: x}}")))
    site.sandbox.add_call(id="a")
    await site.poll()
    assert [key for key in await acts(site) if key == "f/r"] == found
    assert bool(await acts(site)) is bool(alias)  # no alias: unknown, and so is its negation


# ---- the other live calls -------------------------------------------------------------------


async def test_excess_takes_the_newest_and_leaves_the_oldest(site: Site) -> None:
    site.flows(flow(rule("full", "match: {excess: {by: to, over: 2}}", "[hangup]")))
    for name, age in (("new", 1), ("old", 40), ("newer", 0), ("older", 50)):
        site.sandbox.add_call(id=name, to=A, age=age * MINUTE)
    site.sandbox.add_call(id="elsewhere", to=B)
    await polls(site, 3)
    names = ("new", "old", "newer", "older", "elsewhere")
    live = [n for n in names if site.sandbox.world.call(n).status == "in-progress"]
    assert live == ["old", "older", "elsewhere"]


async def test_concurrent_counts_queued_and_ringing_calls_too(site: Site) -> None:
    match = "match: {concurrent: {by: to, gt: 2}, from: {exists: true}}"
    site.flows(flow(rule("many", match)))
    site.sandbox.add_call(id="a", to=A)
    site.sandbox.add_call(id="q", to=A, status="queued")
    await site.poll()
    assert await acts(site) == []
    site.sandbox.add_call(id="r", to=A, status="ringing", person=Person(ring=None))
    await site.poll()
    assert await acts(site) == ["f/many"]  # on the one in progress, which a rule is about


async def test_has_child_sees_the_other_leg(site: Site) -> None:
    site.flows(flow(rule("bridged", "match: {has_child: true}"), rule("alone")))
    parent = site.sandbox.add_call(id="p")
    lonely = site.sandbox.add_call(id="l")
    site.sandbox.add_call(id="c", parent="p", direction="outbound-dial")
    await site.poll()
    found = {e.intent.call_sid: e.intent.rule for e in await site.history()}
    assert found == {parent.sid: "bridged", lonely.sid: "alone"}


async def test_a_window_opens_and_closes_on_the_servers_clock(site: Site) -> None:
    now = site.time.now() // MINUTE % (24 * 60)
    start, end = ((now + minutes) % (24 * 60) for minutes in (5, 10))
    window = f'w: {{timezone: UTC, from: "{hhmm(start)}", to: "{hhmm(end)}"}}'
    rules = (rule("in", "match: {during: w}"), rule("out", "match: {outside: w}"))
    site.flows(flow(*rules, top=f"windows: {{{window}}}"))
    site.time.skew = 7 * MINUTE  # this machine's clock is wrong, and nobody looks at it
    for number, after in enumerate((0, 6 * MINUTE, 6 * MINUTE)):
        await site.sandbox.advance(after)
        site.sandbox.add_call(id=str(number), from_=f"{A}{number}")
        await site.poll()
    assert await acts(site) == ["f/out", "f/in", "f/in", "f/out", "f/out"]


def hhmm(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


# ---- recheck and retry_unknown --------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "outcome"), [("recheck: always", "withdrawn"), ("enabled: true", "failed")]
)
async def test_recheck_always_looks_again_right_before(site: Site, keys: str, outcome: str) -> None:
    """Twilio's list lags: it shows a call as ringing that was answered."""
    site.flows(flow(rule("late", f"match: {{status: ringing}}, {keys}", "[cancel]")))
    site.sandbox.add_call(id="a", status="ringing", direction="outbound-api")
    site.sandbox.set_fault("stale", on=("list",), seconds=5)
    await site.poll(after=6 * SECOND)
    assert site.sandbox.world.call("a").status == "in-progress"
    assert await site.outcomes() == [("f/late", outcome)]


@pytest.mark.parametrize(("keys", "heard"), [("retry_unknown: true", 2), ("enabled: true", 1)])
async def test_retry_unknown_repeats_what_may_have_been_done(
    site: Site, keys: str, heard: int
) -> None:
    site.flows(flow(rule("r", keys)))
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("reset-after", on=("update",), times=1)
    await site.poll()
    await polls(site, 3)
    assert len(site.updates()) == heard
    outcome = "done" if heard == 2 else "unknown"
    assert await site.outcomes() == [("f/r", outcome)]


async def test_retry_unknown_counts_for_what_a_crash_left_behind(site: Site) -> None:
    flows = site.flows(flow(rule("r", "retry_unknown: true")))
    site.sandbox.add_call(id="a")
    site.sandbox.set_fault("reset-after", on=("update",), times=1)
    number = site.sandbox.set_fault("500", on=("fetch",))
    await site.poll()
    assert await site.outcomes() == [("f/r", "retrying")]
    restart(site, flows)
    site.sandbox.faults.clear([number])
    await polls(site, 2)
    assert await site.outcomes() == [("f/r", "done")]
    assert len(site.updates()) == 2
