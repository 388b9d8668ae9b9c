"""The trace of a call: what was asked and answered, and what went wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from runner.sandbox import Sandbox
from runner.sandbox.trace import BODY, KEPT, level
from tests.sandbox.conftest import Http
from tests.sandbox.under import Under, refused

MENU = "https://app.example/menu"


@asynccontextmanager
async def app(status: int, text: str) -> AsyncIterator[str]:
    """A web server on this machine that answers so; its URL."""

    async def reply(http: web.Request) -> web.Response:
        return web.Response(status=status, text=text, content_type="text/xml")

    runner = web.AppRunner(_routed(reply))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/voice"
    finally:
        await runner.cleanup()


def _routed(reply: object) -> web.Application:
    application = web.Application()
    application.router.add_route("*", "/voice", reply)  # type: ignore[arg-type]
    return application


async def notices(call: Under, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await call.get("Notifications", **query)).json["notifications"]
    return found


async def test_a_fetched_document_is_an_event(sandbox: Sandbox, http: Http) -> None:
    text = "<Response><Pause length='60'/></Response>"
    async with app(200, text) as url:
        call = Under(sandbox, http, sandbox.add_call(url=url).sid)
        await sandbox.advance(1_000)
    [event] = (await call.get("Events")).json["events"]
    assert (event["request"]["method"], event["request"]["url"]) == ("POST", url)
    assert event["request"]["parameters"]["CallSid"] == call.sid
    assert (event["response"]["response_code"], event["response"]["response_body"]) == (200, text)
    assert await notices(call) == []


async def test_what_the_api_was_told_is_an_event(sandbox: Sandbox, http: Http) -> None:
    call = Under(sandbox, http, sandbox.add_call().sid)
    await call.post("Streams", Url="https://no.example/")
    await http.update(call.sid, Twiml="<Response><Say>Bye</Say></Response>", TimeLimit="60")
    told, before = (await call.get("Events")).json["events"]
    assert told["request"]["url"].endswith(f"/Calls/{call.sid}.json")
    assert told["request"]["parameters"] == {
        "twiml": "<Response><Say>Bye</Say></Response>",
        "time_limit": "60",
    }
    assert told["response"]["response_code"] == 200
    assert told["response"]["response_body"] == f'{{"sid":"{call.sid}"}}'
    assert before["request"]["url"].endswith("/Streams.json")
    assert before["response"]["response_code"] == 400
    assert "21205" in before["response"]["response_body"]


async def test_a_call_that_the_api_made_begins_with_that(sandbox: Sandbox, http: Http) -> None:
    form = {"To": "+14155550111", "From": "+14155550100", "Twiml": "<Response/>"}
    call = Under(sandbox, http, (await http.create(**form)).json["sid"])
    [event] = (await call.get("Events")).json["events"]
    assert event["request"]["url"].endswith("/Calls.json")
    assert event["request"]["parameters"]["to"] == "+14155550111"
    assert event["response"]["response_code"] == 201
    refused = await http.create(To="+14155550111")
    assert refused.status == 400


@pytest.mark.parametrize(
    ("text", "code", "log"),
    [
        ("<Response><Say>unclosed", "12100", "0"),
        ("<Html/>", "12102", "0"),
        ("<Response><Speak>Hello</Speak></Response>", "12200", "1"),
    ],
)
async def test_a_fault_in_a_document_is_notified(
    sandbox: Sandbox, http: Http, text: str, code: str, log: str
) -> None:
    sandbox.world.documents[MENU] = text
    call = Under(sandbox, http, sandbox.add_call(url=MENU).sid)
    await sandbox.advance(1_000)
    [notice] = await notices(call)
    assert (notice["error_code"], notice["log"]) == (code, log)
    assert (notice["request_url"], notice["request_method"]) == (MENU, "POST")
    assert notice["more_info"] == f"https://www.twilio.com/docs/errors/{code}"
    told = parse_qs(notice["message_text"])
    assert told["ErrorCode"] == [code]
    assert told["LogLevel"] == [("ERROR", "WARN")[int(log)]]
    whole = (await call.get("Notifications", notice["sid"])).json
    assert whole["response_body"] == text
    assert parse_qs(whole["request_variables"])["CallSid"] == [call.sid]
    assert whole.items() >= notice.items()


async def test_bad_twiml_in_an_update_is_notified_after_its_200(
    sandbox: Sandbox, http: Http
) -> None:
    sandbox.world.documents[MENU] = "<Response><Pause length='60'/></Response>"
    call = Under(sandbox, http, sandbox.add_call(url=MENU).sid)
    await sandbox.advance(1_000)
    assert (await http.update(call.sid, Twiml="<Response><Say>no")).status == 200
    assert await notices(call) == []
    await sandbox.advance(150)
    [notice] = await notices(call)
    # The document came with the update: no request brought it.
    assert (notice["error_code"], notice["request_url"]) == ("12100", "")
    assert notice["request_method"] is None
    whole = (await call.get("Notifications", notice["sid"])).json
    assert (whole["request_variables"], whole["response_body"]) == ("", "")


async def test_a_document_that_does_not_come_is_notified(sandbox: Sandbox, http: Http) -> None:
    async with app(503, "out of order") as url:
        call = Under(sandbox, http, sandbox.add_call(url=url, fallback_url=MENU).sid)
        await sandbox.advance(1_000)
    second, first = await notices(call)
    assert (first["error_code"], first["request_url"]) == ("11200", url)
    assert (second["error_code"], second["request_url"]) == ("11200", MENU)
    asked = (await call.get("Events")).json["events"]
    assert [event["request"]["url"] for event in asked] == [MENU, url]
    assert asked[0]["response"] is None
    assert asked[1]["response"]["response_code"] == 503


async def test_notifications_are_filtered_and_paged(sandbox: Sandbox, http: Http) -> None:
    call = Under(sandbox, http, sandbox.add_call(twiml="<Response><A/><B/><C/></Response>").sid)
    await sandbox.advance(1_000)
    await http.update(sandbox.add_call(id="other").sid, Twiml="<Response")
    found = await notices(call)
    assert [each["error_code"] for each in found] == ["12200"] * 3
    assert await notices(call, Log="0") == []
    assert await notices(call, Log="1") == found
    assert await notices(call, MessageDate="2023-11-14") == found
    assert await notices(call, MessageDate_lt="2023-11-14") == []
    assert await notices(call, MessageDate_gt="2023-11-15") == []
    page = (await call.get("Notifications", PageSize="2", Log="1")).json
    walked = page["notifications"]
    assert len(walked) == 2
    after = (await http.ask("GET", page["next_page_uri"])).json
    assert walked + after["notifications"] == found
    assert after["next_page_uri"] is None
    for query in ({"Log": "2"}, {"MessageDate": "soon"}):
        assert refused(await call.get("Notifications", **query)) == (400, 20001)


async def test_a_call_without_a_trace_has_empty_pages(sandbox: Sandbox, http: Http) -> None:
    call = Under(sandbox, http, sandbox.add_call().sid)
    for what in ("Events", "Notifications"):
        page = (await call.get(what)).json
        assert (page[what.lower()], page["next_page_uri"]) == ([], None)
    assert refused(await call.get("Notifications", "NO" + "0" * 32)) == (404, 20404)
    nobody = Under(sandbox, http, "CA" + "0" * 32)
    for what in ("Events", "Notifications"):
        assert refused(await nobody.get(what)) == (404, 20404)


async def test_the_trace_outlives_the_call_and_stays_small(sandbox: Sandbox, http: Http) -> None:
    sandbox.world.documents[MENU] = f"<Response><A/><Redirect/></Response><!--{'x' * BODY}-->"
    call = Under(sandbox, http, sandbox.add_call(url=MENU).sid)
    await sandbox.advance(60_000)
    await http.update(call.sid, Status="completed")
    events = (await call.get("Events", PageSize="1000")).json["events"]
    assert len(events) == len(await notices(call, PageSize="1000")) == KEPT
    assert all(len(event["response"]["response_body"]) <= BODY for event in events)


def test_levels_are_twilios() -> None:
    assert [level(code) for code in ("12100", "11200", "11750", "13201")] == ["0"] * 4
    assert [level(code) for code in ("12200", "13214", "13520")] == ["1"] * 3
    assert level("odd") == "0"
