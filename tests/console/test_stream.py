"""Promises of the stream: the newest status, in time, to those who may have it, for nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from runner.console.web.health import Health
from runner.console.web.stream import MOST, Streams, Tempo
from runner.engine.ports import Event
from tests.console.visiting import BOTH, OPERATE, READ, Visit, bearer, request, visiting

HOUR = 3_600_000
QUICK = Tempo(least=20, beat=60_000, patience=60_000)


class Reader:
    """One open stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.status = 0
        self.headers = ""

    async def begin(self) -> None:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        self.status, self.headers = int(head.split()[1]), head.lower()

    async def frame(self) -> str:
        """The next frame, out of its chunk."""
        size = int(await self.reader.readline(), 16)
        return (await self.reader.readexactly(size + 2)).decode()[:-2]

    async def news(self) -> dict[str, Any]:
        """The next status."""
        while not (frame := await self.frame()).startswith("event: status\ndata: "):
            assert frame in ("retry: 2000\n\n",), frame
        found: dict[str, Any] = json.loads(frame.removeprefix("event: status\ndata: "))
        return found

    async def rest(self) -> bytes:
        """Everything until the end of the stream."""
        return await asyncio.wait_for(self.reader.read(), 20)


@asynccontextmanager
async def reading(visit: Visit, headers: Mapping[str, str] | None = None) -> AsyncIterator[Reader]:
    parts = urlsplit(visit.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        sent = request(
            visit.url, "GET", "/api/stream", bearer(READ) if headers is None else headers
        )
        writer.write(sent.replace(b"Connection: close\r\n", b""))
        found = Reader(reader, writer)
        await found.begin()
        yield found
    finally:
        writer.close()


class Counting(Health):
    """Counts how often it is asked, which is once for each status that is made."""

    reports = 0

    def report(self, now: int) -> tuple[bool, dict[str, object]]:
        self.reports += 1
        return super().report(now)


def streaming(
    tempo: Tempo = QUICK, *, most: int = MOST, health: Health | None = None
) -> AbstractAsyncContextManager[Visit]:
    """A server with tokens, whose streams have this tempo."""
    return visiting(BOTH, streams=Streams(most=most, tempo=tempo), health=health)


def move(visit: Visit, holder: str = "x") -> None:
    """Something happens that everybody gets to see."""
    visit.board.hear(Event("leading", visit.clock.now(), fields={"holder": holder}))


async def test_the_status_comes_at_once_and_again_with_every_change() -> None:
    async with (
        streaming() as visit,
        reading(visit) as reader,
    ):
        assert reader.status == 200
        for header in (
            "content-type: text/event-stream",
            "cache-control: no-store",
            "x-accel-buffering: no",
            "content-security-policy: default-src 'none'",
        ):
            assert header in reader.headers
        first = await reader.news()
        assert (first["role"], first["access"]["role"]) == ("starting", "reader")
        move(visit, "one")
        assert (await reader.news())["holder"] == "one"
        move(visit, "two")
        assert (await reader.news())["holder"] == "two"


async def test_many_changes_are_one_status() -> None:
    async with (
        streaming() as visit,
        reading(visit) as reader,
    ):
        await reader.news()
        for number in range(500):
            move(visit, str(number))
        assert (await reader.news())["holder"] == "499"
        move(visit, "last")
        assert (await reader.news())["holder"] == "last"


async def test_after_one_status_the_next_waits_its_second() -> None:
    slow = Tempo(least=3_600_000, beat=3_600_000)
    async with (
        streaming(slow) as visit,
        reading(visit) as reader,
    ):
        await reader.news()
        for _ in range(5):
            move(visit)
            await asyncio.sleep(0.01)
        assert (await visit.get("/api/status", bearer(READ))).document["holder"] == "x"
        waiting = asyncio.ensure_future(reader.frame())
        await asyncio.sleep(0.02)
        assert not waiting.done()
        waiting.cancel()


async def test_while_nothing_changes_a_comment_shows_that_it_lives() -> None:
    lively = Tempo(least=1, beat=5)
    async with (
        streaming(lively) as visit,
        reading(visit) as reader,
    ):
        await reader.news()
        visit.clock.at += 1_000
        beat = await reader.frame()
        comment, _, status = beat.partition("\n\n")
        assert comment == ": still here"
        assert status.startswith("event: status")  # with ages that have grown


async def test_it_ends_with_its_session() -> None:
    async with streaming() as visit:
        cookie, other = await visit.log_in(READ), await visit.log_in(READ)
        async with reading(visit, cookie) as reader, reading(visit, other) as stays:
            await reader.news()
            await stays.news()
            await visit.post("/api/logout", {}, cookie)
            assert (await reader.rest()).endswith(b"0\r\n\r\n")
            move(visit, "on")
            assert (await stays.news())["holder"] == "on"
            visit.clock.at += 12 * HOUR
            move(visit)
            assert (await stays.rest()).endswith(b"0\r\n\r\n")


async def test_a_stranger_gets_no_stream() -> None:
    async with visiting(BOTH) as visit:
        for headers in ({}, bearer("not-the-token-at-all"), {"Cookie": "callflow=x"}):
            assert (await visit.get("/api/stream", headers)).status == 401


async def test_only_so_many_are_open_and_a_reader_that_left_makes_room() -> None:
    async with streaming(most=2) as visit:
        async with reading(visit) as first, reading(visit):
            await first.news()
            refused = await visit.get("/api/stream", bearer(READ))
            assert (refused.status, refused.headers["retry-after"]) == (503, "10")
            assert "as many streams" in refused.message
        for _ in range(200):  # the system tells the server that they left
            async with reading(visit) as again:
                if again.status == 200:
                    break
            await asyncio.sleep(0.01)
        assert again.status == 200
    assert MOST == 32


async def test_readers_leave_room_for_who_may_stop_everything() -> None:
    """The page shows the kill switch once its stream says who looks."""
    async with streaming(most=2) as visit, reading(visit) as first, reading(visit) as second:
        await first.news()
        async with reading(visit, bearer(OPERATE)) as operator:
            assert operator.status == 200
            assert (await operator.news())["access"]["role"] == "operator"
            assert await first.reader.read() is not None  # the oldest has made room
            await second.news()
            async with reading(visit, bearer(OPERATE)) as another:
                assert another.status == 200
                refused = await visit.get("/api/stream", bearer(OPERATE))
                assert refused.status == 503


async def test_closing_the_server_ends_every_stream_cleanly() -> None:
    async with (
        streaming(Tempo(least=HOUR, beat=HOUR)) as visit,
        reading(visit) as one,
        reading(visit, bearer(OPERATE)) as two,
    ):
        await one.news()
        closing = asyncio.ensure_future(visit.close())
        for reader in (one, two):
            assert (await reader.rest()).endswith(b"0\r\n\r\n")
        await closing


async def test_one_change_is_rendered_once_for_all_who_see_the_same() -> None:
    health = Counting({})
    async with (
        streaming(QUICK, health=health) as visit,
        reading(visit) as one,
        reading(visit) as two,
        reading(visit, bearer(OPERATE)) as three,
    ):
        for reader in (one, two, three):
            await reader.news()
        assert health.reports == 2
        move(visit, "new")
        for reader in (one, two, three):
            assert (await reader.news())["holder"] == "new"
        assert health.reports == 4


async def test_a_reader_that_takes_nothing_gets_the_newest_and_no_backlog() -> None:
    health, text = Counting({}), "x" * 50_000
    tempo = Tempo(least=0, beat=HOUR, patience=HOUR)
    async with streaming(tempo, health=health) as visit, reading(visit) as reader:
        await reader.news()
        for number in range(500):  # 25 MB, if each were sent
            move(visit, f"{number} {text}")
            for _ in range(6):
                await asyncio.sleep(0)
        made = health.reports
        move(visit, "the last")
        seen = 2
        while (await reader.news())["holder"] != "the last":
            seen += 1
        assert seen <= made + 1 < 300


async def test_a_reader_that_takes_nothing_for_too_long_is_let_go() -> None:
    tempo = Tempo(least=0, beat=HOUR, patience=50)
    async with streaming(tempo) as visit, reading(visit) as reader:
        await reader.news()
        text = "x" * 200_000
        for number in range(100):
            move(visit, f"{number} {text}")
            await asyncio.sleep(0.002)
        assert await _drained(reader) is False, "it was cut off, not ended"


async def _drained(reader: Reader) -> bool:
    try:
        return (await reader.reader.read()).endswith(b"0\r\n\r\n")
    except ConnectionError:
        return False


def test_the_tempo_is_what_is_promised() -> None:
    assert Tempo() == Tempo(least=1_000, beat=15_000, patience=30_000)
