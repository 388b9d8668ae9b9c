"""Lists that change while they are read, never end, or don't say what time it is."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest

from runner.call import parse_rfc2822
from runner.engine.ports import CallQuery, NoAnswer
from runner.gateway.twilio import open_gateway
from runner.settings import TwilioSettings

from .raw import (
    CALLS,
    CREDENTIALS,
    SID,
    Request,
    always,
    answer,
    gateway_at,
    raw_server,
    serving,
)

LIST = f"{CALLS}.json"


def sid(number: int) -> str:
    return f"CA{number:032x}"


def page(*calls: Mapping[str, object], after: str | None = None, **headers: str) -> bytes:
    return answer(200, {"calls": list(calls), "next_page_uri": after}, **headers)


async def test_a_list_ends_at_its_limit_however_many_pages_come_in_time() -> None:
    """Every page comes at once and leads to another: no limit of one request ends that."""
    number = 0

    def reply(_request: Request) -> bytes:
        nonlocal number
        number += 1
        return page({"sid": sid(number)}, after=f"{LIST}?PageToken=PA{number}")

    async with (
        raw_server(serving(reply)) as server,
        gateway_at(server.base, list_timeout=100) as gateway,
    ):
        with pytest.raises(NoAnswer, match="did not end its list in 100ms") as raised:
            await gateway.list_calls(CallQuery())
    assert raised.value.hint
    assert number < 10_000, "before the limit of pages"


#: What each list shows while one call goes through the statuses: which read in what order finds it.
STATUSES = ("queued", "ringing", "in-progress")


@pytest.mark.parametrize("asked", list(itertools.permutations(STATUSES)))
@pytest.mark.parametrize("moves", list(itertools.combinations_with_replacement(range(4), 2)))
async def test_a_call_that_moves_between_two_lists_is_in_one_of_them(
    asked: tuple[str, ...], moves: tuple[int, int]
) -> None:
    """It moves on before the n-th request is answered, once and once more: every way to do so."""
    answered = 0

    def reply(request: Request) -> bytes:
        nonlocal answered
        status = STATUSES[sum(move <= answered for move in moves)]
        answered += 1
        wanted = request.query["Status"] == status
        return page(*([{"sid": SID, "status": status}] if wanted else []))

    async with raw_server(serving(reply)) as server, gateway_at(server.base) as gateway:
        listing = await gateway.list_calls(CallQuery(asked))
    assert [call.sid for call in listing.calls] == [SID]
    assert listing.requests == 3, "and that costs no request more"


async def test_a_later_status_is_asked_for_when_the_one_before_has_been_read_to_its_end() -> None:
    def reply(request: Request) -> bytes:
        status = request.query["Status"]
        if "PageToken" in request.query:
            return page({"sid": SID, "status": status})
        return page(after=f"{LIST}?Status={status}&PageToken=PAx")

    async with raw_server(serving(reply)) as server, gateway_at(server.base) as gateway:
        await gateway.list_calls(CallQuery(("in-progress", "ringing")))
    assert [(r.query["Status"], "PageToken" in r.query) for r in server.requests] == [
        ("ringing", False),
        ("ringing", True),
        ("in-progress", False),
        ("in-progress", True),
    ]


async def test_without_a_date_the_far_clock_goes_on_from_the_last_one() -> None:
    dates = iter(["Tue, 31 Aug 2010 20:36:28 GMT", None, "soon", "Tue, 31 Aug 2010 20:00:00 GMT"])
    ticks = 5_000

    def reply(_request: Request) -> bytes:
        date = next(dates)
        return page(**({} if date is None else {"Date": date}))

    async with raw_server(serving(reply)) as server:
        gateway = open_gateway(
            CREDENTIALS, TwilioSettings(api_base=server.base), ticks=lambda: ticks
        )
        times = []
        for _ in range(4):
            times.append((await gateway.list_calls(CallQuery())).server_time)
            ticks += 1_500
        await gateway.close()
    told = parse_rfc2822("Tue, 31 Aug 2010 20:36:28 GMT")
    assert told is not None
    assert times == [told, told + 1_500, told + 3_000, told - 36 * 60_000 - 28_000]


async def test_a_far_side_that_never_told_its_time_has_none() -> None:
    async with raw_server(always(page())) as server, gateway_at(server.base) as gateway:
        assert (await gateway.list_calls(CallQuery())).server_time is None


async def test_a_row_that_is_as_it_was_is_the_same_object() -> None:
    rows = [{"sid": sid(n), "status": "in-progress", "to": f"+1{n}"} for n in range(4)]
    listed = rows

    def reply(request: Request) -> bytes:
        parent = request.query.get("ParentCallSid")
        return page(*([rows[3]] if parent else listed))

    async with raw_server(serving(reply)) as server, gateway_at(server.base) as gateway:
        first = (await gateway.list_calls(CallQuery())).calls
        # What is listed on the way, a call's legs or a few, is not what the next poll sees.
        await gateway.list_calls(CallQuery(parent_call_sid=SID))
        await gateway.list_calls(CallQuery(limit=1))
        listed = [rows[3], {**rows[1], "status": "completed"}, {**rows[0], "duration": "7"}]
        second = (await gateway.list_calls(CallQuery())).calls
        listed = rows
        third = (await gateway.list_calls(CallQuery())).calls
    assert [call.sid for call in second] == [sid(3), sid(1), sid(0)], "in the order of the list"
    assert second[0] is first[3]
    assert [(call.status, call.duration) for call in second[1:]] == [
        ("completed", None),
        ("in-progress", "7"),
    ]
    assert third == first
    assert [a is b for a, b in zip(third, first, strict=True)] == [False, False, False, True]
