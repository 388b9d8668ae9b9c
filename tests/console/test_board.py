"""The board: what it shows is what the engine saw and did, and it stays small for ever."""

from __future__ import annotations

import asyncio
import json

from runner.console.picture.board import Flows
from runner.console.picture.pictures import acts_of, chart_of, status_of
from runner.console.picture.ring import STEP, STEPS, Ring
from runner.engine.ports import Event, Pause
from runner.problems import Position, Problem
from tests.console.picture import board_of
from tests.engine.test_rules import flow, rule
from tests.site import SECOND, Site

A, B = "+14155550101", "+14155550102"


async def test_a_poll_and_what_came_of_it(site: Site) -> None:
    board = board_of(site, alias="main")
    site.flows(flow(rule("cut", f'match: {{to: "{A}"}}', "[hangup]"), rule("rest", "", "[hangup]")))
    site.sandbox.add_call(to=A)
    site.sandbox.add_call(to=B)
    await site.poll()
    status = status_of(board)
    assert (status["calls"], status["matched"], status["held"]) == (2, 2, 0)
    assert status["acts"] == {"done": 2}
    assert board.matched == {"f/cut": 1, "f/rest": 1}
    assert board.outcomes == {"f/cut": {"done": 1}, "f/rest": {"done": 1}}
    (account,) = status["accounts"]["list"]
    assert (account["alias"], account["calls"], account["late"]) == ("main", 2, False)
    assert json.loads(json.dumps(status)) == status


async def test_a_call_that_goes_on_matching_counts_once(site: Site) -> None:
    board = board_of(site)
    site.flows(flow(rule("speak")))
    site.sandbox.add_call(to=A)
    for _ in range(3):
        await site.poll(after=2 * SECOND)
    assert board.matched == {"f/speak": 1}
    status = status_of(board)
    assert (status["calls"], status["held"], status["spent"]) == (1, 0, 1)


async def test_an_account_is_late_until_its_first_good_poll_and_when_polls_fail(site: Site) -> None:
    board = board_of(site)
    site.flows(flow(rule("speak")))
    assert status_of(board)["accounts"]["late"] == 1
    await site.poll()
    assert status_of(board)["accounts"]["late"] == 0
    site.sandbox.set_fault("500", on=("list",), times=1)
    await site.poll(after=2 * SECOND)
    status = status_of(board)
    assert status["accounts"]["late"] == 0
    assert "500" in status["trouble"]
    await site.sandbox.advance(5 * SECOND)
    assert status_of(board)["accounts"]["late"] == 1
    await site.poll()
    assert status_of(board)["trouble"] == ""


async def test_who_stands_by_shows_no_calls(site: Site) -> None:
    board = board_of(site)
    site.flows(flow(rule("speak")))
    site.sandbox.add_call(to=A)
    await site.poll()
    board.hear(Event("standby", site.time.now(), fields={"holder": "other:1:x"}))
    status = status_of(board)
    assert (status["role"], status["holder"], status["calls"]) == ("standby", "other:1:x", 0)
    await site.poll(after=2 * SECOND)
    board.hear(Event("stalled", site.time.now(), "error", {"error": "disk full"}))
    assert status_of(board)["trouble"] == "disk full"


async def test_a_dry_run_says_so_and_counts_what_it_would_do(site: Site) -> None:
    board = board_of(site)
    board.hear(Event("started", site.time.now(), fields={"dry_run": True}))
    site.flows(flow(rule("cut", "", "[hangup]")))
    site.sandbox.add_call(to=A)
    await site.engine.rehearse(site.time.now())
    status = status_of(board)
    assert (status["role"], status["acts"]) == ("dry-run", {"planned": 1})
    assert acts_of(board, limit=5)["acts"][0]["outcome"] == "planned"


async def test_numbers_in_what_is_told_are_masked(site: Site) -> None:
    board = board_of(site)
    site.flows(flow(rule("cut", "", "[hangup]")))
    sid = site.sandbox.add_call(to=A, from_="+14155550177").sid
    site.sandbox.set_fault("403", on=("update",), times=1)
    await site.poll()
    fields = {"account": site.sandbox.account_sid, "call": sid, "flow": "f", "rule": "cut"}
    board.hear(Event("action.failed", site.time.now(), fields={**fields, "detail": f"no {A}"}))
    text = json.dumps([status_of(board), acts_of(board, limit=50), chart_of(board)])
    assert A not in text
    assert "no +1415***0101" in text


async def test_problems_of_files_are_shown_with_their_place(site: Site) -> None:
    board = board_of(site)
    problem = Problem(Position("flows/a.yaml", 3, 5), "unknown-key", "`mach` is no key", "`match`?")
    board.flows = lambda: Flows(ok=False, problems=(problem,))
    board.hear(Event("reload.failed", site.time.now(), "error"))
    reload = status_of(board)["reload"]
    assert (reload["ok"], reload["errors"]) == (False, 1)
    (shown,) = reload["problems"]
    assert (shown["path"], shown["line"], shown["column"]) == ("flows/a.yaml", 3, 5)


async def test_pauses_are_told_with_the_kill_switch_by_itself(site: Site) -> None:
    board = board_of(site)
    site.flows(flow(rule("cut", "", "[hangup]")))
    sid = site.sandbox.account_sid
    board.pauses = lambda: (
        Pause(reason="who wrote this?", by="ann"),
        Pause(sid, "f", "cut", tripped=True),
        Pause("", "f", "cut", reason="no", until=5_000),
    )
    status = status_of(board)
    assert status["kill"]["reason"] == "who wrote this?"
    assert status["rules"] == {"total": 1, "paused": 1, "tripped": 1}
    assert [each["scope"] for each in status["pauses"]] == [
        "everything",
        f"rule f/cut in account {sid}",
        "rule f/cut",
    ]
    assert status["pauses"][2]["until"] == "1970-01-01T00:00:05.000Z"


async def test_who_waits_hears_of_each_change_and_of_nothing_else(site: Site) -> None:
    board = board_of(site)
    site.flows(flow(rule("speak")))
    waiting = asyncio.ensure_future(board.moved(board.version))
    board.hear(Event("clock.off", site.time.now()))
    await asyncio.sleep(0)
    assert not waiting.done()
    await site.poll()
    assert await waiting == board.version
    assert board.revisions["calls"] > 0
    assert board.revisions["flows"] == 0


async def test_what_is_over_is_forgotten(site: Site) -> None:
    board = board_of(site, over=3)
    site.flows(flow(rule("cut", "", "[hangup]")))
    for _ in range(5):
        for _ in range(4):
            site.sandbox.add_call(to=A)
        await site.poll(after=2 * SECOND)
    assert len(board.last) <= 3 + 4 + 4
    assert board.outcomes == {"f/cut": {"done": 20}}
    site.flows(flow(rule("other", "", "[hangup]")))
    board.hear(Event("reload.ok", site.time.now()))
    assert (board.outcomes, board.matched) == ({}, {})


async def test_an_hour_of_steps_whatever_the_wall_clock_does(site: Site) -> None:
    ring = Ring(site.time)
    ring.sample(calls=3, held=1)
    ring.sample(calls=2, held=2)
    ring.count("done")
    site.time.skew = -10_000_000
    ((at, point),) = ring.points()
    assert (point.calls, point.held, ring.totals()) == (3, 2, {"done": 1})
    assert abs(at - site.time.now()) <= STEP
    for _ in range(STEPS + 5):
        await site.sandbox.advance(STEP)
        ring.sample(calls=1, held=0)
    assert len(ring.points()) == STEPS
    assert ring.totals() == {}
    await site.sandbox.advance(2 * STEP * STEPS)
    assert ring.points() == []
