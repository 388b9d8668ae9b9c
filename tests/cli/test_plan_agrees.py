"""Promise: plan, run and a snapshot of the same moment cannot disagree, whatever the flows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.call import Call
from runner.cli.looking.replay import replay, take
from runner.cli.looking.snapshot import Snapshot, read_snapshot, write_snapshot
from runner.decision.never import protects
from runner.decision.planner import Plan, Step
from runner.engine.brakes import Safety
from runner.engine.killswitch import NAME, KillSwitch
from runner.guards import DEFAULT_GUARD, Burst, Guard, Guards, Rate
from runner.model import Flow, FlowSet
from runner.never import Never
from runner.pauses import Pause
from runner.settings import RunSettings
from tests.decision.generated import flow_lists
from tests.site import SECOND, Site, open_site

SOME_CALL = st.fixed_dictionaries(
    {
        "status": st.sampled_from([*["in-progress"] * 4, "queued", "ringing"]),
        "from_": st.sampled_from(["+14155550199", "+12125550100"]),
        "caller_name": st.sampled_from([None, "Ann", "Ben"]),
        "age": st.sampled_from([0, 60 * SECOND, 3_600 * SECOND]),
    }
)
#: Of so few calls guards must be small to trip.
SMALL = st.builds(
    Guard,
    st.sampled_from([None, Burst(0.5, 1), Burst(0.1, 2), "unlimited"]),
    st.sampled_from([None, Rate(1, 60_000), Rate(2, 600_000), "unlimited"]),
)
GUARDS = st.builds(Guards, SMALL.map(lambda guard: guard.over(DEFAULT_GUARD)), st.none() | SMALL)
NEVERS = st.sampled_from([*[Never()] * 3, Never(numbers=frozenset({"+12125550100"}))])
PAUSES = st.none() | st.builds(
    Pause,
    flow=st.sampled_from(["f", "g"]),
    rule=st.sampled_from(["", "r0"]),
    reason=st.just("why"),
    until=st.none() | st.just(40 * SECOND),
    tripped=st.booleans(),
)
ALIAS = "shop"


def gist(step: Step) -> tuple[Any, ...]:
    """All that matters of a step."""
    return (
        step.call.sid,
        step.rule.key,
        step.update.parameters(),
        step.why,
        step.turn,
        step.group,
    )


def whole(plan: Plan) -> tuple[Any, ...]:
    """All that matters of a plan."""
    held = [(h.call.sid, h.rule.key, h.reason, h.detail) for h in plan.held]
    trips = [(t.rule.key, t.guard, t.together, t.detail) for t in plan.trips]
    return [*map(gist, plan.steps)], held, [*map(gist, plan.shadows)], trips


async def taken(site: Site, flows: list[Flow], interval: int) -> Snapshot:
    """The snapshot that `callflow plan` takes, in a process beside the runner's."""
    account = site.sandbox.account_sid
    blank = Snapshot(account, site.time.now(), None, (), interval, alias=ALIAS)
    rules = [rule for flow in flows for rule in flow.rules]
    return await take(site.gateway, site.store, blank=blank, rules=rules, kill=kill_of(site))


def kill_of(site: Site) -> KillSwitch:
    """The file beside the store."""
    return KillSwitch(site.folder / NAME)


@dataclass(frozen=True)
class Life:
    """What a runner lives through: calls, waits between its polls, and what brakes it."""

    calls: list[dict[str, Any]]
    waits: list[int]
    settings: RunSettings
    pause: Pause | None
    killed: bool


def begin(site: Site, flows: list[Flow], settings: RunSettings) -> None:
    """As `callflow run` starts."""
    account = site.sandbox.account_sid

    def protected(call: Call) -> str:
        return protects(settings.never, call, account=account, alias=ALIAS)

    site.engine.known_as(ALIAS)
    site.engine.obey(Safety(settings.guards, protected, kill_of(site)))
    site.engine.stale_after = 20 * SECOND
    site.engine.load(FlowSet(tuple(flows)))


async def live_through(folder: Path, flows: list[Flow], life: Life) -> int:
    """A runner's life, with a plan made just before each of its polls; returns the updates."""
    settings, flow_set = life.settings, FlowSet(tuple(flows))
    async with open_site(folder) as site:
        begin(site, flows, settings)
        if life.pause is not None:
            now, until = site.time.now(), life.pause.until
            until = None if until is None else now + until
            await site.store.pause(replace(life.pause, at=now, until=until))
        for number, one in enumerate(life.calls):
            leg = {"parent": "c0", "direction": "outbound-dial"} if number == 1 else {}
            site.sandbox.add_call(id=f"c{number}", **one, **leg)
        for number, wait in enumerate(life.waits):
            await site.sandbox.advance(wait)
            if wait > 2 * site.engine.stale_after:  # nobody polled: a new process does
                site.restart()
                begin(site, flows, settings)
            if life.killed and number == len(life.waits) - 1:
                kill_of(site).throw(Pause(reason="enough", by="me", at=site.time.now()))
            snapshot = await taken(site, flows, site.engine.stale_after)
            planned = (await replay(snapshot, flow_set, settings)).plan
            write_snapshot(folder / "calls.json", snapshot)
            elsewhere = await replay(read_snapshot(folder / "calls.json"), flow_set, settings)
            assert whole(elsewhere.plan) == whole(planned)
            before = len(site.sandbox.journal.of("update"))
            poll = await site.engine.tick(site.time.now())
            await site.engine.settle()
            assert poll.plan is not None
            assert whole(poll.plan) == whole(planned)
            sent = [e.request for e in site.sandbox.journal.of("update")[before:]]
            assert sorted((r.sid, str(dict(r.form))) for r in sent) == sorted(
                (s.call.sid, str(s.update.parameters())) for s in planned.steps
            )
        return len(site.sandbox.journal.of("update"))


@settings(deadline=None, max_examples=60)
@given(
    flow_lists(),
    st.builds(
        Life,
        st.lists(SOME_CALL, min_size=2, max_size=4),
        st.lists(
            st.sampled_from([2 * SECOND, 15 * SECOND, 30 * SECOND, 90 * SECOND]),
            min_size=2,
            max_size=4,
        ),
        st.builds(RunSettings, guards=GUARDS, never=NEVERS),
        PAUSES,
        st.sampled_from([False, False, False, True]),
    ),
)
def test_plan_run_and_snapshot_cannot_disagree(flows: list[Flow], life: Life) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(live_through(Path(folder), flows, life))
