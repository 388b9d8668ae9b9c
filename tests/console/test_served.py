"""Promises of served documents: Twilio finds them where it is told to, and nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from xml.etree import ElementTree

import aiohttp
import pytest

from runner.console.web.health import Health
from runner.console.web.served import LIFETIME, MOST, ROOM, Documents
from runner.console.web.server import Site, serve

TWIML = "<Response><Say>Zoë &amp; you</Say></Response>"


class StepClock:
    """Stands still until it is moved; its wall time jumps about meanwhile."""

    def __init__(self) -> None:
        self.at = 5_000

    def now(self) -> int:
        return -self.at

    def monotonic(self) -> int:
        return self.at

    async def sleep(self, millis: int) -> None:
        self.at += millis


@asynccontextmanager
async def serving(
    public_url: str = "https://calls.example", *, most: int = MOST, room: int = ROOM
) -> AsyncIterator[tuple[Documents, str, StepClock]]:
    """Documents, the server's own address, and the clock."""
    clock = StepClock()
    documents = Documents(public_url, clock, most=most, room=room)
    async with serve(Site(Health({}), clock, documents), "127.0.0.1:0") as base:
        yield documents, base, clock


async def ask(url: str, method: str = "GET") -> tuple[int, str, str]:
    """Status, content type and body."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, data=b"CallSid=CA1" if method == "POST" else None) as answer,
    ):
        return answer.status, answer.headers["Content-Type"], await answer.text()


async def test_a_document_is_found_by_its_url_alone_as_often_as_twilio_asks() -> None:
    async with serving() as (documents, base, _clock):
        url = documents.publish(TWIML)
        path = urlsplit(url).path
        assert url == f"https://calls.example{path}"
        assert path.startswith("/twiml/")
        for method in ("GET", "POST", "GET"):
            assert await ask(base + path, method) == (200, "application/xml; charset=utf-8", TWIML)
        assert ElementTree.fromstring((await ask(base + path))[2]).tag == "Response"
        for other in ("/twiml/", "/twiml/x", path[:-1], path + "/", "/twiml/../healthz", "/other"):
            status, _, body = await ask(base + other)
            assert (status, "Zoë" in body) == (404 if "healthz" not in other else 200, False)
        assert (await ask(base + path, "PUT"))[0] == 405


async def test_each_publication_has_a_url_that_nobody_can_guess() -> None:
    async with serving() as (documents, _base, _clock):
        urls = {documents.publish(TWIML) for _ in range(1_000)}
    assert len(urls) == 1_000
    assert all(len(url.rpartition("/")[2]) >= 32 for url in urls)  # 24 bytes of chance


@pytest.mark.parametrize("prefix", ["", "/callflow", "/a/b.c-d_e~f"])
async def test_a_proxy_may_take_the_path_off_or_leave_it_on(prefix: str) -> None:
    async with serving(f"https://calls.example{prefix}") as (documents, base, _clock):
        url = documents.publish(TWIML)
        path = urlsplit(url).path
        assert path.startswith(f"{prefix}/twiml/")
        assert (await ask(base + path))[0] == 200
        assert (await ask(base + path.removeprefix(prefix)))[0] == 200
        assert (await ask(f"{base}{prefix}/healthz"))[0] == 200
        assert (await ask(f"{base}/healthz"))[0] == 200
        assert (await ask(f"{base}/other{path}"))[0] == 404


async def test_readiness_is_not_shown_below_the_public_path() -> None:
    async with serving("https://calls.example/x") as (_documents, base, _clock):
        assert (await ask(f"{base}/readyz"))[0] == 200
        assert (await ask(f"{base}/x/readyz"))[0] == 404


async def test_after_ten_minutes_it_is_gone() -> None:
    async with serving() as (documents, base, clock):
        path = urlsplit(documents.publish(TWIML)).path
        clock.at += LIFETIME - 1
        later = urlsplit(documents.publish(TWIML)).path
        assert (await ask(base + path))[0] == 200
        clock.at += 1
        assert (await ask(base + path))[0] == 404
        assert (await ask(base + later))[0] == 200
    assert LIFETIME == 600_000


@pytest.mark.parametrize(("most", "room"), [(3, ROOM), (MOST, 3 * len(TWIML.encode()))])
async def test_the_oldest_make_room(most: int, room: int) -> None:
    async with serving(most=most, room=room) as (documents, base, _clock):
        paths = [urlsplit(documents.publish(TWIML)).path for _ in range(5)]
        found = [(await ask(base + path))[0] for path in paths]
    assert found == [404, 404, 200, 200, 200]


async def test_who_ends_can_wait_until_everything_was_fetched() -> None:
    async with serving() as (documents, base, _clock):
        assert await documents.fetched(0)
        paths = [urlsplit(documents.publish(TWIML)).path for _ in range(2)]
        assert not await documents.fetched(10)
        waiting = asyncio.ensure_future(documents.fetched(60_000))
        await ask(base + paths[0])
        await ask(base + paths[0])
        assert not waiting.done()
        await ask(base + paths[1], "POST")
        assert await waiting


async def test_without_documents_nothing_is_served_there() -> None:
    async with serve(Site(Health({}), StepClock()), "127.0.0.1:0") as base:
        assert (await ask(f"{base}/twiml/x"))[0] == 404
