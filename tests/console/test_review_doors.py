"""Promises of the console's doors under attack: the honest operator is not kept out."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlsplit

import pytest

from runner.console.answers import answer_in_turns
from runner.console.doors.limits import ALL, ONE
from runner.console.doors.sessions import MOST
from runner.console.web.connections import Bounds
from tests.beside import Beside
from tests.console.visiting import (
    BOTH,
    JSON,
    OPERATE,
    READ,
    bearer,
    request,
    visiting,
)

WRONG = "not-the-token-at-all"
KILL = {"reason": "cuts off agents"}


async def test_a_stranger_s_guesses_keep_no_operator_from_logging_in() -> None:
    """Behind a proxy both have one address; and many addresses use up what all have together."""
    async with visiting(BOTH) as visit:
        for _ in range(ONE.burst + 1):
            guess = await visit.post("/api/login", {"token": WRONG})
        assert guess.status == 429
        for number in range(ALL.burst):
            body = {"token": WRONG}
            await visit.ask("POST", "/api/login", JSON, body, source=f"127.0.1.{number + 1}")
        assert (await visit.post("/api/login", {"token": WRONG})).status == 429
        cookie = await visit.log_in(OPERATE)
        assert (await visit.post("/api/kill", KILL, cookie)).status == 200


@pytest.mark.parametrize("planted", ["{name}=planted; {mine}", "{mine}; {name}=planted"])
async def test_a_cookie_that_a_neighbour_planted_hides_none(planted: str) -> None:
    """A page of another port or of a subdomain may set a cookie of the same name for all of us."""
    async with visiting(BOTH) as visit:
        mine = (await visit.log_in())["Cookie"]
        cookies = planted.format(name=mine.partition("=")[0], mine=mine)
        assert (await visit.get("/api/status", {"Cookie": cookies})).status == 200
        assert (await visit.post("/api/logout", {}, {"Cookie": cookies})).status == 200
        assert (await visit.get("/api/status", {"Cookie": mine})).status == 401


async def test_who_may_only_read_ends_no_session_of_an_operator() -> None:
    async with visiting(BOTH) as visit:
        operator = await visit.log_in(OPERATE)
        readers = [await visit.log_in(READ) for _ in range(MOST + 1)]
        assert (await visit.post("/api/kill", KILL, operator)).status == 200
        assert (await visit.get("/api/status", readers[0])).status == 401
        assert (await visit.get("/api/status", readers[1])).status == 200


@pytest.mark.parametrize("path", ["/api/login", "/healthz"])
async def test_strangers_who_send_no_body_hold_no_connection(path: str) -> None:
    async with visiting(BOTH, bounds=Bounds(connections=4)) as visit:
        parts = urlsplit(visit.url)
        headers = {**JSON, "Content-Length": "9", "Connection": "keep-alive"}
        sent = request(visit.url, "POST", path, headers)
        strangers = [await asyncio.open_connection(parts.hostname, parts.port) for _ in range(4)]
        for _, writer in strangers:
            writer.write(sent)
        await asyncio.sleep(0.05)
        assert (await visit.post("/api/kill", KILL, bearer(OPERATE))).status == 200
        for _, writer in strangers:
            writer.close()


async def test_a_long_answer_is_written_with_pauses() -> None:
    """Why a call is left alone by a thousand rules has two megabytes."""
    document = {"é": [1], "none": [], "rules": [{"n": n} for n in range(501)], "in": {"a": None}}
    async with Beside() as beside:
        answer = await answer_in_turns(document)
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body) == document
    assert beside.turns >= 10
