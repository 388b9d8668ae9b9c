"""Promises of the kill switch where something is broken: it stops, at once, and is told of."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from runner.cli.daemon.desk import RunningDesk
from runner.console.desk import Order
from runner.engine.pausewatch import PauseWatch
from runner.engine.ports import NoteKind, Pause
from runner.model import Millis
from runner.store.sqlite import SqliteStore
from tests.cli.desking import open_desk
from tests.console.paging import open_console
from tests.console.visiting import JSON, answer_of, exchange, request
from tests.engine.late import Gate

KILL = b'{"reason": "ends the wrong calls", "by": "ana"}'


async def order(url: str, path: str, body: bytes) -> tuple[int, str]:
    answer = answer_of(await exchange(url, request(url, "POST", path, JSON, body)))
    return answer.status, answer.body.decode()


async def test_a_kill_switch_that_cannot_be_kept_is_told_of_all_the_same(tmp_path: Path) -> None:
    async with open_console(tmp_path) as console, console.serving() as url:
        here = console.here
        assert here.crew.kill.path is not None
        here.crew.kill.path.mkdir()
        (here.crew.kill.path / "in-the-way").touch()
        status, said = await order(url, "/api/kill", KILL)
        assert status == 503
        assert "this process is stopped" in said
        told = [dict(e.fields) for e in here.site.events if e.name == "operator"]
        assert [(each["action"], each["by"]) for each in told] == [
            ("kill", "ana (operator@127.0.0.1)")
        ]


class HangingStore(SqliteStore):
    """A real store that does nothing more once it hangs."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.gate = Gate()
        self.noted = asyncio.Event()

    async def pauses(self) -> Sequence[Pause]:
        await self.gate.pass_through()
        return await super().pauses()

    async def note(self, what: NoteKind, *, by: str, at: Millis, detail: str = "") -> None:
        await self.gate.pass_through()
        await super().note(what, by=by, at=at, detail=detail)
        self.noted.set()


async def test_it_stops_and_is_shown_and_answers_while_the_store_hangs(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as here:
        store = HangingStore(tmp_path / "store.db")
        await store.open()
        watch = PauseWatch(store, here.crew.kill, clock=here.site.time, tell=here.crew.tell)
        desk = RunningDesk(here.crew, store, here.board, changed=watch.look)
        with store.gate.held():
            stuck = asyncio.ensure_future(watch.look())
            await store.gate.reached.wait()
            made = await desk.kill(Order("ends the wrong calls", "ana"))
            assert here.crew.kill.standing(here.site.time.now()) == made
            assert [pause.reason for pause in watch.standing] == ["ends the wrong calls"]
            assert await store.notes() == []
        await stuck
        await asyncio.wait_for(store.noted.wait(), 5)
        (note,) = await store.notes()
        assert (note.event, note.by, note.detail) == ("killed", "ana", "ends the wrong calls")
        await store.close()
