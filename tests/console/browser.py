"""A real browser for tests: one headless Chromium per module, and a page of its own for each test.

A test module takes the fixtures by name (`page`, `context`, `browser`; tests/console/conftest.py
offers them) and runs all its tests on one loop, on which the browser lives too:

    pytestmark = pytest.mark.asyncio(loop_scope="module")

    async def test_it_greets(page: Page) -> None: ...

Async fixtures of such a module say `@pytest_asyncio.fixture(loop_scope="module")`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest_asyncio

from tests.tools import needs

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

#: No profile of anybody's (playwright makes a new one), and no requests of the browser's own.
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Milliseconds after which a page that should have shown something has failed its test.
PATIENCE = 10_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, started once for a module."""
    path = needs("chromium")
    # Only who opens a page pays for loading it.
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A test's own cookies and storage; more pages of the same visitor are opened from it."""
    opened = await browser.new_context(locale="en-GB", timezone_id="UTC")
    opened.set_default_timeout(PATIENCE)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(context: BrowserContext) -> Page:
    """A test's own page."""
    return await context.new_page()


def complaints(page: Page) -> list[str]:
    """What the page will complain about from now on: errors of scripts, of loading, of the CSP."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    return heard


async def barriers(page: Page) -> list[str]:
    """What on the page would stop somebody who can't see it, or can't use a mouse, as axe finds."""
    from axe_playwright_python.async_playwright import Axe

    found = await Axe().run(page)
    return [
        f"{each['id']}: {node['html']}"
        for each in found.response["violations"]
        for node in each["nodes"]
    ]
