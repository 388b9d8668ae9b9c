"""Promises of the page to whoever brakes: it does what its dialog says, or says that it can't."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from runner.console.desk import Order, Scope
from runner.engine.ports import Event
from runner.model import Millis
from tests.console.paging import Paging, open_console, see

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

pytestmark = pytest.mark.asyncio(loop_scope="module")
CUT = Scope("ends", "cut")
QUARTER: Millis = 900_000


@pytest_asyncio.fixture(loop_scope="module")
async def console(tmp_path: Path) -> AsyncIterator[Paging]:
    async with open_console(tmp_path) as opened, opened.serving():
        yield opened


async def test_another_s_pause_is_not_lifted_in_place_of_the_one_that_was_shown(
    page: Page, console: Paging
) -> None:
    here = console.here
    await here.desk.pause(CUT, Order("lunch", "ben", QUARTER))
    await page.goto(console.url)
    await page.click("#rules-rows tr:nth-child(1) button")
    await see(page, "#resume-facts", "lunch")
    await here.desk.resume(CUT, by="ben")
    await here.site.sandbox.advance(1_000)
    await here.desk.pause(CUT, Order("ends the wrong calls", "carl"))
    await page.click("#resume .go")
    await see(page, "#resume .fault", "something else is paused by now")
    (pause,) = here.board.pauses()
    assert pause.reason == "ends the wrong calls"
    await see(page, "#resume-facts", "ends the wrong calls")
    await page.click("#resume .go")
    await page.wait_for_selector("#resume", state="hidden")
    assert here.board.pauses() == ()


async def test_a_kill_switch_that_another_threw_meanwhile_is_not_lifted_unseen(
    page: Page, console: Paging
) -> None:
    here = console.here
    await here.desk.kill(Order("a drill", "ben"))
    await page.goto(console.url)
    await page.click("#lift")
    await see(page, "#resume-facts", "a drill")
    await here.site.sandbox.advance(1_000)
    await here.desk.kill(Order("wrong calls end", "carl"))
    await page.click("#resume .go")
    await see(page, "#resume .fault", "something else is paused by now")
    assert [pause.reason for pause in here.board.pauses()] == ["wrong calls end"]
    await page.click("#resume .go")
    await page.wait_for_selector("#killed", state="hidden")


async def test_who_stops_what_is_stopped_is_told_what_becomes_of_it(
    page: Page, console: Paging
) -> None:
    here = console.here
    await here.desk.kill(Order("wrong calls end", "carl"))
    await page.goto(console.url)
    await see(page, "#killed-why", "wrong calls end")
    await page.click("#kill")
    await see(page, "#stop-means", "It is stopped already, by carl")
    await see(page, "#stop-means", "until somebody resumes it: this takes its place")


async def test_everything_can_be_stopped_where_no_stream_comes_through(
    page: Page, console: Paging
) -> None:
    """A proxy may hold it back, and as many as there may be can be open."""

    async def refuse(route: Route) -> None:
        await route.fulfill(status=503, json={"error": {"message": "as many streams", "hint": ""}})

    await page.route("**/api/stream", refuse)
    await page.goto(console.url)
    await see(page, "#lost-head", "Not live: as many streams")
    await page.click("#kill")
    await page.fill("#stop-reason", "ends the wrong calls")
    await page.click("#stop .go")
    await see(page, "#killed-why", "ends the wrong calls")
    assert [pause.reason for pause in console.here.board.pauses()] == ["ends the wrong calls"]


@pytest.mark.parametrize("blank", ["\u3164", "\u2800\u2800", "\uffa0"])
async def test_a_reason_that_nobody_can_see_is_none(
    page: Page, console: Paging, blank: str
) -> None:
    await page.goto(console.url)
    await page.click("#kill")
    await page.fill("#stop-reason", blank)
    await page.click("#stop .go")
    await see(page, "#stop .fault", "what doesn't show")
    assert console.here.board.pauses() == ()


async def test_a_standby_counts_no_calls_that_it_does_not_see(page: Page, console: Paging) -> None:
    here = console.here
    here.board.hear(Event("standby", here.site.time.now(), fields={"holder": "other:1"}))
    await page.goto(console.url)
    await see(page, "#standing-text", "other:1 acts")
    await see(page, "#tile-calls", "live calls \u2013 seen by the runner that acts")
    await page.click("#kill")
    await see(page, "#stop-means", "It stops the runner that acts on this store, too.")
    assert "live calls" not in await page.inner_text("#stop-means")
    assert await page.title() == "Standby · callflow"
