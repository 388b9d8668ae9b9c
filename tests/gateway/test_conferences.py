"""Promises about announcements: the call's own place is found, cheaply, and never an old one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from runner.engine.ports import NoAnswer, NoSuchCall, NothingThere, NotProcessed, Refused
from runner.gateway.twilio import TwilioGateway, open_gateway
from runner.settings import TwilioSettings
from tests.gateway.raw import (
    ACCOUNT,
    CREDENTIALS,
    RawServer,
    Request,
    answer,
    gateway_at,
    raw_server,
    serving,
)

BASE = f"/2010-04-01/Accounts/{ACCOUNT}/Conferences"
ANNOUNCE = {"AnnounceUrl": "https://example.com/hello"}
GONE = answer(404, {"code": 20404, "message": "not found", "status": 404})


def conference(number: int) -> str:
    return f"CF{number:032x}"


def call(number: int) -> str:
    return f"CA{number:032x}"


@dataclass
class Rooms:
    """Conferences by SID: who is in them. Answers as Twilio does, two rows a page."""

    seats: dict[str, list[str]]
    names: dict[str, str | None] = field(default_factory=dict)
    #: Those that have not begun: somebody waits there alone.
    waiting: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    statuses: dict[str, str] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def answer(self, request: Request) -> bytes:
        _, _, rest = request.path.removesuffix(".json").partition("/Conferences")
        parts = [part for part in rest.split("/") if part]
        if request.method == "POST":
            self.asked["announce"] += 1
            return answer(200, {}) if parts[2] in self.seats.get(parts[0], ()) else GONE
        if not parts:
            status = request.query["Status"]
            self.asked["conferences"] += status == "in-progress"
            rows = [
                {"sid": sid, "friendly_name": self.names.get(sid, "room")}
                for sid in self.seats
                if status == ("init" if sid in self.waiting else "in-progress")
            ]
            return self._page(request, "conferences", rows)
        self.asked["participants"] += 1
        if parts[0] in self.ended:
            return GONE
        seats = self.seats.get(parts[0], [])
        people = [{"call_sid": s, "status": self.statuses.get(s, "connected")} for s in seats]
        return self._page(request, "participants", people)

    @staticmethod
    def _page(request: Request, key: str, rows: list[dict[str, str | None]]) -> bytes:
        start = int(request.query.get("PageToken", "0"))
        status = request.query.get("Status", "")
        more = f"{request.path}?Status={status}&PageToken={start + 2}"
        link = more if start + 2 < len(rows) else None
        return answer(200, {key: rows[start : start + 2], "next_page_uri": link})


@dataclass
class Hall:
    """A gateway to those rooms, and the clock that it goes by."""

    rooms: Rooms
    server: RawServer
    gateway: TwilioGateway
    now: int = 0

    @property
    def posts(self) -> list[str]:
        return [r.path for r in self.server.requests if r.method == "POST"]


@asynccontextmanager
async def hall(rooms: Rooms) -> AsyncIterator[Hall]:
    async with raw_server(serving(rooms.answer)) as server:
        settings = TwilioSettings(api_base=server.base)
        gateway = open_gateway(CREDENTIALS, settings, ticks=lambda: opened.now)
        opened = Hall(rooms, server, gateway)
        try:
            yield opened
        finally:
            await gateway.close()


async def test_the_call_is_found_among_all_conferences_and_told_in_its_own() -> None:
    rooms = Rooms({conference(n): [call(10 * n + m) for m in range(5)] for n in range(1, 6)})
    async with hall(rooms) as opened:
        await opened.gateway.announce(call(43), ANNOUNCE)
        assert opened.posts == [f"{BASE}/{conference(4)}/Participants/{call(43)}.json"]
    (request,) = [r for r in opened.server.requests if r.method == "POST"]
    assert request.form == ANNOUNCE
    assert rooms.asked == {"conferences": 3, "participants": 15, "announce": 1}


async def test_who_waits_alone_for_an_agent_is_found() -> None:
    rooms = Rooms({conference(1): [call(1)], conference(2): [call(2)]}, waiting={conference(1)})
    async with hall(rooms) as opened:
        await opened.gateway.announce(call(1), ANNOUNCE)
        assert opened.posts == [f"{BASE}/{conference(1)}/Participants/{call(1)}.json"]


async def test_a_hundred_announcements_make_two_searches_at_most() -> None:
    rooms = Rooms({conference(1): [call(n) for n in range(100)]})
    async with hall(rooms) as opened:
        calls = [opened.gateway.announce(call(n), ANNOUNCE) for n in range(100)]
        await asyncio.gather(*calls)
        assert rooms.asked == {"conferences": 1, "participants": 50, "announce": 100}
        strangers = [opened.gateway.announce(call(900 + n), ANNOUNCE) for n in range(100)]
        outcomes = await asyncio.gather(*strangers, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {NothingThere}
    assert rooms.asked["conferences"] <= 3, "one that is under way, and one that began after"
    assert rooms.asked["announce"] == 100


async def test_a_search_leaves_turns_to_other_requests() -> None:
    rooms = Rooms({conference(n): [call(n)] for n in range(1, 41)})
    under_way: list[int] = [0]
    most: list[int] = []

    async def reply(request: Request, writer: asyncio.StreamWriter) -> bool:
        under_way[0] += 1
        most.append(under_way[0])
        for _ in range(20):  # so that the others can arrive
            await asyncio.sleep(0)
        writer.write(rooms.answer(request))
        under_way[0] -= 1
        return True

    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        await gateway.announce(call(40), ANNOUNCE)
    assert max(most) == 10


async def test_where_a_call_is_found_is_believed_for_a_second() -> None:
    rooms = Rooms({conference(1): [call(1)]})
    async with hall(rooms) as opened:
        for at, searches in ((0, 1), (900, 1), (1_000, 1), (1_001, 2), (5_000, 3)):
            opened.now = at
            await opened.gateway.announce(call(1), ANNOUNCE)
            assert rooms.asked["conferences"] == searches, at


async def test_a_call_that_joined_since_is_found() -> None:
    rooms = Rooms({conference(1): [call(1)]})
    async with hall(rooms) as opened:
        await opened.gateway.announce(call(1), ANNOUNCE)
        rooms.seats[conference(1)].append(call(2))
        await opened.gateway.announce(call(2), ANNOUNCE)
    assert rooms.asked["announce"] == 2


async def test_a_call_that_moved_since_is_told_where_it_is_now() -> None:
    rooms = Rooms({conference(1): [call(1), call(2)], conference(2): []})
    async with hall(rooms) as opened:
        await opened.gateway.announce(call(1), ANNOUNCE)
        rooms.seats = {conference(1): [], conference(2): [call(1), call(2)]}
        await asyncio.gather(*(opened.gateway.announce(call(n), ANNOUNCE) for n in (1, 2)))
        assert opened.posts[-1].startswith(f"{BASE}/{conference(2)}/")
    assert rooms.asked["announce"] == 5, "one, two that missed, two that did not"


async def test_a_call_that_left_since_is_in_none() -> None:
    rooms = Rooms({conference(1): [call(1)]})
    async with hall(rooms) as opened:
        await opened.gateway.announce(call(1), ANNOUNCE)
        rooms.seats[conference(1)] = []
        with pytest.raises(NothingThere, match="in no conference") as raised:
            await opened.gateway.announce(call(1), ANNOUNCE)
    assert "`say` speaks to others" in raised.value.hint


async def test_a_call_that_is_listed_and_yet_not_there_is_asked_for_twice_and_no_more() -> None:
    rooms = Rooms({conference(1): [call(1)]})

    def reply(request: Request) -> bytes:
        return GONE if request.method == "POST" else rooms.answer(request)

    async with raw_server(serving(reply)) as server, gateway_at(server.base) as gateway:
        with pytest.raises(NoSuchCall):
            await gateway.announce(call(1), ANNOUNCE)
    assert [r.method for r in server.requests].count("POST") == 2


async def test_who_has_left_and_conferences_that_ended_are_passed_over() -> None:
    rooms = Rooms({conference(1): [call(1)], conference(2): [call(1)], conference(3): [call(2)]})
    rooms.ended = {conference(3)}
    rooms.statuses = {call(1): "complete"}
    async with hall(rooms) as opened:
        for number in (1, 2):
            with pytest.raises(NothingThere):
                await opened.gateway.announce(call(number), ANNOUNCE)
        assert opened.posts == []


async def test_the_name_of_the_conference_is_told() -> None:
    rooms = Rooms({conference(1): [call(1)], conference(2): [call(2)]})
    rooms.names = {conference(1): "standup", conference(2): None}
    async with hall(rooms) as opened:
        names = [await opened.gateway.conference_of(call(n)) for n in (1, 2, 3)]
    assert names == ["standup", conference(2), None]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(500, {"code": 20500, "message": "oops"}), NotProcessed),
        (answer(200, b"<html>"), NotProcessed),
        (answer(200, {"conferences": [7]}), NotProcessed),
        (GONE, Refused),
        (answer(400, {"code": 20001, "message": "unknown parameter"}), Refused),
    ],
)
async def test_a_search_that_fails_has_sent_nothing(reply: bytes, kind: type[Exception]) -> None:
    """An open question is only what was asked to change, and nothing was."""
    async with (
        raw_server(serving(lambda _request: reply)) as server,
        gateway_at(server.base) as gateway,
    ):
        calls = [gateway.announce(call(n), ANNOUNCE) for n in range(3)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(outcome, kind) for outcome in outcomes), outcomes
    assert not any(isinstance(outcome, NoSuchCall) for outcome in outcomes), "calls are not gone"
    assert {request.method for request in server.requests} == {"GET"}


async def test_what_is_posted_is_sent_once_and_an_open_question_stays_one() -> None:
    rooms = Rooms({conference(1): [call(1)]})

    def reply(request: Request) -> bytes:
        return answer(500, {}) if request.method == "POST" else rooms.answer(request)

    async with raw_server(serving(reply)) as server, gateway_at(server.base) as gateway:
        with pytest.raises(NoAnswer):
            await gateway.announce(call(1), ANNOUNCE)
        gateway.change_only_while(lambda: False)
        with pytest.raises(NotProcessed, match="may not act any more"):
            await gateway.announce(call(1), ANNOUNCE)
    assert [r.method for r in server.requests].count("POST") == 1


async def test_who_gives_up_does_not_stop_the_search_for_the_others() -> None:
    rooms = Rooms({conference(1): [call(1), call(2)]})
    async with hall(rooms) as opened:
        impatient = asyncio.ensure_future(opened.gateway.announce(call(1), ANNOUNCE))
        patient = asyncio.ensure_future(opened.gateway.announce(call(2), ANNOUNCE))
        await asyncio.sleep(0)
        impatient.cancel()
        await patient
        assert impatient.cancelled()
        assert opened.posts == [f"{BASE}/{conference(1)}/Participants/{call(2)}.json"]


@pytest.mark.parametrize("sid", ["CA1", "../../Calls", "", call(1) + "/x"])
async def test_only_sids_get_into_a_path(sid: str) -> None:
    rooms = Rooms({conference(1): [sid], "../Calls": [call(1)]})
    async with hall(rooms) as opened:
        with pytest.raises(Refused, match="not a call SID"):
            await opened.gateway.announce(sid, ANNOUNCE)
        with pytest.raises(NothingThere):
            await opened.gateway.announce(call(1), ANNOUNCE)
        assert opened.posts == []


async def test_closing_gives_a_search_up() -> None:
    asked = asyncio.Event()

    async def hang(_request: Request, _writer: asyncio.StreamWriter) -> bool:
        asked.set()
        await asyncio.Event().wait()
        return True

    async with raw_server(hang) as server, gateway_at(server.base) as gateway:
        waiting = asyncio.ensure_future(gateway.announce(call(1), ANNOUNCE))
        await asked.wait()
        await gateway.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
