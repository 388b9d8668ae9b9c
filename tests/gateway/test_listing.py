"""Lists of calls through the real SDK: pages followed as given, each call once, all or an error."""

from __future__ import annotations

import asyncio
import gzip
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from runner.call import parse_rfc2822
from runner.engine.ports import AccessRefused, CallQuery, NoAnswer, Refused
from runner.model import Update

from .raw import (
    ACCOUNT,
    CALLS,
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


async def test_a_query_becomes_twilio_filters_and_full_pages() -> None:
    async with raw_server(always(page())) as server, gateway_at(server.base) as gateway:
        query = CallQuery(("in-progress",), "+14155550100", "sip:a b@x.org", "CA" + "9" * 32)
        listing = await gateway.list_calls(query)
    assert listing.calls == ()
    assert listing.requests == 1
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", LIST)
    assert request.query == {
        "Status": "in-progress",
        "To": "+14155550100",
        "From": "sip:a b@x.org",
        "ParentCallSid": "CA" + "9" * 32,
        "PageSize": "1000",
    }
    assert request.headers["user-agent"].startswith("twilio-python/")
    assert "callflow/" in request.headers["user-agent"]
    assert "gzip" in request.headers["accept-encoding"]


async def test_page_links_are_followed_to_the_letter() -> None:
    link = f"{LIST}?To=%2B1415%205550100&PageSize=1000&Page=1&PageToken=PA%7ex"

    def reply(request: Request) -> bytes:
        if request.target == link:
            return page({"sid": sid(2)}, Date="Tue, 31 Aug 2010 20:40:00 GMT")
        return page({"sid": sid(1)}, after=link, Date="Tue, 31 Aug 2010 20:36:28 GMT")

    async with raw_server(serving(reply)) as server, gateway_at(server.base) as gateway:
        listing = await gateway.list_calls(CallQuery())
    assert [call.sid for call in listing.calls] == [sid(1), sid(2)]
    assert listing.requests == 2
    assert listing.server_time == parse_rfc2822("Tue, 31 Aug 2010 20:36:28 GMT")
    assert [request.target for request in server.requests][1] == link
    assert all("authorization" in request.headers for request in server.requests)
    assert server.connections == 1, "connections are kept"


async def test_one_chain_a_status_and_each_call_once_as_far_as_it_came() -> None:
    rows = {
        "queued": [{"sid": sid(1), "status": "queued"}],
        "ringing": [{"sid": sid(2), "status": "ringing"}],
        "in-progress": [
            {"sid": sid(1), "status": "in-progress"},
            {"sid": sid(3), "status": "in-progress"},
            {"sid": sid(3), "status": "in-progress", "duration": "1"},
        ],
    }
    reply = serving(lambda request: page(*rows[request.query["Status"]]))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        listing = await gateway.list_calls(CallQuery(tuple(rows)))
    assert {call.sid: call.status for call in listing.calls} == {
        sid(1): "in-progress",
        sid(2): "ringing",
        sid(3): "in-progress",
    }
    assert listing.calls[-1].duration == "1", "the row seen last"
    assert listing.requests == 3


async def test_a_limit_reads_no_more_pages_than_it_takes() -> None:
    reply = serving(lambda _: page({"sid": sid(1)}, {"sid": sid(2)}, after=f"{LIST}?Page=1"))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        listing = await gateway.list_calls(CallQuery(limit=2))
        assert len(listing.calls) == 2
    assert len(server.requests) == 1
    assert server.requests[0].query["PageSize"] == "2", "never above Twilio's maximum"


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example" + LIST + "?Page=1",
        "//evil.example" + LIST + "?Page=1",
        "@evil.example" + LIST + "?Page=1",
        "//[evil" + LIST + "?Page=1",
        f"/2010-04-01/Accounts/AC{'1' * 32}/Calls.json?Page=1",
        f"/2010-04-01/Accounts/{ACCOUNT}/../../x/Calls.json?Page=1",
        f"/2010-04-01/Accounts/{ACCOUNT}/Recordings.json?Page=1",
        f"{LIST}?Page=1\r\nX-Injected: 1",
        f"{LIST}?Page=1#part",
        LIST,
    ],
)
async def test_a_link_that_leads_away_is_not_followed(link: str) -> None:
    reply = always(page({"sid": SID}, after=link))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        with pytest.raises(NoAnswer, match="leads elsewhere"):
            await gateway.list_calls(CallQuery())
    assert len(server.requests) == 1


async def test_pages_in_a_circle_end_as_an_error() -> None:
    reply = serving(
        lambda request: page(
            {"sid": SID}, after=f"{LIST}?P={'b' if 'P=a' in request.target else 'a'}"
        )
    )
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        with pytest.raises(NoAnswer, match="never end"):
            await gateway.list_calls(CallQuery())
    assert len(server.requests) == 3


async def test_a_chain_that_fails_fails_the_whole_list() -> None:
    def reply(request: Request) -> bytes:
        if "PageToken" in request.target:
            return answer(401, {"code": 20003, "message": "Authenticate", "status": 401})
        return page({"sid": SID}, after=f"{LIST}?PageToken=x")

    async with raw_server(serving(reply)) as server, gateway_at(server.base) as gateway:
        with pytest.raises(AccessRefused):
            await gateway.list_calls(CallQuery(("queued", "in-progress")))


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b"null",
        b'{"calls": null}',
        b'{"calls": {}}',
        b'{"calls": [], "next_page_uri": 7}',
        b'{"calls": [{}]}',
        b'{"calls": [{"sid": ""}]}',
        b'{"calls": [{"sid": null}]}',
        b'{"calls": ["CA"]}',
        b'{"calls": [{"sid": "CA\xff"}]}',
        b"[" * 100_000,
        b"",
    ],
)
async def test_garbage_is_no_list(body: bytes) -> None:
    async with raw_server(always(answer(200, body))) as server, gateway_at(server.base) as gateway:
        with pytest.raises(NoAnswer):
            await gateway.list_calls(CallQuery())


async def test_rows_tolerate_what_twilio_adds_and_other_servers_change() -> None:
    odd = {"sid": SID, "duration": 12, "queue_time": 1.5, "to": None, "annotation": {"a": 1}}
    odd |= {"from": "+14155550100", "start_time": "Tue, 31 Aug 2010 13:36:28 -0700", "status": True}
    async with raw_server(always(page(odd))) as server, gateway_at(server.base) as gateway:
        (call,) = (await gateway.list_calls(CallQuery())).calls
    assert (call.duration, call.queue_time, call.to) == ("12", "1.5", None)
    assert call.from_ == "+14155550100"
    assert call.status is None, "neither text nor a number"
    assert call.start_time == "Tue, 31 Aug 2010 13:36:28 -0700", "the zone is kept"


@pytest.mark.parametrize("name", [rb"\ud800 x", b"\xff x", rb"\udc00\ud800"])
async def test_a_name_that_is_not_unicode_blinds_nobody(name: bytes) -> None:
    body = b'{"calls": [{"sid": "%s", "caller_name": "%s"}]}' % (SID.encode(), name)
    async with raw_server(always(answer(200, body))) as server, gateway_at(server.base) as gateway:
        (call,) = (await gateway.list_calls(CallQuery())).calls
    assert call.caller_name is not None
    assert "\ufffd" in call.caller_name
    call.caller_name.encode()


async def test_compressed_pages_are_read() -> None:
    body = gzip.compress(b'{"calls": [{"sid": "%s"}]}' % SID.encode())
    reply = always(answer(200, body, Content_Encoding="gzip"))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        assert len((await gateway.list_calls(CallQuery())).calls) == 1


async def test_requests_at_once_never_exceed_the_limit_and_waiting_is_no_timeout() -> None:
    running, most = 0, 0

    async def slow(request: Request, writer: asyncio.StreamWriter) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        writer.write(answer(200, {"sid": request.path[-39:-5]}))
        return True

    limits = {"concurrency": 3, "connect_timeout": 100, "total_timeout": 1_000}
    async with raw_server(slow) as server, gateway_at(server.base, **limits) as gateway:
        sids = [sid(n) for n in range(12)]
        calls = await asyncio.gather(*(gateway.fetch_call(one) for one in sids))
    assert [call.sid for call in calls] == sids, "every answer went to who asked"
    assert most == 3
    assert server.connections == 3


async def test_an_update_is_one_form_with_what_was_asked() -> None:
    reply = always(answer(200, {"sid": SID, "status": "in-progress", "start_time": "x -0700"}))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        call = await gateway.update_call(SID, Update(twiml="<Response><Say>a+b é</Say></Response>"))
    assert (call.status, call.start_time) == ("in-progress", "x -0700")
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", f"{CALLS}/{SID}.json")
    assert request.form == {"Twiml": "<Response><Say>a+b é</Say></Response>"}
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("text", ["", "CA1", "../x", SID + "\n", "SM" + "1" * 32, SID + "?a=b"])
async def test_what_is_no_sid_never_reaches_a_url(text: str) -> None:
    async with gateway_at("http://127.0.0.1:9") as gateway:
        with pytest.raises(Refused, match="not a call SID"):
            await gateway.fetch_call(text)
        with pytest.raises(Refused, match="not a call SID"):
            await gateway.update_call(text, Update(status="completed"))


TRAP = """
import asyncio
from runner.engine.ports import CallQuery
from tests.gateway.raw import always, answer, gateway_at, raw_server

async def main():
    reply = always(answer(200, b'{"calls": []}'))
    async with raw_server(reply) as server, gateway_at(server.base) as gateway:
        await gateway.list_calls(CallQuery())
        print(server.requests[0].headers["host"] == server.base[7:], server.requests[0].path)

asyncio.run(main())
"""


def test_the_process_environment_neither_moves_the_host_nor_changes_who_asks() -> None:
    environ = os.environ | {
        "TWILIO_EDGE": "sydney",
        "TWILIO_REGION": "au1",
        "TWILIO_ACCOUNT_SID": "AC" + "f" * 32,
        "HTTP_PROXY": "http://127.0.0.1:9",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-c", TRAP], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"True {LIST}\n"


def test_the_command_line_does_not_import_the_sdk_until_it_is_needed() -> None:
    code = "import sys, runner.cli.main, runner.cli.calls; print('twilio.rest' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
