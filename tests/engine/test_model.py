"""The engine's promises as an executable statement, held against random schedules.

Calls come and go, answers are lost or refused, the runner crashes, stops, is paused, and its flows
are edited, in any order. After every step nothing may have been done twice, by guess, out of turn,
or in spite of a brake; at the end, with nothing in the way any more, everything is done.
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
from runner.engine.ports import Entry, Pause
from runner.gateway.web import WebPoster
from runner.never import Never
from runner.settings import NotificationSettings
from tests.engine.model_far_side import Arrival, Key, Service, arrivals, standing
from tests.engine.model_promises import (
    nothing_follows_an_update_that_did_not_come_about,
    nothing_is_done_twice_by_guess,
    nothing_is_left_lying,
    nothing_is_told_twice,
    parts_come_in_their_order,
    the_ledger_is_true,
)
from tests.engine.model_rules import NOWHERE, PROTECTED, RULES, SERVICE, flow_of
from tests.gateway.raw import raw_server
from tests.site import SECOND, Site, open_site

NAMES = tuple(name for name in RULES if name != "tells")
#: What hangs is given up after so many real milliseconds; what is well answers at once.
HASTE = 250
Wrong: TypeAlias = tuple[str, tuple[str, ...], int]
#: Faults by name, kind of request and number of times; most strike what changes something.
WRONG: st.SearchStrategy[Wrong] = st.tuples(
    st.sampled_from(["reset-before", "reset-after", "500", "hang", "truncated", "429", "401"]),
    st.sampled_from(
        [
            *[("update",), ("side",), ("update", "side"), ("update", "fetch"), ("side", "fetch")],
            *[("list",), ("fetch",), ("number",)],
        ]
    ),
    st.integers(1, 4),
) | st.tuples(
    st.sampled_from(["too-early", "403", "429"]),
    st.sampled_from([("update",), ("side",)]),
    st.integers(1, 6),
)
#: Callbacks: about which call, and so many real milliseconds after a poll began.
PUSHES = st.lists(st.tuples(st.integers(0, 50), st.sampled_from([0, 2, 5, 10, 20])), max_size=4)
MOODS = st.sampled_from(["204", "500", "429", "400", "reset-before", "reset-after", "hang"])


class Promises(RuleBasedStateMachine):
    """One runner and one far side, and whatever may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="callflow-model-"))
        self.stack = AsyncExitStack()
        opening = open_site(self.folder, read_timeout=HASTE)
        self.site: Site = self.run(self.stack.enter_async_context(opening))
        self.service = Service(store=self.site.store)
        serving = self.stack.enter_async_context(raw_server(self.service.reply))
        self.base = self.run(serving).base
        self.poster = WebPoster(NotificationSettings(timeout=HASTE), {})
        self.site.sandbox.add_number(RULES["restarts"].number, voice_url=NOWHERE)
        self.kinds: dict[str, str] = {}  # SID → the rule that is for it, "" for a protected call
        self.names = NAMES
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
        site.engine.reach(web=self.poster)
        self.load()

    def load(self) -> None:
        self.site.flows(flow_of(self.names, self.edits).replace(SERVICE, self.base))

    # ---- what may happen --------------------------------------------------------------------

    @rule(
        come=st.lists(st.sampled_from([*NAMES, ""]), max_size=4),
        wrong=st.lists(WRONG, max_size=2),
        moods=st.lists(MOODS, max_size=3),
        pushes=PUSHES,
        after=st.sampled_from([0, 500, 2 * SECOND, 20 * SECOND]),
        end=st.sampled_from(["settle", "settle", "stop", 0, 8, 20, 40]),
    )
    def a_poll(
        self,
        come: list[str],
        wrong: list[Wrong],
        moods: list[str],
        pushes: list[tuple[int, int]],
        after: int,
        end: str | int,
    ) -> None:
        """Calls come, answers go wrong, and the poll ends well, in a stop or in a crash.

        Callbacks come in the middle of it, whatever they are about.
        """
        self.run(self.calls_come(come))
        for name, on, times in wrong:
            self.site.sandbox.set_fault(name, on=on, times=times)
        self.service.moods += moods
        self.run(self.site.sandbox.advance(after))
        if end == "settle":
            old = {entry.id for entry in self.run(self.site.history())}
            self.run(self.amid(pushes, self.site.poll()))
            nothing_is_left_lying(self.run(self.site.history()), old)
        elif end == "stop":
            self.run(self.amid(pushes, self.stopped()))
        else:
            self.run(self.amid(pushes, self.crashed(int(end))))

    @rule(come=st.lists(st.sampled_from([*NAMES, ""]), min_size=1, max_size=3), wrong=WRONG)
    def callbacks(self, come: list[str], wrong: Wrong) -> None:
        """New calls are told of before any poll has seen them, and again; answers go wrong.

        Then a poll looks, and callbacks come while it does.
        """
        self.run(self.site.poll())
        self.run(self.calls_come(come))
        name, on, times = wrong
        self.site.sandbox.set_fault(name, on=on, times=times)
        newest = [*self.kinds][-len(come) :]
        self.run(self.told_of(newest + newest))
        last = len(self.kinds) - 1
        self.run(self.amid([(last, 0), (last - 1, 5), (last, 10)], self.site.poll()))

    @rule()
    def the_far_side_is_well_again(self) -> None:
        self.site.sandbox.faults.clear()
        self.service.moods.clear()

    @rule(which=st.integers(0, 50))
    def somebody_hangs_up(self, which: int) -> None:
        world = self.site.sandbox.world
        live = [sid for sid in self.kinds if world.call(sid).status == "in-progress"]
        if live:
            world.end(world.leg(live[which % len(live)]), "completed")

    @rule(names=st.sampled_from([NAMES, NAMES, ("ends", "dials"), ("speaks", "moves", "limits")]))
    def an_edit(self, names: tuple[str, ...]) -> None:
        self.names, self.edits = names, self.edits + 1
        self.load()

    @rule(by_file=st.booleans(), come=st.lists(st.sampled_from(NAMES), max_size=3))
    def a_brake_for_a_while(self, by_file: bool, come: list[str]) -> None:
        """Nothing is sent from the moment that it is there, over a restart, until it is lifted."""
        self.run(self.site.engine.settle())
        if by_file:
            (self.folder / "PAUSED").touch()
        else:
            self.run(self.site.store.pause(Pause(flow="f", reason="x", at=self.site.time.now())))
        before = len(self.arrivals()) + len(self.service.posts)
        self.run(self.calls_come(come))
        self.run(self.site.poll(after=2 * SECOND))
        self.run(self.told_of([*self.kinds]))
        self.reborn()
        self.run(self.site.poll(after=2 * SECOND))
        self.run(self.told_of([*self.kinds]))
        self.run(self.site.engine.settle())
        sent = len(self.arrivals()) + len(self.service.posts)
        assert sent == before, "it was sent in spite of the brake"
        self.run(self.let_go())

    async def amid(self, pushes: list[tuple[int, int]], work: Coroutine[Any, Any, Any]) -> None:
        """Does the work, while callbacks come."""
        engine, known = self.site.engine, [*self.kinds]

        async def pushed(which: int, after: int) -> None:
            await asyncio.sleep(after / 1000)
            await engine.look_at(known[which % len(known)])

        await asyncio.gather(work, *(pushed(*each) for each in pushes if known))
        await engine.settle()

    async def told_of(self, sids: list[str]) -> None:
        await asyncio.gather(*(self.site.engine.look_at(sid) for sid in sids))

    async def calls_come(self, kinds: list[str]) -> None:
        for kind in kinds:
            row = self.site.sandbox.add_call(to=RULES[kind].number if kind else PROTECTED)
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
    def every_promise_is_kept(self) -> None:
        history, sent, world = (
            self.run(self.site.history()),
            self.arrivals(),
            self.site.sandbox.world,
        )
        assert not {each.key.rule for each in sent} & {"", "tells"}, "protected calls were touched"
        nothing_is_done_twice_by_guess(sent)
        nothing_is_told_twice(self.service, [world.transcript(sid) for sid in self.kinds])
        parts_come_in_their_order(self.service, sent, history)
        nothing_follows_an_update_that_did_not_come_about(self.service, sent, history)
        the_ledger_is_true(self.service, sent, history)
        told = {sid for sid in self.kinds for h in world.transcript(sid) if h.kind == "told"}
        assert told <= {e.intent.call_sid for e in history if e.outcome != "withdrawn"}

    def arrivals(self) -> list[Arrival]:
        return arrivals(self.site.sandbox.journal, self.kinds)

    # ---- and what must come of it in the end ------------------------------------------------

    def teardown(self) -> None:
        try:
            self.run(self.comes_to_its_end())
        finally:
            self.run(self.poster.close())
            self.run(self.stack.aclose())
            self.loop.close()
            shutil.rmtree(self.folder)

    async def comes_to_its_end(self) -> None:
        site = self.site
        self.the_far_side_is_well_again()
        self.names = NAMES
        self.load()
        for _ in range(5):
            await site.poll(after=61 * SECOND)  # whatever rest was asked for is over
        history = await site.history()
        for sid, kind in self.kinds.items():
            if site.sandbox.world.call(sid).status == "in-progress":
                self.has_had_everything(history, sid, kind)
        assert not await site.store.unfinished(site.sandbox.account_sid), history
        assert not (await site.store.verify()).fault
        assert not site.told("action.crashed")

    def has_had_everything(self, history: list[Entry], sid: str, kind: str) -> None:
        """A call that lives: each part of its rule has come to an end, and none is left out."""
        rule_id = kind or "tells"
        ends = {part: standing(history, Key(sid, rule_id, part)) for part in RULES[rule_id].parts}
        assert not {"", "intended", "retrying"} & set(ends.values()), f"{rule_id}: {ends}"
        refused = {each.key for each in self.arrivals() if each.refused}
        assert kind != "ends" or Key(sid, kind, "") in refused, "it should have been hung up"


TestPromises = Promises.TestCase
TestPromises.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
