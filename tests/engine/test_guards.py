"""Promises of guards: a rule that does too much does nothing, until somebody has looked."""

from __future__ import annotations

from runner.engine.brakes import Safety
from runner.guards import Guard, Guards, Rate
from tests.engine.crowds import HANG_UP, OTHER, crowd, reborn
from tests.site import SECOND, Site


async def test_a_rule_that_suddenly_fits_everyone_sends_nothing_at_all(site: Site) -> None:
    flows = site.flows(HANG_UP)
    crowd(site, 11)
    for _ in range(3):
        await site.poll(after=2 * SECOND)
    reborn(site, flows)
    await site.poll(after=2 * SECOND)
    assert (site.updates(), await site.history()) == ([], [])
    (event,) = site.told("rule.tripped")
    assert event.level == "error"
    assert {"flow": "f", "rule": "r", "guard": "burst", "calls": 11, "allowed": 10}.items() <= (
        event.fields.items()
    )
    (pause,) = await site.store.pauses()
    assert (pause.flow, pause.rule, pause.tripped, pause.until) == ("f", "r", True, None)


async def test_a_tripped_rule_acts_again_once_it_is_resumed(site: Site) -> None:
    site.flows(HANG_UP)
    site.sandbox.add_call(id="first")
    crowd(site, 10)
    await site.poll()
    site.sandbox.world.hang_up(site.sandbox.world.leg("first"))
    sid = site.sandbox.account_sid
    await site.store.resume(account=sid, flow="f", rule="r", by="me", at=site.time.now())
    await site.poll(after=2 * SECOND)
    assert [outcome for _, outcome in await site.outcomes()] == ["done"] * 10


async def test_other_rules_go_on_beside_one_that_trips(site: Site) -> None:
    site.flows(HANG_UP.replace("    then", "    match: {from: '+14155550177'}\n    then"), OTHER)
    crowd(site, 20, from_="+14155550177")
    site.sandbox.add_call(to="X", from_="+14155550166")
    await site.poll()
    assert await site.outcomes() == [("g/r", "done")]


async def test_a_burst_is_measured_against_all_live_calls_not_those_that_rules_ask_for(
    site: Site,
) -> None:
    site.flows(HANG_UP.replace("    then", "    match: {to: '+14155550100'}\n    then"))
    crowd(site, 11, to="+14155550100")
    crowd(site, 40, to="+14155550111")
    poll = await site.poll()
    assert poll.calls == 11, "the rule asks for the calls to one number alone"
    assert [outcome for _, outcome in await site.outcomes()] == ["done"] * 11


async def test_the_rate_is_counted_over_restarts_and_trips_with_nothing_sent(site: Site) -> None:
    flows = site.flows(HANG_UP)
    for _ in range(3):
        crowd(site, 10)
        await site.poll(after=2 * SECOND)
    assert len(site.updates()) == 30
    reborn(site, flows)
    crowd(site, 2)
    await site.poll(after=2 * SECOND)
    assert len(site.updates()) == 30
    (event,) = site.told("rule.tripped")
    assert (event.fields["guard"], event.fields["calls"], event.fields["allowed"]) == (
        "rate",
        32,
        30,
    )


async def test_the_window_rolls(site: Site) -> None:
    site.flows(HANG_UP)
    for _ in range(3):
        crowd(site, 10)
        await site.poll(after=2 * SECOND)
    crowd(site, 10)
    await site.poll(after=56_001)  # the first ten are a minute old by then
    assert (len(site.updates()), site.told("rule.tripped")) == (40, [])


async def test_limits_that_are_written_out_are_obeyed(site: Site) -> None:
    site.flows(HANG_UP.replace("    then", "    guard: unlimited\n    then"))
    crowd(site, 60)
    await site.poll()
    assert len(site.updates()) == 60


async def test_the_configuration_binds_even_the_unlimited(site: Site) -> None:
    site.engine.obey(Safety(Guards(together=Guard(rate=Rate(5, 60_000)))))
    site.flows(HANG_UP.replace("    then", "    guard: unlimited\n    then"))
    crowd(site, 6)
    await site.poll()
    assert site.updates() == []
    assert "all flows together" in str(site.told("rule.tripped")[0].fields["detail"])


async def test_a_canary_that_trips_goes_on_as_a_shadow(site: Site) -> None:
    canary = HANG_UP.replace("    then", "    mode: {canary: 99%}\n    then")
    below = "  - id: below\n    then: [{say: hello}]\n"
    site.flows(canary + below)
    crowd(site, 40)
    await site.poll()
    assert site.updates() == [] or all("Twiml" in form for form in site.updates())
    sent = len(site.updates())
    await site.poll(after=2 * SECOND)
    assert len(site.updates()) == sent, "a tripped rule keeps its calls from the rules below it"
    outcomes = await site.outcomes()
    assert outcomes.count(("f/r", "shadowed")) == 40
    assert ("f/r", "done") not in outcomes


async def test_a_tripped_rule_keeps_its_calls_from_the_rules_below(site: Site) -> None:
    site.flows(HANG_UP + "  - id: below\n    guard: unlimited\n    then: [{say: hello}]\n")
    crowd(site, 40)
    for _ in range(3):
        await site.poll(after=2 * SECOND)
    assert site.updates() == []


async def test_a_rehearsal_shows_a_trip_once_and_pauses_nothing(site: Site) -> None:
    site.flows(HANG_UP)
    crowd(site, 11)
    for _ in range(3):
        await site.engine.rehearse(site.time.now())
    assert len(site.told("rule.tripped")) == 1
    assert list(await site.store.pauses()) == []
