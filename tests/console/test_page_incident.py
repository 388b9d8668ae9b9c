"""An incident at night, played in the sandbox against a real runner and handled from its page."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from runner.sandbox import RunningClock, Sandbox
from tests.console.paging import Watched, see
from tests.process import Daemon, daemon

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="module")

FLOW = """\
version: 1
flow: night
rules:
  - {id: fraud, match: {from: {prefix: "+1900"}}, then: [hangup]}
  - {id: talk, match: {to: "+14155550102"}, then: [say: Goodbye., hangup]}
  - {id: cut, match: {to: "+14155550101"}, then: [hangup]}
"""


@pytest_asyncio.fixture(loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=RunningClock(time.time_ns() // 1_000_000, time.monotonic)) as opened:
        yield opened


async def test_an_incident_is_handled_from_the_page(
    page: Page, sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / "flows" / "night.yaml"
    file.parent.mkdir()
    file.write_text(FLOW)
    sandbox.add_call(to="+14155550109")
    first = sandbox.add_call(to="+14155550101")
    listen = ("--listen", "127.0.0.1:0")
    async with daemon(*listen, at=sandbox, cwd=tmp_path) as running:
        url = str((await running.hears("started"))["console"])
        watched = Watched(page)
        await page.goto(url)
        await see(page, "#role", "leading")
        await see(page, "#acts-rows li", "done night/cut hangup")
        assert sandbox.world.call(first.sid).status == "completed"

        flooding = [
            sandbox.add_call(from_=f"+190055501{n:02}", to="+14155550109") for n in range(40)
        ]
        await see(page, "#rules-rows tr[data-paused]", "tripped: 40 calls of 41 live ones")
        await see(page, "#said", "A guard tripped: night/fraud.")
        await see(page, "#tile-held", "40 tripped")
        await page.locator("#held").scroll_into_view_if_needed()  # its rows are made on view
        await see(page, "#held-groups li", "night/fraud 40 calls")
        await page.click(f'#calls-rows tr[data-key="{flooding[7].sid}"]')
        await see(page, "#why .answer", "tripped night/fraud: a guard tripped")
        await see(page, "#why .conditions li", "yes from prefix +1900 it is +1900***0107")
        await page.keyboard.press("Escape")

        file.write_text(FLOW.replace("{to: ", "{too: "))
        await see(page, "#reload-head", "2 errors in the flows: the 3 rules of ")
        await see(page, "#problems li", 'night.yaml:5:24 unknown field "too"')

        await page.click("[aria-label='Pause night/talk…']")
        await page.fill("#pause-reason", "says goodbye to agents")
        await page.check("#pause-for [value='15m']")
        await page.click("#pause .go")
        await see(page, "#rules-rows .standing", "paused by operator@127.0.0.1, until ")
        agent = sandbox.add_call(to="+14155550102")
        await page.fill("#calls-q", agent.sid)
        await see(page, "#calls-rows", "night/talk held: paused")

        await stop_everything(page, running, sandbox)

        await page.click("#lift")
        await page.click("#resume .go")
        await page.wait_for_selector("#killed", state="hidden")
        await see(page, "#tile-done", "2")
        file.write_text(FLOW)
        await page.wait_for_selector("#reload", state="hidden")
        updates = sandbox.journal.of("update")
        assert [entry.request.form["Status"] for entry in updates] == ["completed"] * 2
        assert {sandbox.world.call(call.sid).status for call in flooding} == {"in-progress"}
        assert sandbox.world.call(agent.sid).status == "in-progress"
        watched.is_content(url)


async def stop_everything(page: Page, running: Daemon, sandbox: Sandbox) -> None:
    """Throws the kill switch, and looks at the far side: nothing is sent from there on."""
    await page.click("#kill")
    await page.click("text=Far too many calls are changed")
    await page.click("#stop .go")
    await see(page, "#killed-why", "Far too many calls are changed")
    before = len(sandbox.journal.of("update"))
    late = sandbox.add_call(to="+14155550101")
    await page.fill("#calls-q", late.sid)
    await see(page, "#calls-rows", "night/cut held: paused")
    for _ in range(2):
        running.events.clear()
        await running.hears("poll", calls=43)
    assert len(sandbox.journal.of("update")) == before
    assert sandbox.world.call(late.sid).status == "in-progress"
