"""The browser of the tests is a real one: scripts run, visitors are apart, errors are heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.console.browser import barriers, complaints

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = """<!doctype html><html lang="en"><title>A page</title>
<main><h1>Live calls: <b id="n"></b></h1>
<img src="x"><script src="count.js"></script></main></html>"""
SCRIPT = "document.cookie = 'seen=1'; document.getElementById('n').textContent = 6 * 7;"


async def shown(_request: web.Request) -> web.Response:
    headers = {"Content-Security-Policy": "default-src 'none'; script-src 'self'"}
    return web.Response(text=PAGE, content_type="text/html", headers=headers)


async def script(_request: web.Request) -> web.Response:
    return web.Response(text=SCRIPT, content_type="text/javascript")


@pytest_asyncio.fixture(loop_scope="module")
async def url() -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.get("/", shown), web.get("/count.js", script)])
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


@pytest.mark.parametrize("visit", ["first", "second"])
async def test_each_test_is_a_visitor_of_its_own(page: Page, url: str, visit: str) -> None:
    assert await page.context.cookies() == [], visit
    await page.goto(url)
    assert await page.inner_text("h1") == "Live calls: 42"
    assert [cookie.get("name") for cookie in await page.context.cookies()] == ["seen"]


async def test_what_a_page_complains_about_is_heard(page: Page, url: str) -> None:
    heard = complaints(page)
    await page.goto(url)
    await page.evaluate("setTimeout(() => { throw new Error('out of calls') })")
    await page.evaluate(
        "new Promise(done => { const image = new Image(); image.onerror = done; image.src = '/x' })"
    )
    assert any("out of calls" in each for each in heard)
    assert any("image" in each and "Content Security Policy" in each for each in heard)


async def test_axe_finds_what_a_screen_reader_would_stumble_over(page: Page, url: str) -> None:
    await page.goto(url)
    assert await barriers(page) == ['image-alt: <img src="x">']
    await page.evaluate("document.querySelector('img').alt = ''")
    assert await barriers(page) == []
