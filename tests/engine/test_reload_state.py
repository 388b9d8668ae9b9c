"""Promises: what rules have done, and how long they have held, survives edits to other rules."""

from __future__ import annotations

import pytest

from runner.language.loader import load
from runner.pauses import Pause
from tests.site import SECOND, Site

SPEECH = "[{say: hi}, {pause: 50m}]"


def flow(*rules: str, name: str = "f") -> str:
    return f"version: 1\nflow: {name}\nrules:\n" + "".join(f"  - {{{rule}}}\n" for rule in rules)


def rule(name: str, keys: str = "", then: str = SPEECH) -> str:
    return f"id: {name}, {keys + ', ' if keys else ''}then: {then}"


async def acts(site: Site) -> list[str]:
    return [key for key, outcome in await site.outcomes() if outcome == "done"]


# ---- for ------------------------------------------------------------------------------------

LONG = rule("long", 'match: {from: {prefix: "+1"}}, for: 30s', "[hangup]")
OTHER = rule("other", 'match: {to: "client:nobody"}', "[hangup]")


@pytest.mark.parametrize(
    "edit",
    [
        [flow(LONG, rule("other", 'match: {to: "client:somebody"}', "[hangup]"))],
        [flow(LONG)],
        [flow(OTHER, LONG)],
        [flow(LONG.replace("for:", "description: why, for:"), OTHER)],
        [flow(LONG.replace("[hangup]", "[{say: bye}, hangup]"), OTHER)],
        [flow(OTHER, name="first"), flow(LONG)],  # the flow lies in another file now
        [flow(rule("new", "enabled: false"), name="first"), flow(LONG, OTHER)],
    ],
)
async def test_a_hold_goes_on_to_the_millisecond(site: Site, edit: list[str]) -> None:
    site.flows(flow(LONG, OTHER))
    site.sandbox.add_call(id="a")
    await site.poll()
    began = site.time.now()
    await site.poll(after=11_000)
    site.flows(*edit)
    await site.poll(after=18_000)
    site.flows(*edit[::-1])  # and the files change places once more
    await site.poll(after=1_000 - 1)
    assert await acts(site) == []
    await site.poll(after=1)
    assert await acts(site) == ["f/long"]
    assert (await site.history())[-1].intent.at - began == 30 * SECOND


async def test_a_rule_whose_conditions_are_edited_holds_from_then_on(site: Site) -> None:
    site.flows(flow(LONG, OTHER))
    site.sandbox.add_call(id="a")
    await site.poll()
    await site.poll(after=20_000)
    site.flows(flow(LONG.replace('"+1"', '"+141"'), OTHER))
    await site.poll(after=10_000)  # the first poll that sees the new conditions hold
    began = site.time.now()
    await site.poll(after=30_000 - 1)
    assert await acts(site) == []
    await site.poll(after=1)
    assert (await site.history())[-1].intent.at - began == 30 * SECOND


async def test_a_broken_edit_leaves_holds_and_once_as_they_are(site: Site) -> None:
    """What does not come into force changes nothing: the engine never hears of it."""
    site.flows(flow(rule("greet", then=SPEECH, keys="continue: true"), LONG))
    site.sandbox.add_call(id="a")
    await site.poll()
    await site.poll(after=15_000)
    (site.folder / "flows" / "00.yaml").write_text(flow(LONG).replace("match", "mach"))
    assert load([site.folder / "flows"]).flow_set is None
    await site.poll(after=15_000)
    assert await acts(site) == ["f/greet", "f/long"]


# ---- once -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "edit",
    [
        [flow(rule("greet", "description: another word"), OTHER)],
        [flow(OTHER, rule("greet"))],
        [flow(rule("greet", then="[{say: something else}, {pause: 50m}]"))],
        [flow(rule("greet", 'match: {from: {prefix: "+1"}}'))],
        [flow(OTHER, name="a-first"), flow(rule("greet"))],
    ],
)
async def test_an_edited_rule_does_not_act_again_on_a_call(site: Site, edit: list[str]) -> None:
    site.flows(flow(rule("greet"), OTHER))
    site.sandbox.add_call(id="a")
    await site.poll()
    site.flows(*edit)
    await site.poll(after=10_000)
    assert await acts(site) == ["f/greet"]
    site.sandbox.add_call(id="b")  # it is in force nonetheless
    await site.poll(after=10_000)
    assert await acts(site) == ["f/greet", "f/greet"]


async def test_a_rule_that_was_away_for_a_while_remembers(site: Site) -> None:
    site.flows(flow(rule("greet"), OTHER))
    site.sandbox.add_call(id="a")
    await site.poll()
    site.flows(flow(OTHER))
    await site.poll(after=10_000)
    site.flows(flow(rule("greet"), OTHER))
    await site.poll(after=10_000)
    assert await acts(site) == ["f/greet"]


async def test_a_flow_keeps_its_state_when_its_file_gets_another_name(site: Site) -> None:
    site.flows(flow(rule("greet", "continue: true"), LONG))
    site.sandbox.add_call(id="a")
    await site.poll()
    await site.poll(after=20_000)
    folder = site.folder / "flows"
    (folder / "00.yaml").rename(folder / "another.yaml")
    loaded = load([folder])
    assert loaded.flow_set is not None
    site.engine.load(loaded.flow_set)
    await site.poll(after=10_000 - 1)
    assert await acts(site) == ["f/greet"]
    await site.poll(after=1)
    assert await acts(site) == ["f/greet", "f/long"]


async def test_under_another_id_it_is_another_rule(site: Site) -> None:
    site.flows(flow(rule("greet")))
    site.sandbox.add_call(id="a")
    await site.poll()
    site.flows(flow(rule("welcome")))
    await site.poll(after=10_000)
    assert await acts(site) == ["f/greet", "f/welcome"]


# ---- trips and pauses -----------------------------------------------------------------------


GUARDED = rule("end", "guard: {burst: {max_share: 10%, at_least: 1}}", "[hangup]")


@pytest.mark.parametrize(
    "edit",
    [
        [flow(GUARDED.replace("10%", "100%"), OTHER)],
        [flow(OTHER, GUARDED.replace("id: end", "id: end, description: why"))],
        [flow(OTHER, name="a-first"), flow(GUARDED)],
    ],
)
async def test_no_edit_lifts_a_trip(site: Site, edit: list[str]) -> None:
    site.flows(flow(GUARDED, OTHER))
    for number in range(3):
        site.sandbox.add_call(id=str(number))
    await site.poll()
    site.flows(*edit)
    await site.poll(after=10_000)
    assert await acts(site) == []
    assert len(site.told("rule.tripped")) == 1
    account = site.sandbox.account_sid
    await site.store.resume(account=account, flow="f", rule="end", by="me", at=site.time.now())
    site.flows(flow(GUARDED.replace("10%", "100%")), flow(OTHER, name="a-first"))
    await site.poll(after=10_000)
    assert await acts(site) == ["f/end"] * 3


@pytest.mark.parametrize(
    "edit",
    [
        [flow(rule("greet", "description: another word"))],
        [flow(OTHER, name="a-first"), flow(rule("greet"))],
        [flow(OTHER, rule("greet", then="[{say: bye}, {pause: 50m}]"))],
    ],
)
@pytest.mark.parametrize("what", [("f", "greet"), ("f", "")])
async def test_no_edit_lifts_a_pause(site: Site, edit: list[str], what: tuple[str, str]) -> None:
    site.flows(flow(rule("greet"), OTHER))
    site.sandbox.add_call(id="a")
    await site.store.pause(Pause("", *what, reason="an incident", by="me", at=site.time.now()))
    await site.poll()
    site.flows(*edit)
    await site.poll(after=10_000)
    assert await acts(site) == []
    await site.store.resume(flow=what[0], rule=what[1], by="me", at=site.time.now())
    await site.poll(after=10_000)
    assert await acts(site) == ["f/greet"]
