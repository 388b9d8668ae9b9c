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
from typing import Any

from hypothesis import HealthCheck, settings
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
LOST = ("reset-before", "reset-after", "500", "503", "hang", "malformed", "truncated")
SURE = ("429", "too-early", "401")
#: What the far side carried out although it gave no good answer.
CARRIED_OUT = ("reset-after", "hang-after", "malformed", "truncated", "html")


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
        self.braked_at: int | None = None  # updates received when everything was braked

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

    @rule(kind=st.sampled_from(sorted(NUMBERS)), number=st.integers(1, 3))
    def calls_come(self, kind: str, number: int) -> None:
        for _ in range(number):
            self.kinds[self.site.sandbox.add_call(to=NUMBERS[kind]).sid] = kind

    @rule()
    def a_protected_call_comes(self) -> None:
        self.kinds[self.site.sandbox.add_call(to=PROTECTED).sid] = ""

    @rule(which=st.integers(0, 50))
    def somebody_hangs_up(self, which: int) -> None:
        world = self.site.sandbox.world
        live = [sid for sid in self.kinds if world.call(sid).status == "in-progress"]
        if live:
            world.hang_up(world.leg(live[which % len(live)]))

    @rule(
        name=st.sampled_from(LOST + SURE),
        on=st.sampled_from([("update",), ("list",), ("fetch",), ("update", "fetch")]),
        times=st.integers(1, 6),
    )
    def answers_go_wrong(self, name: str, on: tuple[str, ...], times: int) -> None:
        if name != "too-early" or on == ("update",):
            self.site.sandbox.set_fault(name, on=on, times=times)

    @rule()
    def the_far_side_is_well_again(self) -> None:
        self.site.sandbox.faults.clear()

    @rule(after=st.sampled_from([0, 500, 2 * SECOND, 20 * SECOND]))
    def a_poll(self, after: int) -> None:
        self.run(self.site.poll(after=after))

    @rule(progress=st.integers(0, 6))
    def a_crash_amid_a_poll(self, progress: int) -> None:
        async def crash() -> None:
            tick = asyncio.ensure_future(self.site.engine.tick(self.site.time.now()))
            for _ in range(progress * 8):
                await asyncio.sleep(0)
            tick.cancel()
            await asyncio.gather(tick, return_exceptions=True)
            await self.site.engine.abandon()

        self.run(crash())
        self.reborn()

    @rule(after=st.sampled_from([0, 2 * SECOND]))
    def a_stop_and_a_start(self, after: int) -> None:
        async def stop() -> None:
            await self.site.engine.tick(self.site.time.now())
            await self.site.engine.stop(grace=100)
            await self.site.sandbox.advance(after)

        self.run(stop())
        self.reborn()

    @rule(names=st.sampled_from([tuple(NUMBERS), ("ends",), ("speaks", "moves"), ()]))
    def an_edit(self, names: tuple[str, ...]) -> None:
        self.names, self.edits = names, self.edits + 1
        self.site.flows(flow_of(names, self.edits))

    @rule(by_file=st.booleans())
    def the_brake(self, by_file: bool) -> None:
        self.run(self.site.engine.settle())
        if by_file:
            (self.folder / "PAUSED").touch()
        else:
            self.run(self.site.store.pause(Pause(flow="f", reason="x", at=self.site.time.now())))
        self.braked_at = len(self.site.updates())

    @rule()
    def the_brake_is_let_go(self) -> None:
        (self.folder / "PAUSED").unlink(missing_ok=True)
        self.run(self.site.store.resume(flow="f", by="x", at=self.site.time.now()))
        self.braked_at = None

    # ---- what must hold after every step ----------------------------------------------------

    @invariant()
    def nothing_is_said_or_moved_twice(self) -> None:
        carried_out = self.carried_out()
        for sid, kind in self.kinds.items():
            if kind != "ends":
                assert carried_out.count(sid) <= 1

    @invariant()
    def nothing_is_sent_while_braked(self) -> None:
        assert self.braked_at in (None, len(self.site.updates()))

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
        """The calls of the updates that the far side processed, one entry for each time."""
        return [
            entry.request.sid
            for entry in self.site.sandbox.journal.of("update")
            if entry.status == 200 or entry.fault in CARRIED_OUT
        ]

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
        (self.folder / "PAUSED").unlink(missing_ok=True)
        await site.store.resume(flow="f", by="x", at=site.time.now())
        site.flows(flow_of(tuple(NUMBERS), self.edits))
        for _ in range(4):
            await site.poll(after=61 * SECOND)  # whatever rest was asked for is over
        status = {sid: site.sandbox.world.call(sid).status for sid in self.kinds}
        late = [
            s for s, kind in self.kinds.items() if kind == "ends" and status[s] == "in-progress"
        ]
        assert not late, "a hang-up is missing"
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
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
