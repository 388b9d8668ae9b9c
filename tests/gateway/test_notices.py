"""Promises about the debugger's notes on a call: all of them, in their order, in plain words."""

from __future__ import annotations

import pytest

from runner.call import parse_rfc2822
from runner.engine.ports import NoAnswer, NoSuchCall, Notice, Refused
from runner.gateway.notices import Exchange
from tests.gateway.raw import CALLS, SID, Request, answer, gateway_at, raw_server, serving

NOTICES = f"{CALLS}/{SID}/Notifications.json"
FIRST, SECOND = "Tue, 31 Aug 2010 20:36:28 +0000", "Tue, 31 Aug 2010 14:36:29 -0600"
AT = parse_rfc2822(FIRST) or 0


def row(**fields: object) -> dict[str, object]:
    return {
        "sid": "NO1",
        "log": "0",
        "error_code": "12100",
        "message_date": FIRST,
        "message_text": "Msg=Document+parse+failure&ErrorCode=12100&LogLevel=ERROR",
        "request_url": "https://example.com/a",
        **fields,
    }


async def test_all_pages_are_read_and_the_oldest_comes_first() -> None:
    def reply(request: Request) -> bytes:
        if "PageToken" in request.query:
            return answer(200, {"notifications": [row()], "next_page_uri": None})
        late = row(sid="NO2", log="1", error_code="13520", message_date=SECOND)
        return answer(200, {"notifications": [late], "next_page_uri": f"{NOTICES}?PageToken=PANO2"})

    async with raw_server(serving(reply)) as server, gateway_at(server.base) as gateway:
        notices = await gateway.notices(SID)
    text, url = "Document parse failure", "https://example.com/a"
    assert notices == [
        Notice("NO1", AT, "error", 12100, text, url),
        Notice("NO2", AT + 1_000, "warning", 13520, text, url),
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"message_text": "Out of = paper"}, {"text": "Out of = paper"}),
        ({"message_text": "a=b&ErrorCode=1"}, {"text": "a=b&ErrorCode=1"}),
        (
            {"message_text": "Msg=Parse&parserMessage=line+1%0A+is%0Aodd&line=1"},
            {"text": "Parse: line 1 is odd"},
        ),
        ({"message_text": None, "request_url": None}, {"text": "", "url": ""}),
        ({"log": 0}, {"level": "error"}),
        ({"log": None}, {"level": "warning"}),
        ({"error_code": ""}, {"code": None}),
        ({"error_code": "x" * 20}, {"code": None}),
        ({"error_code": 11200}, {"code": 11200}),
        ({"message_date": None, "date_created": SECOND}, {"at": AT + 1_000}),
        ({"message_date": "soon"}, {"at": 0}),
    ],
)
async def test_each_field_is_read_as_twilio_writes_it(
    fields: dict[str, object], expected: dict[str, object]
) -> None:
    reply = serving(lambda _request: answer(200, {"notifications": [row(**fields)]}))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        (notice,) = await gateway.notices(SID)
    assert {name: getattr(notice, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([("c", SECOND), ("b", FIRST), ("a", FIRST)], "abc"),
        ([("a", FIRST), ("b", SECOND), ("c", SECOND)], "abc"),
        ([("c", FIRST), ("b", FIRST), ("a", FIRST)], "abc"),
        ([("c", SECOND), ("b", FIRST), ("a", None)], "abc"),
    ],
)
async def test_within_a_second_the_order_of_the_list_tells(
    listed: list[tuple[str, str | None]], expected: str
) -> None:
    rows = [row(sid=sid, message_date=date) for sid, date in listed]
    reply = serving(lambda _request: answer(200, {"notifications": rows}))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        assert "".join(notice.sid for notice in await gateway.notices(SID)) == expected


async def test_events_are_requests_with_what_came_back() -> None:
    request = {"method": "POST", "url": "https://example.com/a", "parameters": {"To": "+1", "n": 5}}
    response = {
        "response_code": 502,
        "request_duration": 40,
        "content_type": "text/html",
        "response_body": "oops",
        "date_created": FIRST,
    }
    rows = [{"request": request, "response": response}, {"request": request, "response": None}]
    reply = serving(lambda _request: answer(200, {"events": rows}))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        events = await gateway.events(SID)
    sent = ("POST", "https://example.com/a", {"To": "+1", "n": "5"})
    assert events == [
        Exchange(0, *sent, None, None, "", ""),
        Exchange(AT, *sent, 502, 40, "text/html", "oops"),
    ]
    assert server.requests[0].path == f"{CALLS}/{SID}/Events.json"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"notifications": [], "next_page_uri": f"{NOTICES}?PageToken=x"}, "never end"),
        ({"notifications": [], "next_page_uri": "https://evil.example/"}, "leads elsewhere"),
        ({"notifications": [], "next_page_uri": 7}, "page link"),
        ({"notifications": {}}, "not a list of notifications"),
        ({"notifications": ["x"]}, "not a list of notifications"),
        ({}, "not a list of notifications"),
        ([], "not an object"),
        (b"<html>", "not JSON"),
    ],
)
async def test_a_list_that_is_none_fails(body: object, words: str) -> None:
    reply = serving(lambda _request: answer(200, body))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        with pytest.raises(NoAnswer, match=words):
            await gateway.notices(SID)
    assert len(server.requests) <= 2


async def test_a_list_that_never_ends_is_given_up() -> None:
    number = 0

    def reply(_request: Request) -> bytes:
        nonlocal number
        number += 1
        return answer(200, {"notifications": [], "next_page_uri": f"{NOTICES}?PageToken={number}"})

    async with (
        raw_server(serving(reply)) as server,
        gateway_at(server.base, list_timeout=100) as gateway,
    ):
        with pytest.raises(NoAnswer, match="did not end its list of notifications in 100ms"):
            await gateway.notices(SID)


async def test_an_unknown_call_and_no_call_are_refused() -> None:
    missing = answer(404, {"code": 20404, "message": "not found", "status": 404})
    async with (
        raw_server(serving(lambda _request: missing)) as server,
        gateway_at(server.base) as gateway,
    ):
        with pytest.raises(NoSuchCall):
            await gateway.notices(SID)
        with pytest.raises(Refused, match="not a call SID"):
            await gateway.events("CA/..")
