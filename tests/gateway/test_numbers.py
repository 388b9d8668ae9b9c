"""Promises about voice URLs: the one that began the call, or clear words why there is none."""

from __future__ import annotations

import pytest

from runner.call import Call
from runner.engine.ports import NoAnswer, NothingThere, Refused
from tests.gateway.raw import ACCOUNT, SID, Request, answer, gateway_at, raw_server, serving

ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
PN = "PN" + "a" * 32
AP = "AP" + "b" * 32
NUMBER = "+14155550100"
URL = "https://example.com/voice?a=b"
GONE = answer(404, {"code": 20404, "message": "not found", "status": 404})

INBOUND = Call(sid=SID, direction="inbound", to=NUMBER, phone_number_sid=PN)
BY_NUMBER = Call(sid=SID, direction="inbound", to=NUMBER)
SIMPLE = {"sid": PN, "phone_number": NUMBER, "voice_url": URL, "voice_method": "POST"}


async def found(call: Call, rows: dict[str, object]) -> tuple[object, list[Request]]:
    """What is found, or the error, where these resources are; and what was asked."""

    def reply(request: Request) -> bytes:
        row = rows.get(request.path.removeprefix(ROOT + "/").removesuffix(".json"))
        return GONE if row is None else answer(200, row)

    async with raw_server(serving(reply)) as server, gateway_at(server.base) as gateway:
        try:
            return await gateway.voice_of(call), server.requests
        except (NothingThere, NoAnswer, Refused) as error:
            return error, server.requests


async def test_the_number_that_was_called_says_how_the_call_began() -> None:
    voice, requests = await found(INBOUND, {f"IncomingPhoneNumbers/{PN}": SIMPLE})
    assert voice == {"url": URL, "method": "POST"}
    assert [(r.method, r.path) for r in requests] == [
        ("GET", f"{ROOT}/IncomingPhoneNumbers/{PN}.json")
    ]


@pytest.mark.parametrize(
    ("fields", "voice"),
    [
        ({"voice_method": None}, {"url": URL}),
        ({"voice_method": "get"}, {"url": URL, "method": "GET"}),
        ({"voice_method": "BREW"}, {"url": URL}),
        (
            {"voice_fallback_url": "https://b.example/", "voice_fallback_method": "GET"},
            {
                "url": URL,
                "method": "POST",
                "fallback_url": "https://b.example/",
                "fallback_method": "GET",
            },
        ),
        (
            {"voice_fallback_url": "", "voice_fallback_method": "GET"},
            {"url": URL, "method": "POST"},
        ),
        ({"voice_application_sid": ""}, {"url": URL, "method": "POST"}),
    ],
)
async def test_only_what_is_set_is_told(fields: dict[str, object], voice: object) -> None:
    assert (await found(INBOUND, {f"IncomingPhoneNumbers/{PN}": SIMPLE | fields}))[0] == voice


async def test_an_application_answers_for_the_number() -> None:
    number = SIMPLE | {"voice_application_sid": AP}
    application = {"sid": AP, "voice_url": "https://app.example/", "voice_method": "GET"}
    rows = {f"IncomingPhoneNumbers/{PN}": number, f"Applications/{AP}": application}
    voice, _ = await found(INBOUND, rows)
    assert voice == {"url": "https://app.example/", "method": "GET"}


async def test_without_its_sid_the_number_is_looked_for_and_must_be_the_only_one() -> None:
    """Twilio's filter takes parts of numbers, and lists every number that has them."""
    longer = {"phone_number": NUMBER + "1", "voice_url": "https://else.example/"}
    listed = {"incoming_phone_numbers": [longer, SIMPLE], "next_page_uri": None}
    voice, requests = await found(BY_NUMBER, {"IncomingPhoneNumbers": listed})
    assert voice == {"url": URL, "method": "POST"}
    assert requests[0].query["PhoneNumber"] == NUMBER
    for rows, words in (([longer], "is none of this account"), ([SIMPLE] * 2, "stands 2 times")):
        error, _ = await found(
            BY_NUMBER, {"IncomingPhoneNumbers": {"incoming_phone_numbers": rows}}
        )
        assert isinstance(error, NothingThere)
        assert words in str(error)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({}, "the number that was called is not there any more"),
        ({"trunk_sid": "TK" + "1" * 32}, "hands its calls to a SIP trunk"),
        ({"trunk_sid": "TK" + "1" * 32, "voice_application_sid": AP}, "SIP trunk"),
        ({"voice_url": None}, "the number that was called has no voice URL"),
        ({"voice_url": ""}, "has no voice URL"),
        ({"voice_url": "sip:a@example.com"}, "the voice URL of the number that was called is none"),
        ({"voice_url": "https://[::1"}, "is none"),
        (
            {"voice_url": f"https://Webhooks.Twilio.com/v1/Accounts/{ACCOUNT}/Flows/FW1"},
            "is a Studio flow, to which Twilio lets no live call be sent",
        ),
        ({"voice_application_sid": AP}, "the application that answers for the number is not there"),
        ({"voice_application_sid": "../x"}, "has no SID that can be asked for"),
    ],
)
async def test_where_there_is_no_url_it_says_why(rows: dict[str, object], words: str) -> None:
    stored = {f"IncomingPhoneNumbers/{PN}": SIMPLE | rows} if rows else {}
    error, _ = await found(INBOUND, stored)
    assert isinstance(error, NothingThere)
    assert words in str(error)
    assert NUMBER not in str(error)


async def test_an_application_without_a_url_is_told_as_that() -> None:
    number, application = SIMPLE | {"voice_application_sid": AP}, {"sid": AP, "voice_url": None}
    rows = {f"IncomingPhoneNumbers/{PN}": number, f"Applications/{AP}": application}
    error, _ = await found(INBOUND, rows)
    assert str(error) == "the application of the number that was called has no voice URL"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (Call(sid=SID, direction="outbound-api", phone_number_sid=PN), "the call is outbound-api"),
        (Call(sid=SID, direction="outbound-dial", to=NUMBER), "the call is outbound-dial"),
        (Call(sid=SID, to=NUMBER), "of unknown direction"),
        (Call(sid=SID, direction="inbound", to="sip:a@example.com"), "no phone number"),
        (Call(sid=SID, direction="inbound", to="+1*"), "no phone number"),
        (Call(sid=SID, direction="inbound"), "no phone number"),
        (Call(sid=SID, direction="inbound", phone_number_sid="PN/../.."), "no phone number"),
    ],
)
async def test_calls_that_no_number_began_are_not_asked_about(call: Call, words: str) -> None:
    error, requests = await found(call, {})
    assert isinstance(error, NothingThere)
    assert words in str(error)
    assert requests == []


async def test_an_answer_about_something_else_is_none() -> None:
    other = SIMPLE | {"sid": "PN" + "c" * 32}
    error, _ = await found(INBOUND, {f"IncomingPhoneNumbers/{PN}": other})
    assert isinstance(error, NoAnswer)


async def test_an_account_that_is_not_there_is_no_missing_number() -> None:
    error, _ = await found(BY_NUMBER, {})
    assert isinstance(error, Refused)
    assert "the account was not found" in str(error)
