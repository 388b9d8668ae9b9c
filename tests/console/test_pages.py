"""Promises of the page's files: served with their types, asked for anew, safe by their making."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from runner.console import pages

FOLDER = Path(pages.__file__).parent / "page"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(pages.routes())
    async with TestServer(app) as server:
        yield str(server.make_url(""))


async def get(url: str, tag: str = "") -> tuple[int, str, str, bytes]:
    """Status, content type, tag and body."""
    headers = {"If-None-Match": tag} if tag else {}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        assert answer.status == 404 or answer.headers["Cache-Control"] == "no-cache"
        kind = answer.headers.get("Content-Type", "")
        return answer.status, kind, answer.headers.get("ETag", ""), await answer.read()


async def test_each_file_has_its_type_and_a_tag_that_spares_a_second_reading(url: str) -> None:
    kinds = {
        "/": "text/html; charset=utf-8",
        "/page/console.css": "text/css; charset=utf-8",
        "/page/main.js": "text/javascript; charset=utf-8",
        "/page/icon.svg": "image/svg+xml; charset=utf-8",
    }
    for path, kind in kinds.items():
        status, found, tag, body = await get(url + path)
        assert (status, found) == (200, kind)
        assert body == (FOLDER / (path.rpartition("/")[2] or "index.html")).read_bytes()
        assert (await get(url + path, tag))[::3] == (304, b"")
        assert (await get(url + path, f'"other", W/{tag}'))[0] == 304
        assert (await get(url + path, '"other"'))[0] == 200


@pytest.mark.parametrize(
    "name", ["index.html", "none.js", "..%2Fpages.py", "%2e%2e/pages.py", "main.js/", ""]
)
async def test_nothing_else_is_served(url: str, name: str) -> None:
    assert (await get(f"{url}/page/{name}"))[0] == 404


async def test_the_page_loads_all_that_is_there_and_nothing_else(url: str) -> None:
    named = {"index.html"}
    for file in FOLDER.iterdir():
        text = file.read_text()
        named |= {
            each.rpartition("/")[2] for each in re.findall(r'(?:src|href)="(page/\S+)"', text)
        }
        named |= set(re.findall(r'from "\./(\S+)"', text))
    assert named == {file.name for file in FOLDER.iterdir()} == set(pages.assets())


def test_no_script_reads_markup_and_nothing_stands_inline() -> None:
    text = (FOLDER / "index.html").read_text()
    assert not re.search(
        r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?! type=.module. src)", text
    )
    for file in FOLDER.glob("*.js"):
        script = file.read_text()
        assert not re.search(
            r"(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser"
            r"|localStorage|document\.cookie",
            script,
        ), file.name
        assert len(script.splitlines()) <= 300
    for file in FOLDER.iterdir():
        if file.suffix != ".svg":
            assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", file.read_text()), file.name
