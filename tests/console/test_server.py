"""Promises of the server under strain: what one visitor does keeps no other out, nor the runner."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from runner.console.web.connections import Bounds
from runner.console.web.health import Health
from runner.console.web.server import CannotListen, Site, serve
from tests.console.visiting import BOTH, READ, StepClock, Visit, answer_of, bearer, visiting

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(visit: Visit, number: int) -> AsyncIterator[list[Pair]]:
    """So many connections on which nothing was said."""
    parts = urlsplit(visit.url)
    pairs = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(number)]
    try:
        yield pairs
    finally:
        for _, writer in pairs:
            writer.close()


async def was_closed(pair: Pair) -> bool:
    """Waits for the server to close it."""
    try:
        return await asyncio.wait_for(pair[0].read(), 20) == b""
    except ConnectionError:
        return True


async def test_a_thousand_idle_connections_keep_nobody_out() -> None:
    bounds = Bounds(connections=20)
    async with visiting(BOTH, bounds=bounds) as visit, connected(visit, 200) as idle:
        assert (await visit.get("/healthz")).status == 200
        assert (await visit.get("/api/status", bearer(READ))).status == 200
        for pair in idle[:100]:
            assert await was_closed(pair), "the oldest made room"
    assert Bounds().connections == 256


async def test_requests_under_way_are_kept_and_more_wait_outside() -> None:
    started, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        started.release()
        await go_on.wait()
        return web.Response(text="done")

    routes = [web.get("/slow", slow)]
    async with visiting(BOTH, bounds=Bounds(connections=3), read_routes=routes) as visit:
        busy = [asyncio.ensure_future(visit.get("/slow", bearer(READ))) for _ in range(3)]
        for _ in busy:
            await started.acquire()
        async with connected(visit, 1) as more:
            assert await was_closed(more[0])
        go_on.set()
        assert [(await each).body for each in busy] == [b"done"] * 3
        assert (await visit.get("/healthz")).status == 200


async def test_who_sends_a_request_drop_by_drop_is_let_go() -> None:
    async with visiting(bounds=Bounds(idle=60)) as visit, connected(visit, 2) as (silent, slow):
        slow[1].write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")

        async def drip() -> None:
            while True:
                slow[1].write(b"X-More: x\r\n")
                await asyncio.sleep(0.01)

        dripping = asyncio.ensure_future(drip())
        assert await was_closed(silent)
        assert await was_closed(slow)
        dripping.cancel()
    assert Bounds().idle == 75_000


async def test_headers_without_end_are_not_heard_to_the_end() -> None:
    async with visiting(bounds=Bounds(ahead=50_000)) as visit, connected(visit, 1) as (pair,):
        pair[1].write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        for _ in range(20):
            pair[1].write(b"X-More: " + b"x" * 4_000 + b"\r\n")
            await asyncio.sleep(0)
        await was_closed(pair)
        assert (await visit.get("/healthz")).status == 200


async def test_who_doesn_t_take_an_answer_is_let_go() -> None:
    async def much(_request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 30_000_000)

    routes = [web.get("/much", much)]
    async with (
        visiting(bounds=Bounds(idle=200), read_routes=routes) as visit,
        connected(visit, 1) as ((reader, writer),),
    ):
        writer.write(b"GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.5)
        read = 0
        try:
            while chunk := await reader.read(1 << 20):
                read += len(chunk)
        except ConnectionError:
            pass
        assert read < 30_000_000


async def test_one_connection_serves_many_requests() -> None:
    async with visiting(bounds=Bounds(idle=10_000)) as visit, connected(visit, 1) as ((r, w),):
        for _ in range(50):
            w.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answer_of(await r.readuntil(b"\r\n\r\n")).status == 200
            assert await r.readexactly(14) == b'{"alive":true}'


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz?" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 5_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: a\r\n" * 100 + b"\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello",
        b"\x00" * 100 + b"\r\n\r\n",
        b"HELO console.example\r\n\r\n",
    ],
)
async def test_what_is_no_request_is_refused_in_silence(
    sent: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    async with visiting() as visit, connected(visit, 1) as ((reader, writer),):
        writer.write(sent)
        answer = answer_of(await reader.readuntil(b"\r\n\r\n"))
        assert answer.status in (400, 431)
        assert (await visit.get("/healthz")).status == 200
        assert visit.events == []
    assert capfd.readouterr() == ("", ""), "strangers write no logs"


async def test_a_slow_request_keeps_no_runner_from_stopping() -> None:
    started, cut = asyncio.Event(), asyncio.Event()

    async def hang(_request: web.Request) -> web.Response:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()
        raise AssertionError("nobody ends it")

    begun = (b"/hang HTTP/1.1\r\nHost: localhost\r\n\r\n", b"/x", b"")
    async with (
        visiting(read_routes=[web.get("/hang", hang)]) as visit,
        connected(visit, 3) as pairs,
    ):
        for (_, writer), said in zip(pairs, begun, strict=True):
            writer.write(b"GET " + said)
        await started.wait()
        await asyncio.wait_for(visit.close(), 10)
        assert cut.is_set()
        for pair in pairs:
            assert await was_closed(pair)


async def test_the_address_is_free_again_and_a_taken_one_is_said() -> None:
    async with visiting() as visit:
        listen = visit.url.removeprefix("http://")
        with pytest.raises(CannotListen) as caught:
            async with serve(Site(Health({}), StepClock()), listen):
                pass
        assert f"can't listen on {listen}" in str(caught.value)
        assert "name another with --listen" in caught.value.hint
    async with visiting(listen=listen) as again:
        assert (await again.get("/healthz")).status == 200


async def test_a_name_that_is_none_can_t_be_listened_on() -> None:
    with pytest.raises(CannotListen):
        async with serve(Site(Health({}), StepClock()), "256.0.0.1:0"):
            pass
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    async with serve(Site(Health({}), StepClock()), f"127.0.0.1:{free}") as url:
        assert url == f"http://127.0.0.1:{free}"
