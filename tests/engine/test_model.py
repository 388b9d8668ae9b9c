"""The engine's promises as an executable statement, held against random schedules.

Calls come and go, answers are lost or refused, the runner crashes, stops, is paused, and its flows
are edited, in any order. After every step nothing may have been done twice, by guess, or in spite
of a brake; at the end, with nothing in the way any more, everything is done.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from runner.decision.never import protects
from runner.engine.brakes import Safety
from runner.engine.killswitch import KillSwitch
from runner.engine.ports import Pause
from runner.never import Never
from tests.site import SECOND, Site, open_site

NUMBERS = {"ends": "+14155550101", "speaks": "+14155550102", "moves": "+14155550103"}
PROTECTED = "+14155550104"
THEN = {
    "ends": "[hangup]",
    "speaks": "[{say: hello}, {pause: 9m}]",
    "moves": "[{redirect: 'http://127.0.0.1:9/never'}]",
}
Wrong: TypeAlias = tuple[str, tuple[str, ...], int]
#: Faults by name, kind of request and number of times; most strike updates.
WRONG: st.SearchStrategy[Wrong] = st.tuples(
    st.sampled_from(["reset-before", "reset-after", "500", "hang", "truncated", "429", "401"]),
    st.sampled_from([("update",), ("update",), ("update", "fetch"), ("list",), ("fetch",)]),
    st.integers(1, 4),
) | st.tuples(st.just("too-early"), st.just(("update",)), st.integers(1, 6))


def flow_of(names: tuple[str, ...], edit: int) -> str:
    """These rules, which never mean anything else, whatever is edited around them."""
    rules = "".join(
        f'  - id: {name}\n    match: {{to: ["{NUMBERS[name]}", "{PROTECTED}"]}}\n'
        f"    description: edit {edit}\n    then: {THEN[name]}\n"
        for name in names
    )
    other = '  - id: other\n    match: {to: "+19005550100"}\n    then: [hangup]\n'
    return f"version: 1\nflow: f\nguard: unlimited\nrules:\n{rules}{other}"


class Promises(RuleBasedStateMachine):
    """One runner and one far side, and whatever may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="callflow-model-"))
        self.stack = AsyncExitStack()
        self.site: Site = self.run(self.stack.enter_async_context(open_site(self.folder)))
        self.kinds: dict[str, str] = {}  # SID → the rule that is for it, "" for a protected call
        self.names = tuple(NUMBERS)
        self.edits = 0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        self.reborn()

    def reborn(self) -> None:
        site = self.site
        site.restart()
        never, account = Never(numbers=frozenset({PROTECTED})), site.sandbox.account_sid
        site.engine.obey(
            Safety(
                protects=lambda call: protects(never, call, account=account, alias=""),
                kill=KillSwitch(self.folder / "PAUSED"),
            )
        )
        site.flows(flow_of(self.names, self.edits))

    # ---- what may happen --------------------------------------------------------------------

    @rule(
        come=st.lists(st.sampled_from([*NUMBERS, ""]), max_size=4),
        wrong=st.lists(WRONG, max_size=2),
        after=st.sampled_from([0, 500, 2 * SECOND, 20 * SECOND]),
        end=st.sampled_from(["settle", "settle", "stop", 0, 8, 20, 40]),
    )
    def a_poll(self, come: list[str], wrong: list[Wrong], after: int, end: str | int) -> None:
        """Calls come, answers go wrong, and the poll ends well, in a stop or in a crash."""
        self.calls_come(come)
        for name, on, times in wrong:
            self.site.sandbox.set_fault(name, on=on, times=times)
        self.run(self.site.sandbox.advance(after))
        if end == "settle":
            self.run(self.site.poll())
        elif end == "stop":
            self.run(self.stopped())
        else:
            self.run(self.crashed(int(end)))

    @rule()
    def the_far_side_is_well_again(self) -> None:
        self.site.sandbox.faults.clear()

    @rule(which=st.integers(0, 50))
    def somebody_hangs_up(self, which: int) -> None:
        world = self.site.sandbox.world
        live = [sid for sid in self.kinds if world.call(sid).status == "in-progress"]
        if live:
            world.end(world.leg(live[which % len(live)]), "completed")

    @rule(names=st.sampled_from([tuple(NUMBERS), tuple(NUMBERS), ("ends",), ("speaks", "moves")]))
    def an_edit(self, names: tuple[str, ...]) -> None:
        self.names, self.edits = names, self.edits + 1
        self.site.flows(flow_of(names, self.edits))

    @rule(by_file=st.booleans(), come=st.lists(st.sampled_from(sorted(NUMBERS)), max_size=3))
    def a_brake_for_a_while(self, by_file: bool, come: list[str]) -> None:
        """Nothing is sent from the moment that it is there, over a restart, until it is lifted."""
        self.run(self.site.engine.settle())
        if by_file:
            (self.folder / "PAUSED").touch()
        else:
            self.run(self.site.store.pause(Pause(flow="f", reason="x", at=self.site.time.now())))
        before = len(self.site.updates())
        self.calls_come(come)
        self.run(self.site.poll(after=2 * SECOND))
        self.reborn()
        self.run(self.site.poll(after=2 * SECOND))
        assert len(self.site.updates()) == before, "it was sent in spite of the brake"
        self.run(self.let_go())

    def calls_come(self, kinds: list[str]) -> None:
        for kind in kinds:
            row = self.site.sandbox.add_call(to=NUMBERS.get(kind, PROTECTED))
            self.kinds[row.sid] = kind

    async def crashed(self, progress: int) -> None:
        """Some way into a poll and its acts everything stops, and a new process starts."""
        tick = asyncio.ensure_future(self.site.engine.tick(self.site.time.now()))
        for _ in range(progress):
            await asyncio.sleep(0.001)
        tick.cancel()
        await asyncio.gather(tick, return_exceptions=True)
        await self.site.engine.abandon()
        self.reborn()

    async def stopped(self) -> None:
        await self.site.engine.tick(self.site.time.now())
        await self.site.engine.stop(grace=100)
        self.reborn()

    async def let_go(self) -> None:
        (self.folder / "PAUSED").unlink(missing_ok=True)
        await self.site.store.resume(flow="f", by="x", at=self.site.time.now())

    # ---- what must hold after every step ----------------------------------------------------

    @invariant()
    def nothing_is_said_or_moved_twice(self) -> None:
        carried_out = self.carried_out()
        for sid, kind in self.kinds.items():
            if kind != "ends":
                assert carried_out.count(sid) <= 1

    @invariant()
    def protected_calls_are_left_alone(self) -> None:
        asked = {entry.request.sid for entry in self.site.sandbox.journal.of("update")}
        assert not {sid for sid in asked if not self.kinds[sid]}

    @invariant()
    def the_ledger_is_true(self) -> None:
        history = self.run(self.site.history())
        standing = {e.intent.call_sid: e.outcome for e in history if e.outcome != "withdrawn"}
        carried_out = set(self.carried_out())
        assert carried_out <= standing.keys(), "done, and not on record"
        done = {sid for sid, outcome in standing.items() if outcome == "done"}
        assert done <= carried_out, "on record as done, and not done"
        assert len([e for e in history if e.outcome != "withdrawn"]) == len(standing)

    def carried_out(self) -> list[str]:
        """The calls that the far side changed because it was told to, once for each time."""
        world = self.site.sandbox.world
        return [sid for sid in self.kinds for h in world.transcript(sid) if h.kind == "told"]

    # ---- and what must come of it in the end ------------------------------------------------

    def teardown(self) -> None:
        try:
            self.run(self.comes_to_its_end())
        finally:
            self.run(self.stack.aclose())
            self.loop.close()
            shutil.rmtree(self.folder)

    async def comes_to_its_end(self) -> None:
        site = self.site
        site.sandbox.faults.clear()
        site.flows(flow_of(tuple(NUMBERS), self.edits))
        for _ in range(4):
            await site.poll(after=61 * SECOND)  # whatever rest was asked for is over
        status = {sid: site.sandbox.world.call(sid).status for sid in self.kinds}
        late = [
            s for s, kind in self.kinds.items() if kind == "ends" and status[s] == "in-progress"
        ]
        assert not late, [e for e in await site.history() if e.intent.call_sid in late]
        acted = {e.intent.call_sid for e in await site.history() if e.outcome != "withdrawn"}
        left = {
            sid for sid, kind in self.kinds.items() if kind and status[sid] == "in-progress"
        } - acted
        assert not left, "a live call was left out"
        assert not await site.store.unfinished(site.sandbox.account_sid)
        assert not (await site.store.verify()).fault
        self.nothing_is_said_or_moved_twice()
        assert not site.told("action.crashed")


TestPromises = Promises.TestCase
TestPromises.settings = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
