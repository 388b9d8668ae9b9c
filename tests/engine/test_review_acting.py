"""Promises of the moment of acting: what came up since the verdict counts before anything is sent.

Between a verdict and the request lie queues, retries, lost answers and restarts. A call that was
protected meanwhile, or no longer fits, is left alone on each of these ways.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runner.decision.never import protects
from runner.engine.brakes import Safety
from runner.never import Never
from runner.sandbox import Sandbox
from tests.site import SECOND, SandboxTime, Site

HANG_UP = """
version: 1
flow: f
guard: unlimited
rules:
  - id: r
    match: {to: "+14155550100", answered_by: {exists: false}}
    then: [hangup]
"""


class Meanwhile(SandboxTime):
    """Time in which something happens whenever somebody waits."""

    def __init__(self, sandbox: Sandbox, happens: Callable[[], None]) -> None:
        super().__init__(sandbox)
        self._happens = happens

    async def sleep(self, millis: int) -> None:
        self._happens()
        await super().sleep(millis)


def shielded(site: Site, never: Callable[[], Never]) -> None:
    account = site.sandbox.account_sid
    site.engine.obey(
        Safety(protects=lambda call: protects(never(), call, account=account, alias=""))
    )


def emergency(site: Site, parent: str) -> None:
    """A leg to 911, dialled from this call."""
    site.sandbox.add_call(to="911", parent=parent, direction="outbound-dial", status="ringing")


def answered_by_a_human(site: Site, name: str) -> None:
    """Now the rule no longer fits."""
    world = site.sandbox.world
    world.change(world.leg(name), answered_by="human")


# ---- while a request that changed nothing waits to be sent again -----------------------------


@pytest.mark.parametrize("fault", ["429", "too-early"])
async def test_a_call_that_is_protected_meanwhile_is_not_tried_again(
    site: Site, fault: str
) -> None:
    never = [Never()]

    def protect() -> None:
        never[0] = Never(numbers=frozenset({"+14155550100"}))

    site.time = Meanwhile(site.sandbox, protect)
    site.restart()
    shielded(site, lambda: never[0])
    site.flows(HANG_UP.replace("[hangup]", "[{say: hi}, {pause: 9m}]"))
    site.sandbox.add_call(id="a", to="+14155550100")
    site.sandbox.set_fault(fault, on=("update",), times=1, seconds=60)
    await site.poll()
    assert len(site.updates()) == 1
    assert await site.outcomes() == [("f/r", "withdrawn")]


@pytest.mark.parametrize("fault", ["429", "too-early"])
async def test_a_row_that_grew_stale_over_retries_is_read_again(site: Site, fault: str) -> None:
    site.time = Meanwhile(site.sandbox, lambda: answered_by_a_human(site, "a"))
    site.restart()
    site.engine.stale_after = 200
    site.flows(HANG_UP)
    site.sandbox.add_call(id="a", to="+14155550100")
    site.sandbox.set_fault(fault, on=("update",), times=1, seconds=60)
    await site.poll()
    assert len(site.updates()) == 1
    assert await site.outcomes() == [("f/r", "withdrawn")]


# ---- while an act waits for its turn ---------------------------------------------------------


async def test_a_leg_to_an_emergency_number_that_came_up_meanwhile_is_not_dropped(
    site: Site,
) -> None:
    shielded(site, Never)
    site.flows(HANG_UP)
    names = [f"c{number}" for number in range(12)]
    for name in names:
        site.sandbox.add_call(id=name, to="+14155550100")
    site.sandbox.set_fault("hang", on=("update",))
    await site.engine.tick(site.time.now())
    await site.until_sent(9)
    asked = {entry.request.sid for entry in site.sandbox.journal.of("update")}
    late = [name for name in names if site.sandbox.world.sid_of(name) not in asked]
    for name in late:
        emergency(site, name)
    await site.sandbox.advance(3 * SECOND)
    site.sandbox.faults.clear()
    await site.engine.settle()
    assert {site.sandbox.world.call(name).status for name in late} == {"in-progress"}
    details = {e.detail for e in await site.history() if e.outcome == "withdrawn"}
    assert len(details) == 3
    assert all("emergency" in detail for detail in details)


# ---- after a lost answer ---------------------------------------------------------------------


async def lost(site: Site) -> None:
    """A hang-up that was not carried out, whose answer and whose look afterwards were lost."""
    site.sandbox.add_call(id="a", to="+14155550100")
    site.sandbox.set_fault("reset-before", on=("update",), times=1)
    site.sandbox.set_fault("500", on=("fetch",), times=1)
    await site.poll()
    assert await site.outcomes() == [("f/r", "retrying")]


async def test_a_lost_hang_up_is_not_repeated_while_an_emergency_call_hangs_on_it(
    site: Site,
) -> None:
    shielded(site, Never)
    site.flows(HANG_UP)
    await lost(site)
    emergency(site, "a")
    await site.poll(after=2 * SECOND)
    assert len(site.updates()) == 1
    assert site.sandbox.world.call("a").status == "in-progress"


@pytest.mark.parametrize(
    "edited",
    [
        HANG_UP.replace("id: r", "id: other").replace("0100", "0155"),
        HANG_UP.replace("    then", "    enabled: false\n    then"),
        HANG_UP.replace("    then", "    mode: shadow\n    then"),
        HANG_UP.replace("rules:", "enabled: false\nrules:"),
        HANG_UP.replace("0100", "0155"),
        HANG_UP.replace("rules:", "rules:\n  - {id: vip, then: [{say: hi}, {pause: 9m}]}"),
    ],
    ids=["gone", "disabled", "shadow", "flow-disabled", "other-number", "outranked"],
)
async def test_a_lost_hang_up_is_not_repeated_for_a_rule_that_no_longer_wants_it(
    site: Site, edited: str
) -> None:
    site.flows(HANG_UP)
    await lost(site)
    site.restart()
    site.flows(edited)
    await site.poll(after=2 * SECOND)
    assert len([form for form in site.updates() if "Status" in form]) == 1
    assert site.sandbox.world.call("a").status == "in-progress"
    assert (await site.outcomes())[0] == ("f/r", "withdrawn")


async def test_a_lost_hang_up_of_a_rule_with_a_hold_is_repeated_after_a_restart(
    site: Site,
) -> None:
    held = HANG_UP.replace("    then", "    for: 10s\n    then")
    flows = site.flows(held)
    site.sandbox.add_call(id="a", to="+14155550100")
    for _ in range(5):
        await site.poll(after=2 * SECOND)
    site.sandbox.set_fault("reset-before", on=("update",), times=1)
    site.sandbox.set_fault("500", on=("fetch",), times=1)
    await site.poll(after=2 * SECOND)
    assert await site.outcomes() == [("f/r", "retrying")]
    site.restart()
    site.engine.load(flows)
    await site.poll(after=60 * SECOND)
    assert await site.outcomes() == [("f/r", "done")]


# ---- what the ledger says of it --------------------------------------------------------------


@pytest.mark.parametrize("refusal", ["429", "401"])
async def test_what_may_have_been_carried_out_is_not_recorded_as_withdrawn(
    site: Site, refusal: str
) -> None:
    speech = HANG_UP.replace("[hangup]", "[{say: hi}, {pause: 9m}]\n    retry_unknown: true")
    site.flows(speech)
    site.sandbox.add_call(id="a", to="+14155550100")
    site.sandbox.set_fault("reset-after", on=("update",), times=1)
    site.sandbox.set_fault(refusal, on=("update",), times=1, retry_after=5)
    await site.poll()
    assert site.sandbox.world.heard("a") == ["hi"]
    assert await site.outcomes() == [("f/r", "retrying")]
    for _ in range(5):
        await site.poll(after=10 * SECOND)
    assert [outcome for _, outcome in await site.outcomes()] in (["done"], ["unknown"])


async def test_what_is_taken_up_again_rests_as_long_as_the_far_side_asks(site: Site) -> None:
    site.flows(HANG_UP)
    site.sandbox.add_call(id="a", to="+14155550100")
    site.sandbox.set_fault("reset-before", on=("update",), times=1)
    site.sandbox.set_fault("429", on=("update",), times=1, retry_after=20)
    await site.poll()
    assert len(site.updates()) == 2
    for _ in range(9):
        await site.poll(after=2 * SECOND)
    assert len(site.updates()) == 2
    for _ in range(3):
        await site.poll(after=2 * SECOND)
    assert len(site.updates()) == 3
    assert await site.outcomes() == [("f/r", "done")]
