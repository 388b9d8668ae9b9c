"""Listing: filters, envelopes, and pages that neither skip nor double a call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.sandbox import CallPlan, Sandbox
from runner.sandbox.dates import parse_filter_date
from runner.sandbox.listing import find_page, parse_query
from runner.sandbox.world import World
from tests.sandbox.conftest import Http

DAY = 86_400_000


async def test_lists_newest_first_in_an_envelope_of_strings(sandbox: Sandbox, http: Http) -> None:
    old = sandbox.add_call(age=5_000)
    new = sandbox.add_call(age=1_000)
    page = (await http.page()).json
    assert [call["sid"] for call in page["calls"]] == [new.sid, old.sid]
    assert (page["page"], page["page_size"], page["start"], page["end"]) == (0, 50, 0, 1)
    assert page["uri"] == page["first_page_uri"] == f"{http.calls}.json?PageSize=50&Page=0"
    assert page["next_page_uri"] is None
    assert page["previous_page_uri"] is None


async def test_an_empty_page_starts_and_ends_at_zero(http: Http) -> None:
    page = (await http.page(Status="ringing")).json
    assert (page["calls"], page["start"], page["end"]) == ([], 0, 0)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"To": "+14155550101"}, ["b"]),
        ({"From": "+14155550102"}, ["c"]),
        ({"Status": "ringing"}, ["b"]),
        ({"Status": "in-progress", "To": "+14155550100"}, ["c", "a"]),
        ({"ParentCallSid": "PARENT"}, ["c"]),
        ({"StartTime": "2023-11-14"}, ["c", "b"]),
        ({"StartTime_lt": "2023-11-14"}, ["a"]),
        ({"StartTime_gt": "2023-11-14"}, ["c", "b"]),
        ({"StartTime_gt": "2023-11-14T22:13:20Z"}, ["c", "b"]),
        ({"StartTime_lt": "2023-11-14T22:13:20Z"}, ["a"]),
        ({"StartTime": "2023-11-12T22:13:20Z"}, ["a"]),
        ({"EndTime_gt": "2023-01-01"}, []),
    ],
)
async def test_filters(
    sandbox: Sandbox, http: Http, query: dict[str, str], found: list[str]
) -> None:
    parent = sandbox.add_call(id="a", age=2 * DAY)
    sandbox.add_call(id="b", to="+14155550101", status="ringing")
    sandbox.add_call(id="c", from_="+14155550102", parent="a")
    named = {name: value.replace("PARENT", parent.sid) for name, value in query.items()}
    calls = (await http.page(**named)).json["calls"]
    assert [call["sid"] for call in calls] == [sandbox.world.sid_of(name) for name in found]


async def test_filters_by_end_time(sandbox: Sandbox, http: Http) -> None:
    row = sandbox.add_call()
    sandbox.add_call()
    await http.update(row.sid, Status="completed")
    ended = (await http.page(EndTime="2023-11-14")).json["calls"]
    assert [call["sid"] for call in ended] == [row.sid]


async def test_pages_keep_their_filters_and_come_back(sandbox: Sandbox, http: Http) -> None:
    for _ in range(5):
        sandbox.add_call(to="+14155550101")
    query = {"To": "+14155550101", "StartTime_gt": "2023-11-14", "PageSize": 2}
    first = (await http.page(**query)).json
    token = first["calls"][-1]["sid"]
    assert first["next_page_uri"] == (
        f"{http.calls}.json?To=%2B14155550101&StartTime%3E=2023-11-14"
        f"&PageSize=2&Page=1&PageToken=PA{token}"
    )
    second = (await http.ask("GET", first["next_page_uri"])).json
    assert (second["page"], second["start"], second["end"]) == (1, 2, 3)
    back = (await http.ask("GET", second["previous_page_uri"])).json
    assert back["calls"] == first["calls"]
    assert back["previous_page_uri"] is None


async def test_pages_neither_skip_nor_double_while_calls_come_and_end(
    sandbox: Sandbox, http: Http
) -> None:
    rows = [sandbox.add_call(id=f"c{n}", age=1_000 * (20 - n)) for n in range(20)]
    page = (await http.page(Status="in-progress", PageSize=5)).json
    seen = [call["sid"] for call in page["calls"]]
    step = 0
    while page["next_page_uri"] is not None:
        # The call that the token names ends, and so does one not seen yet; a new one appears.
        await http.update(seen[-1], Status="completed")
        if step == 0:
            await http.update(rows[0].sid, Status="completed")
            await http.ask("DELETE", f"{http.calls}/{seen[-1]}.json")
        sandbox.add_call()
        page = (await http.ask("GET", page["next_page_uri"])).json
        seen += [call["sid"] for call in page["calls"]]
        step += 1
    assert seen == [row.sid for row in reversed(rows) if row.sid != rows[0].sid]


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ({"PageSize": 1001}, 20007, "1000"),
        ({"PageSize": 0}, 20007, "1000"),
        ({"PageSize": "x"}, 20001, "PageSize"),
        ({"Page": 1}, 20001, "Paged requests must include a PageToken"),
        ({"Page": 1, "PageToken": "PA" + "CA" + "0" * 32}, 20001, "PageToken"),
        ({"Status": "initiated"}, 20001, "Status"),
        ({"StartTime": "yesterday"}, 20001, "StartTime"),
    ],
)
async def test_refuses(http: Http, query: dict[str, object], code: int, words: str) -> None:
    reply = await http.page(**query)
    assert (reply.status, reply.json["code"], reply.json["status"]) == (400, code, 400)
    assert words in reply.json["message"]


def test_a_filter_date_names_a_day_or_a_second() -> None:
    assert parse_filter_date("1970-01-02") == (DAY, 2 * DAY)
    assert parse_filter_date("1970-01-01T00:00:02Z") == (2_000, 3_000)
    assert parse_filter_date("1970-01-01T01:00:02+01:00") == (2_000, 3_000)


async def test_every_status_is_found_and_only_there(sandbox: Sandbox, http: Http) -> None:
    for status in ("queued", "ringing", "in-progress", "completed"):
        sandbox.world.add(CallPlan(status=status))
    for status in ("queued", "ringing", "in-progress", "completed"):
        calls = await http.walk(Status=status)
        assert [call["status"] for call in calls] == [status]
    assert len(await http.walk()) == 4


@given(st.data(), st.integers(1, 25), st.integers(1, 6))
def test_what_lives_throughout_is_listed_once_whatever_ends(
    data: st.DataObject, calls: int, size: int
) -> None:
    world = World(0)
    sids = [world.add(CallPlan()).sid for _ in range(calls)]
    query = {"Status": "in-progress", "PageSize": str(size)}
    seen: list[str] = []
    more = True
    while more:
        page = find_page(world.shelf, world.shelf.rows("in-progress"), parse_query(query))
        seen += [row.sid for row in page.rows]
        more = page.older
        query |= {"PageToken": f"PA{seen[-1]}", "Page": "1"}
        for sid in data.draw(st.lists(st.sampled_from(sids), unique=True)):
            if world.has(sid):
                world.end(world.leg(sid), "completed")
        for sid in data.draw(st.lists(st.sampled_from(sids), max_size=2)):
            if world.has(sid) and not world.call(sid).live:
                world.forget(sid)
    assert len(set(seen)) == len(seen)
    assert {sid for sid in sids if world.has(sid) and world.call(sid).live} <= set(seen)
