"""Promise: whatever the flows and the calls, the desk explains a call as `callflow why` does."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.engine.ports import Pause
from runner.model import Flow, FlowSet
from runner.settings import RunSettings
from tests.cli.desking import Desking, open_desk
from tests.cli.test_plan_agrees import GUARDS, NEVERS, PAUSES, SOME_CALL, Life
from tests.decision.generated import flow_lists
from tests.site import SECOND

#: What the desk can't know without a request: a call that is taken away may be in a conference.
ASKED = "leaves-conference"
#: What depends on live calls that no rule asks for.
BESIDE = ("guards", "fate", "detail", "protected", "request", "parts", "continued", "effects")


def comparable(document: dict[str, Any], *, part: bool) -> dict[str, Any]:
    """The document without what the desk says that it can't know."""
    found = deepcopy(document)
    for rule in found["rules"]:
        rule["effects"] = [each for each in rule["effects"] if each["kind"] != ASKED]
        if part:
            for name in BESIDE:
                del rule[name]
    if part:
        del found["notes"], found["would_act"]
    return found


async def live_through(folder: Path, flows: list[Flow], life: Life) -> None:
    """A runner's life; at the end of it each call is explained in both ways."""
    async with open_desk(folder, life.settings, alias="shop") as here:
        here.put(FlowSet(tuple(flows)))
        for number, one in enumerate(life.calls):
            leg = {"parent": "c0", "direction": "outbound-dial"} if number == 1 else {}
            here.site.sandbox.add_call(id=f"c{number}", **one, **leg)
        for wait in life.waits:
            await here.poll(after=wait)
        now = here.site.time.now()
        if life.pause is not None:
            until = life.pause.until
            until = None if until is None else now + until
            await here.store.pause(replace(life.pause, at=now, until=until))
        await here.site.sandbox.advance(SECOND)
        await here.site.engine.preview(here.site.time.now())
        if life.killed:  # after the poll: what bounds a rule now is what counts
            here.crew.kill.throw(Pause(reason="enough", by="me", at=here.site.time.now()))
        for number in range(len(life.calls)):
            await compare(here, here.site.sandbox.world.call(f"c{number}").sid)


async def compare(here: Desking, sid: str) -> None:
    mine, theirs = await here.why(sid), await here.command(sid)
    part = any(note.startswith("of other live calls") for note in mine["notes"])
    assert comparable(mine, part=part) == comparable(theirs, part=part)


@settings(deadline=None, max_examples=30)
@given(
    flow_lists(),
    st.builds(
        Life,
        st.lists(SOME_CALL, min_size=2, max_size=4),
        st.lists(st.sampled_from([2 * SECOND, 15 * SECOND]), min_size=1, max_size=3),
        st.builds(RunSettings, guards=GUARDS, never=NEVERS, interval=st.just(20 * SECOND)),
        PAUSES,
        st.sampled_from([False, False, True]),
    ),
)
def test_the_desk_and_the_command_cannot_disagree(flows: list[Flow], life: Life) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(live_through(Path(folder), flows, life))
