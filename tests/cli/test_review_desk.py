"""Promises of the desk to who brakes: nobody who looks, however often, keeps them waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from runner.cli.daemon.desk import RunningDesk
from runner.console.desk import Order, Scope
from runner.decision.once import Past
from runner.engine.pausewatch import PauseWatch
from runner.engine.ports import Entry, HistoryQuery
from runner.store.sqlite import SqliteStore
from tests.cli.desking import open_desk
from tests.engine.late import Gate
from tests.engine.test_rules import flow, rule


class LongLedger(SqliteStore):
    """A real store of many acts: what is asked of it takes until the test lets it end."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.gate, self.plans = Gate(), Gate()
        self.begun = self.planning = 0

    async def history(self, query: HistoryQuery) -> Sequence[Entry]:
        self.begun += 1
        await self.gate.pass_through()
        return await super().history(query)

    async def acts(
        self, account: str, call_sids: Collection[str]
    ) -> Mapping[str, Mapping[str, Past]]:
        self.planning += 1
        await self.plans.pass_through()
        return await super().acts(account, call_sids)


async def test_many_who_read_the_history_keep_no_pause_waiting(tmp_path: Path) -> None:
    """The store does one thing after the other: a pause waits for what is before it."""
    async with open_desk(tmp_path) as here:
        here.flows(flow(rule("r", "", "[hangup]")))
        store = LongLedger(tmp_path / "store.db")
        await store.open()
        watch = PauseWatch(store, here.crew.kill, clock=here.site.time, tell=here.crew.tell)
        desk = RunningDesk(here.crew, store, here.board, changed=watch.look)
        with store.gate.held():
            looks = [
                asyncio.ensure_future(desk.history(HistoryQuery(rule="a/b"), show_numbers=False))
                for _ in range(30)
            ]
            await asyncio.wait_for(store.gate.reached.wait(), 5)
            await desk.pause(Scope("f"), Order("enough", "ann"))
            assert store.begun == 1, "one of them is before the pause, and no more"
        assert await asyncio.gather(*looks) == [[]] * 30
        await store.close()


async def test_many_who_ask_why_do_not_plan_all_at_once(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as here:
        here.flows(flow(rule("r", "", "[hangup]")))
        sid = here.site.sandbox.add_call().sid
        await here.desk.pause(Scope("f"), Order("so that it stays", "ann"))
        await here.poll()
        store = LongLedger(tmp_path / "store.db")
        await store.open()
        watch = PauseWatch(store, here.crew.kill, clock=here.site.time, tell=here.crew.tell)
        desk = RunningDesk(here.crew, store, here.board, changed=watch.look)
        with store.plans.held():
            asked = [
                asyncio.ensure_future(desk.why(sid, rule="", show_numbers=False)) for _ in range(10)
            ]
            await asyncio.wait_for(store.plans.reached.wait(), 5)
            for _ in range(2):
                await watch.look()  # it is answered after all that went before it
            assert store.planning == 1
        answers = await asyncio.gather(*asked)
        assert all(answer == answers[0] for answer in answers)
        assert store.planning == 10
        await store.close()
