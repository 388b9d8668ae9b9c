"""Promises against a stranger's page in the operator's own browser: it stops and reads nothing.

The console is open to this machine, without tokens, and that is where the browser runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from aiohttp import web

from tests.console.paging import Paging, open_console, see

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Tries everything that a page may try, and tells what it could read.
TRIES = """async ([api, order]) => {
    const read = [];
    const attempt = async (name, what) => { try { read.push([name, await what()]); } catch {} };
    const body = JSON.stringify(order);
    const post = (type, mode) => fetch(`${api}/api/kill`, {
        method: "POST", mode, body, keepalive: true, credentials: "include",
        headers: type ? { "Content-Type": type } : {} }).then((answer) => answer.text());
    await attempt("plain", () => post("text/plain", "cors"));
    await attempt("json", () => post("application/json", "cors"));
    for (const type of ["text/plain", ""]) {
        fetch(`${api}/api/kill`, { method: "POST", mode: "no-cors", body, credentials: "include",
            headers: type ? { "Content-Type": type } : {} }).catch(() => 0);
    }
    navigator.sendBeacon(`${api}/api/kill`, new Blob([body], { type: "text/plain" }));
    const form = document.createElement("form");
    Object.assign(form, { method: "POST", action: `${api}/api/kill`, enctype: "text/plain",
        target: "hidden" });
    const field = document.createElement("input");
    field.name = body.slice(0, -1) + ', "x": "';
    field.value = '"}';
    form.append(field);
    document.body.append(form);
    form.submit();
    await attempt("status", () => fetch(`${api}/api/status`).then((answer) => answer.text()));
    await attempt("metrics", () => fetch(`${api}/metrics`).then((answer) => answer.text()));
    await attempt("stream", () => new Promise((resolve, reject) => {
        const stream = new EventSource(`${api}/api/stream`, { withCredentials: true });
        stream.addEventListener("status", (event) => resolve(event.data));
        stream.onerror = reject;
    }));
    await attempt("script", () => new Promise((resolve, reject) => {
        const script = document.createElement("script");
        Object.assign(script, { src: `${api}/api/status`, onload: resolve, onerror: reject });
        document.head.append(script);
    }));
    await attempt("frame", () => new Promise((resolve, reject) => {
        const frame = document.createElement("iframe");
        frame.onload = () => {
            try { resolve(frame.contentDocument.body.innerText || reject()); } catch { reject(); }
        };
        frame.src = `${api}/`;
        document.body.append(frame);
    }));
    return read;
}"""


@pytest_asyncio.fixture(loop_scope="module")
async def console(tmp_path: Path) -> AsyncIterator[Paging]:
    async with open_console(tmp_path) as opened, opened.serving():
        yield opened


@asynccontextmanager
async def a_site() -> AsyncIterator[int]:
    """Somebody's site, with an empty page; gives its port."""

    async def empty(_request: web.Request) -> web.Response:
        page = "<!doctype html><title>x</title><iframe name=hidden></iframe>"
        return web.Response(text=page, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", empty)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["same-site", "cross-site"])
async def test_a_page_of_another_site_stops_nothing_and_reads_nothing(
    page: Page, console: Paging, host: str
) -> None:
    here = console.here
    here.site.sandbox.add_call(to="+14155550101")
    await console.poll()
    async with a_site() as port:
        await page.goto(f"http://{host}:{port}/")
        order: dict[str, Any] = {"reason": "because I can"}
        assert await page.evaluate(TRIES, [console.url, order]) == []
    # What was sent has been answered by now: the page itself still works, and shows no stop.
    await page.goto(console.url)
    await see(page, "#calls-rows", "+1415***0101")
    assert await page.is_hidden("#killed")
    assert here.crew.kill.standing(here.site.time.now()) is None
