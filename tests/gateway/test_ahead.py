"""The next page is asked for before this one is read: what that hurries and what it can't break."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.ports import CallQuery, NoAnswer
from runner.gateway.rows import decode_page, likely_link

from .raw import CALLS, Request, answer, gateway_at, raw_server, serving

LIST = f"{CALLS}.json"
OLDER = f"{LIST}?PageSize=1000&Page=1&PageToken=PA1"


def sid(number: int) -> str:
    return f"CA{number:032x}"


def page(*calls: Mapping[str, object], after: str | None = None, **more: object) -> bytes:
    return answer(200, {"calls": list(calls), "next_page_uri": after, **more})


def is_first(request: Request) -> bool:
    return "PageToken" not in request.query


async def test_the_next_page_is_asked_for_before_this_one_is_judged() -> None:
    """This one is no page at all, so whoever judged it first would not have asked for another."""
    asked: asyncio.Queue[str] = asyncio.Queue()

    def reply(request: Request) -> bytes:
        asked.put_nowait(request.target)
        return page({"status": "ringing"}, after=OLDER)

    async with raw_server(serving(reply)) as server, gateway_at(server.base) as gateway:
        with pytest.raises(NoAnswer, match="without a SID"):
            await gateway.list_calls(CallQuery())
        async with asyncio.timeout(10):
            assert [await asked.get(), await asked.get()] == [f"{LIST}?PageSize=1000", OLDER]


async def test_each_page_is_asked_for_once_and_one_at_a_time() -> None:
    running, most = 0, 0

    async def reply(request: Request, writer: asyncio.StreamWriter) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        number = int(request.query.get("Page", "0"))
        after = f"{LIST}?Page={number + 1}&PageToken=PA{number}" if number < 4 else None
        writer.write(page({"sid": sid(number)}, after=after))
        return True

    async with raw_server(reply) as server, gateway_at(server.base, concurrency=1) as gateway:
        listing = await gateway.list_calls(CallQuery())
    assert [call.sid for call in listing.calls] == [sid(number) for number in range(5)]
    assert listing.requests == len(server.requests) == 5
    assert most == 1
    assert server.connections == 1


@pytest.mark.parametrize("after", [None, f"{LIST}?PageToken=PA2"])
async def test_a_link_that_is_not_the_pages_own_is_dropped(after: str | None) -> None:
    """It is asked for, counted, and neither waited for nor read: what the page says goes."""
    asked = asyncio.Event()

    async def reply(request: Request, writer: asyncio.StreamWriter) -> bool:
        if is_first(request):
            # The whole tail is what looks for a link first, and this one stands before the page's.
            writer.write(page({"sid": sid(1), "annotation": {"next_page_uri": OLDER}}, after=after))
        elif request.target == OLDER:
            asked.set()
            await asyncio.sleep(3600)
        else:
            writer.write(page({"sid": sid(2)}))
        return True

    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        listing = await gateway.list_calls(CallQuery())
        await asked.wait()
    assert [call.sid for call in listing.calls] == [sid(1), sid(2)][: 2 if after else 1]
    assert listing.requests == len(server.requests) == (3 if after else 2)


async def test_a_caller_can_not_write_a_link() -> None:
    name = f'x", "next_page_uri": "{OLDER}'
    reply = serving(lambda _: page({"sid": sid(1), "caller_name": name}))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        (call,) = (await gateway.list_calls(CallQuery())).calls
    assert call.caller_name == name
    assert len(server.requests) == 1


TEXTS = st.one_of(
    st.text(),
    st.sampled_from(
        ["next_page_uri", '"next_page_uri"', f'"next_page_uri": "{OLDER}"', '\\"', "\\"]
    ),
)


@given(
    rows=st.lists(st.dictionaries(TEXTS, TEXTS | st.none(), max_size=3), max_size=3),
    link=st.none() | st.just(OLDER) | TEXTS,
    ascii_only=st.booleans(),
    blanks=st.sampled_from([None, 1, "\t"]),
    turned=st.booleans(),
)
def test_what_is_found_in_haste_is_what_the_page_says(
    rows: list[dict[str, str | None]],
    link: str | None,
    ascii_only: bool,
    blanks: int | str | None,
    turned: bool,
) -> None:
    rows = [{**row, "sid": "CA"} for row in rows if "next_page_uri" not in row]
    parts: list[tuple[str, object]] = [("calls", rows), ("next_page_uri", link), ("page", 0)]
    document = dict(parts[::-1] if turned else parts)
    body = json.dumps(document, ensure_ascii=ascii_only, indent=blanks).encode()
    said = asyncio.run(decode_page(body, host="x")).next_page_uri
    assert said == link
    assert likely_link(body) in ({link} if link == OLDER else {link, None})


async def test_a_limit_asks_for_no_page_more_than_it_takes() -> None:
    def reply(request: Request) -> bytes:
        number = int(request.query.get("Page", "0"))
        rows = ({"sid": sid(2 * number)}, {"sid": sid(2 * number + 1)})
        return page(*rows, after=f"{LIST}?Page={number + 1}")

    async with raw_server(serving(reply)) as server, gateway_at(server.base) as gateway:
        listing = await gateway.list_calls(CallQuery(limit=3))
    assert [call.sid for call in listing.calls] == [sid(0), sid(1), sid(2)]
    assert listing.requests == len(server.requests) == 2


async def test_a_list_given_up_leaves_nothing_behind() -> None:
    """The second page never comes: neither its task nor its connection outlives the time limit."""

    async def reply(request: Request, writer: asyncio.StreamWriter) -> bool:
        if is_first(request):
            writer.write(page({"sid": sid(1)}, after=OLDER))
            return True
        await asyncio.sleep(3600)
        return False

    async with raw_server(reply) as server, gateway_at(server.base, list_timeout=200) as gateway:
        await gateway.list_calls(CallQuery(limit=1))
        before = asyncio.all_tasks()
        with pytest.raises(NoAnswer, match="did not end its list"):
            await gateway.list_calls(CallQuery())
        assert asyncio.all_tasks() <= before
    assert len(server.requests) == 3


async def test_what_becomes_of_a_page_that_nobody_takes_is_no_surprise() -> None:
    """Both fail: the first is told, the second is not found lying about."""
    strays: list[Mapping[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, found: strays.append(found))
    odd = [{"sid": sid(number), "duration": 1} for number in range(2_000)]

    def reply(request: Request) -> bytes:
        if is_first(request):
            return page(*odd, {"status": "ringing"}, after=OLDER)
        return answer(401, {"code": 20003, "message": "Authenticate", "status": 401})

    async with raw_server(serving(reply)) as server, gateway_at(server.base) as gateway:
        with pytest.raises(NoAnswer, match="without a SID"):
            await gateway.list_calls(CallQuery())
    gc.collect()
    assert strays == []


@pytest.mark.parametrize("pages", [2, 20])
async def test_a_long_list_keeps_others_waiting_no_longer_than_a_short_one(pages: int) -> None:
    """Counted in calls of functions between two turns of another task."""
    ready = [
        page(
            *({"sid": sid(100 * number + row)} for row in range(100)),
            after=f"{LIST}?Page={number + 1}&PageToken=x" if number < pages - 1 else None,
        )
        for number in range(pages)
    ]
    called, longest, turns = 0, 0, 0

    def count(*_: object) -> None:
        nonlocal called
        called += 1

    async def tick() -> None:
        nonlocal called, longest, turns
        while True:
            longest, called, turns = max(longest, called), 0, turns + 1
            await asyncio.sleep(0)

    reply = serving(lambda request: ready[int(request.query.get("Page", "0"))])
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        await gateway.list_calls(CallQuery(limit=1))
        ticking = asyncio.create_task(tick())
        sys.setprofile(count)
        try:
            listing = await gateway.list_calls(CallQuery())
        finally:
            sys.setprofile(None)
        longest = max(longest, called)
        ticking.cancel()
    assert len(listing.calls) == 100 * pages
    assert turns > 5 * pages
    # A page of 100: what its rows share, and each row in its place.
    assert longest < 4_000
