"""Promises of the console's page to who comes with a token, with one for reading, or with none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from runner.console.doors.tokens import Tokens, hashed
from tests.console.browser import barriers
from tests.console.paging import Paging, Watched, open_console, see

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="module")

READER, OPERATOR = "r" * 24, "o" * 24


@pytest_asyncio.fixture(loop_scope="module")
async def console(tmp_path: Path) -> AsyncIterator[Paging]:
    tokens = Tokens(read=hashed(READER), operator=hashed(OPERATOR))
    async with open_console(tmp_path, tokens=tokens) as opened, opened.serving():
        yield opened


async def test_a_reader_sees_no_button_that_would_fail_and_an_operator_all(
    page: Page, console: Paging
) -> None:
    watched, here = Watched(page), console.here
    here.site.sandbox.add_call(to="+14155550109")
    await console.poll()
    await page.goto(console.url)
    await see(page, "#login", "Who is there?")
    assert await barriers(page) == []
    assert await page.locator("#killed, #kill, #numbers-box").locator("visible=true").count() == 0
    await page.keyboard.type("not the token of anybody")
    await page.keyboard.press("Enter")
    await see(page, "#login .fault", "the token is wrong")
    assert await page.input_value("#login-token") == "not the token of anybody"
    await page.fill("#login-token", READER)
    await page.keyboard.press("Enter")
    await see(page, "#calls-rows", "+1415***0109")
    await see(page, "#rules-rows", "ends/cut")
    buttons = page.locator("#kill, #lift, #numbers, #rules-rows button").locator("visible=true")
    assert await buttons.count() == 0
    await page.keyboard.press("Alt+Shift+K")
    assert await page.locator("#stop").is_hidden()
    await page.click("#calls-rows tr")
    await see(page, "#why .rule-card", "ends/cut")
    assert await page.locator("#why .inside button").count() == 0
    await page.keyboard.press("Escape")

    await page.click("#logout")
    await see(page, "#login", "Who is there?")
    await page.fill("#login-token", OPERATOR)
    await page.fill("#login .by", "ana")
    await page.keyboard.press("Enter")
    await see(page, "#rules-rows button", "Pause…")
    await page.click("#rules-rows button")
    await page.fill("#pause-reason", "cuts off agents")
    await page.click("#pause .go")
    await see(page, "#rules-rows .standing", "paused by ana (operator@127.0.0.1)")
    assert await page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    watched.is_content(console.url, "401")


async def test_what_was_typed_is_kept_when_the_runner_refuses_it(
    page: Page, console: Paging
) -> None:
    watched, here = Watched(page), console.here
    await page.goto(console.url)
    await page.fill("#login-token", OPERATOR)
    await page.keyboard.press("Enter")
    await page.click("#rules-rows button")
    await page.fill("#pause-reason", "moves to another line")
    await page.fill("#pause-for .other", "a while")
    await page.click("#pause .go")
    await see(page, "#pause .fault", "for: ")
    assert await page.input_value("#pause-reason") == "moves to another line"
    assert here.board.pauses() == ()
    await page.fill("#pause-for .other", "90m")
    await page.context.clear_cookies()  # as when the runner starts anew
    await page.click("#pause .go")
    await see(page, "#login", "Who is there?")
    await page.fill("#login-token", OPERATOR)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#login", state="hidden")
    await page.check("#pause-scope [value=flow]")
    await see(page, "#pause-means", "This stops every rule of the flow ends")
    await page.click("#pause .go")
    await see(page, "#pauses-count", "1 pause in force: ends")
    (pause,) = here.board.pauses()
    assert (pause.scope, pause.until) == ("flow ends", here.site.time.now() + 5_400_000)
    await see(page, "#rules-rows tr:nth-child(2) .standing", "flow ends is paused")
    await page.click("#rules-rows tr:nth-child(2) button")
    await see(page, "#resume-means", "This is more than the rule ends/talk.")
    await page.click("#resume .go")
    await page.wait_for_selector("#pauses", state="hidden")
    assert here.board.pauses() == ()
    watched.is_content(console.url, "400", "401")
