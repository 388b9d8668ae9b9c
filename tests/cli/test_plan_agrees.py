"""Promise: plan, run and a snapshot of the same moment cannot disagree, whatever the flows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.cli.replay import replay, take
from runner.cli.snapshot import Snapshot, read_snapshot, write_snapshot
from runner.decision.planner import Plan, Step
from runner.model import Flow, FlowSet
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
    return [*map(gist, plan.steps)], held, [*map(gist, plan.shadows)]


async def taken(site: Site, flows: list[Flow], interval: int) -> Snapshot:
    """The snapshot that `callflow plan` takes, in a process beside the runner's."""
    blank = Snapshot(site.sandbox.account_sid, site.time.now(), None, (), interval)
    rules = [rule for flow in flows for rule in flow.rules]
    return await take(site.gateway, site.store, blank=blank, rules=rules)


async def live_through(
    folder: Path, flows: list[Flow], calls: list[dict[str, Any]], pauses: list[int]
) -> int:
    """A runner's life, with a plan made just before each of its polls; returns the updates."""
    async with open_site(folder) as site:
        site.engine.load(FlowSet(tuple(flows)))
        site.engine.stale_after = 20 * SECOND
        for number, one in enumerate(calls):
            leg = {"parent": "c0", "direction": "outbound-dial"} if number == 1 else {}
            site.sandbox.add_call(id=f"c{number}", **one, **leg)
        for pause in pauses:
            await site.sandbox.advance(pause)
            if pause > 2 * site.engine.stale_after:  # nobody polled: a new process does
                site.restart()
                site.engine.load(FlowSet(tuple(flows)))
                site.engine.stale_after = 20 * SECOND
            snapshot = await taken(site, flows, site.engine.stale_after)
            planned = (await replay(snapshot, FlowSet(tuple(flows)))).plan
            write_snapshot(folder / "calls.json", snapshot)
            elsewhere = await replay(read_snapshot(folder / "calls.json"), FlowSet(tuple(flows)))
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
    st.lists(SOME_CALL, min_size=2, max_size=4),
    st.lists(
        st.sampled_from([2 * SECOND, 15 * SECOND, 30 * SECOND, 90 * SECOND]),
        min_size=2,
        max_size=4,
    ),
)
def test_plan_run_and_snapshot_cannot_disagree(
    flows: list[Flow], calls: list[dict[str, Any]], pauses: list[int]
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(live_through(Path(folder), flows, calls, pauses))
