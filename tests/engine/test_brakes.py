"""Promises of brakes: pauses, the kill switch and protected calls, whatever rules want."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.decision.never import protects
from runner.engine.brakes import Safety
from runner.engine.killswitch import KillSwitch
from runner.engine.ports import Pause
from runner.never import Never
from tests.engine.crowds import HANG_UP, OTHER, crowd, reborn
from tests.site import SECOND, Site

# ---- pauses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        ({}, {"f/r", "g/r"}),
        ({"flow": "f"}, {"f/r"}),
        ({"flow": "g", "rule": "r"}, {"g/r"}),
        ({"account": "mine"}, {"f/r", "g/r"}),
        ({"account": "mine", "flow": "g"}, {"g/r"}),
        ({"account": "AC" + "0" * 32}, set()),
    ],
)
async def test_a_pause_stops_what_it_names_and_nothing_else(
    site: Site, scope: dict[str, str], held: set[str]
) -> None:
    if scope.get("account") == "mine":
        scope = scope | {"account": site.sandbox.account_sid}
    site.flows(HANG_UP.replace("    then", "    match: {to: '+14155550100'}\n    then"), OTHER)
    site.sandbox.add_call(to="+14155550100")
    site.sandbox.add_call(to="X")
    await site.store.pause(Pause(**scope, reason="test", by="me", at=site.time.now()))
    plan = (await site.poll()).plan
    assert plan is not None
    assert {(h.rule.key, h.reason) for h in plan.held} == {(key, "paused") for key in held}
    assert {key for key, _ in await site.outcomes()} == {"f/r", "g/r"} - held


async def test_a_pause_ends_by_itself_to_the_millisecond(site: Site) -> None:
    site.flows(HANG_UP)
    site.sandbox.add_call()
    until = site.time.now() + 10 * SECOND
    await site.store.pause(Pause(flow="f", at=site.time.now(), until=until))
    await site.poll(after=9_999)
    assert site.updates() == []
    await site.poll(after=1)
    assert await site.outcomes() == [("f/r", "done")]


async def test_a_paused_rule_keeps_its_calls(site: Site) -> None:
    site.flows(HANG_UP + "  - id: below\n    then: [{say: hello}]\n")
    site.sandbox.add_call()
    await site.store.pause(Pause(flow="f", rule="r", at=site.time.now()))
    await site.poll()
    assert site.updates() == []


async def test_a_pause_that_comes_while_acts_wait_stops_those_not_yet_sent(site: Site) -> None:
    site.flows(HANG_UP.replace("    then", "    guard: unlimited\n    then"))
    names = [f"c{number}" for number in range(30)]
    for name in names:
        site.sandbox.add_call(id=name)
    site.sandbox.set_fault("hang", on=("update",))
    await site.engine.tick(site.time.now())
    await site.until_sent(9)
    await site.store.pause(Pause(flow="f", reason="stop it", by="me", at=site.time.now()))
    site.sandbox.faults.clear()
    await site.engine.settle()
    assert len(site.updates()) == 9, "neither the rest nor the nine again"
    outcomes = [outcome for _, outcome in await site.outcomes()]
    assert (outcomes.count("retrying"), outcomes.count("withdrawn")) == (9, 21)
    details = {e.detail for e in await site.history() if e.outcome == "withdrawn"}
    assert details == {"flow f is paused by me: stop it"}
    await site.store.resume(flow="f", by="me", at=site.time.now())
    await site.poll(after=2 * SECOND)
    assert {site.sandbox.world.call(name).status for name in names} == {"completed"}


# ---- the kill switch ------------------------------------------------------------------------


async def test_a_file_beside_the_store_stops_everything_and_its_removal_lifts_it(
    site: Site,
) -> None:
    kill = KillSwitch(site.folder / "PAUSED")
    site.engine.obey(Safety(kill=kill))
    flows = site.flows(HANG_UP)
    site.sandbox.add_call()
    (site.folder / "PAUSED").touch()
    await site.poll()
    reborn(site, flows, Safety(kill=KillSwitch(site.folder / "PAUSED")))
    plan = (await site.poll(after=2 * SECOND)).plan
    assert plan is not None
    assert [held.reason for held in plan.held] == ["paused"]
    assert site.updates() == []
    (site.folder / "PAUSED").unlink()
    await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("f/r", "done")]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\x00", b"[1]", b'"x"', b"x" * 70_000])
def test_a_file_that_says_nothing_readable_stops_everything_without_an_end(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "PAUSED"
    path.write_bytes(content)
    pause = KillSwitch(path).standing(now=10**15)
    assert pause is not None
    assert pause.until is None
    assert pause.covers("AC1", "any", "rule")


def test_a_path_that_cannot_be_looked_at_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert KillSwitch(tmp_path / "file" / "PAUSED").standing(0) is not None


def test_who_and_why_are_kept_and_an_expiry_is_honoured(tmp_path: Path) -> None:
    pause = Pause(reason="why", by="me", at=5, until=100)
    KillSwitch(tmp_path / "PAUSED").throw(pause)
    switch = KillSwitch(tmp_path / "PAUSED")
    assert switch.standing(99) == pause
    assert switch.standing(100) is None
    assert switch.lift()
    assert not switch.lift()


def test_a_switch_that_cannot_be_written_stops_all_the_same(tmp_path: Path) -> None:
    switch = KillSwitch(tmp_path / "gone" / "PAUSED")
    with pytest.raises(OSError, match="gone"):
        switch.throw(Pause(reason="now"))
    assert switch.standing(0) == Pause(reason="now")


# ---- protected calls ------------------------------------------------------------------------


def shielded(site: Site, never: Never) -> Safety:
    account = site.sandbox.account_sid
    return Safety(protects=lambda call: protects(never, call, account=account, alias=""))


async def test_a_protected_call_is_never_changed(site: Site) -> None:
    site.engine.obey(shielded(site, Never(numbers=frozenset({"+14155550100"}))))
    site.flows(HANG_UP)
    site.sandbox.add_call(to="+14155550100")
    site.sandbox.add_call(to="+14155550111")
    plan = (await site.poll()).plan
    assert plan is not None
    (held,) = plan.held
    assert (held.reason, held.call.to) == ("protected", "+14155550100")
    assert len(site.updates()) == 1


async def test_an_emergency_call_is_protected_with_its_other_leg(site: Site) -> None:
    """Changing a parent drops its children, listed by a rule or not."""
    site.engine.obey(shielded(site, Never()))
    site.flows(HANG_UP)
    parent = site.sandbox.add_call(to="+14155550100", id="parent")
    site.sandbox.add_call(to="911", parent="parent", direction="outbound-dial", status="ringing")
    site.sandbox.add_call(to="+14155550111")
    plan = (await site.poll()).plan
    assert plan is not None
    assert [(held.call.sid, held.reason) for held in plan.held] == [(parent.sid, "protected")]
    assert "emergency" in plan.held[0].detail
    assert len(site.updates()) == 1


async def test_protection_is_looked_at_again_when_the_act_is_sent(site: Site) -> None:
    never = Never()
    account = site.sandbox.account_sid
    site.engine.obey(Safety(protects=lambda call: protects(never, call, account=account, alias="")))
    site.flows(HANG_UP.replace("    then", "    guard: unlimited\n    then"))
    crowd(site, 20, to="+14155550100")
    site.sandbox.set_fault("slow", on=("update",), seconds=0.05)
    await site.engine.tick(site.time.now())
    never = Never(numbers=frozenset({"+14155550100"}))
    await site.engine.settle()
    outcomes = [outcome for _, outcome in await site.outcomes()]
    assert outcomes.count("withdrawn") >= 11
    assert {"protect" in e.detail or "never" in e.detail for e in await site.history()} >= {True}
