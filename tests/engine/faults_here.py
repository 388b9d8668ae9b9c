"""The cases of reads before and after a change that fail, and of failures on this side."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace

from runner.engine.reload import Reloader
from runner.engine.reloads import Reloads
from runner.language.loader import load
from tests.engine.faults_between import Answer
from tests.engine.faults_scene import (
    FETCH,
    HANG_UP,
    HANGUP,
    INTENDED,
    INTERVAL,
    LIST,
    LISTS,
    POLL,
    SAY,
    SPEAK,
    Case,
    Scene,
    act,
    failed,
)
from tests.engine.faults_updates import ENDED

Play = Callable[[Scene], Awaitable[None]]
LOOKS_AGAIN = HANG_UP.replace("    then", "    recheck: always\n    then")
#: Long enough that only what hangs for ever is given up.
HASTY = {"read_timeout": 1_000}


def read_struck(fault: str) -> Play:
    """The call is to be read again before the change, and that fails once."""

    async def play(scene: Scene) -> None:
        scene.sandbox.add_call(id="a")
        scene.sandbox.set_fault(fault, on=("fetch",), times=2 if "reset" in fault else 1)
        await scene.poll(2)

    return play


async def _another_call_read(scene: Scene) -> None:
    async def swapped(back: Answer) -> Answer:
        return replace(back, body=back.body.replace(b'"sid":"CA', b'"sid":"CB', 1))

    scene.sandbox.add_call(id="a")
    scene.between.play(FETCH, swapped)
    await scene.poll(2)


async def _gone_meanwhile(scene: Scene) -> None:
    scene.sandbox.add_call(id="a")
    scene.sandbox.set_fault("404", on=("fetch",))
    await scene.poll()


async def _blind_for_a_poll(scene: Scene) -> None:
    scene.sandbox.add_call(id="a")
    scene.sandbox.set_fault("500", on=("update", "fetch"), times=2)
    await scene.poll()
    await scene.site.engine.tick(scene.site.time.now())
    await scene.site.engine.settle()


def killed(fault: str) -> Play:
    """The runner dies while it waits for the answer to a change; another starts."""

    async def play(scene: Scene) -> None:
        site = scene.site
        flows = site.engine.flow_set
        scene.sandbox.add_call(id="a")
        scene.sandbox.set_fault(fault, on=("update",))
        await site.engine.tick(site.time.now())
        await site.until_sent(1)
        assert await site.engine.stop(grace=0) == 1
        scene.sandbox.faults.clear()
        site.restart()
        site.engine.load(flows)
        await site.poll(after=INTERVAL)

    return play


async def _store_locked(scene: Scene) -> None:
    scene.sandbox.add_call(id="a")
    with closing(sqlite3.connect(scene.site.folder / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await scene.go_on(2)  # each is one that was seen, and failed when it was to be recorded


async def _broken_flow_saved(scene: Scene) -> None:
    site, folder = scene.site, scene.site.folder / "flows"
    loaded = load([folder])
    reloads = Reloads(
        Reloader([folder], loaded), site.engine.flow_set, clock=site.time, tell=site.events.append
    )
    (folder / "00.yaml").write_text(HANG_UP.replace("hangup", "hang_up"))
    running = asyncio.ensure_future(reloads.run())
    reloads.changed.set()
    while not site.told("reload.failed"):
        assert not running.done()
        await asyncio.sleep(0)
    running.cancel()
    site.engine.load(reloads.current)
    scene.sandbox.add_call(id="a")
    await scene.poll()


def _unread(fault: str, error: str) -> Case:
    withdrawn = f"it could not be read again: .*{error}"
    return Case(
        "recheck-fails",
        fault,
        read_struck(fault),
        sent=[*LISTS, *[FETCH] * (2 if "reset" in fault else 1), *LISTS, FETCH, HANGUP],
        recorded=[("withdrawn", 1, withdrawn), ("done", 1, "")],
        seen=[POLL, INTENDED, act("withdrawn", withdrawn), POLL, INTENDED, act("done")],
        flow=LOOKS_AGAIN,
        settings=HASTY,
    )


CASES = (
    *(
        _unread(fault, error)
        for fault, error in (
            ("429", "answered 429"),
            ("401", "answered 401"),
            ("500", "answered 500"),
            ("503", "answered 503"),
            ("hang", "said nothing"),
            ("reset-before", "closed the connection"),
            ("malformed", "not JSON"),
            ("html", "answered 502"),
            ("truncated", "broke off"),
        )
    ),
    replace(_unread("another call's SID", "another call"), play=_another_call_read, meddles=True),
    Case(
        "recheck-404",
        "no such call",
        _gone_meanwhile,
        sent=[*LISTS, FETCH],
        recorded=[("gone", 1, "20404")],
        seen=[POLL, INTENDED, act("gone", "20404")],
        flow=LOOKS_AGAIN,
    ),
    Case(
        "read-back-fails",
        "once: the next poll looks again",
        _blind_for_a_poll,
        sent=[*LISTS, HANGUP, FETCH, FETCH, LIST, HANGUP],
        recorded=[("done", 2, "")],
        seen=[
            POLL,
            INTENDED,
            act("retrying", "answered 500"),
            act("retrying", attempt=2),
            act("done", attempt=2),
            POLL,
        ],
        anyhow=True,
    ),
    Case(
        "killed",
        "a hang-up that was carried out",
        killed("hang-after"),
        sent=[*LISTS, HANGUP, FETCH, LIST],
        recorded=[("gone", 1, ENDED)],
        seen=[POLL, INTENDED, act("gone", ENDED), POLL],
        settings={"read_timeout": 60_000, "total_timeout": 60_000},
        anyhow=True,
    ),
    Case(
        "killed",
        "a hang-up that was not",
        killed("hang"),
        sent=[*LISTS, HANGUP, FETCH, LIST, HANGUP],
        recorded=[("done", 2, "")],
        seen=[POLL, INTENDED, act("retrying", attempt=2), act("done", attempt=2), POLL],
        settings={"read_timeout": 60_000, "total_timeout": 60_000},
        anyhow=True,
    ),
    Case(
        "killed",
        "words, spoken or not",
        killed("hang-after"),
        sent=[*LISTS, SAY, FETCH, LIST],
        recorded=[("unknown", 1, "not repeated")],
        seen=[POLL, INTENDED, act("unknown", "not repeated"), POLL],
        flow=SPEAK,
        settings={"read_timeout": 60_000, "total_timeout": 60_000},
        anyhow=True,
    ),
    Case(
        "store-locked",
        "by another program",
        _store_locked,
        sent=[*LISTS, *LISTS],
        recorded=[],
        seen=[failed("in use by another program")] * 2,
        trouble="in use by another program",
    ),
    Case(
        "flow-error",
        "an action that there is none of",
        _broken_flow_saved,
        sent=[*LISTS, HANGUP],
        recorded=[("done", 1, "")],
        seen=[
            ("reload.failed", {"errors": "1", "problems": "hang_up"}),
            POLL,
            INTENDED,
            act("done"),
        ],
        facts={"last_reload_ok": False},
    ),
)
