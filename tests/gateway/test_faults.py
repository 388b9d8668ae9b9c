"""Every way an exchange can fail, over a real socket: what the engine is told, in which words."""

from __future__ import annotations

import asyncio
import gzip
import socket

import pytest

from runner.engine.ports import (
    AccessRefused,
    CallQuery,
    GatewayError,
    NoAnswer,
    NoSuchCall,
    NotProcessed,
    Refused,
    Throttled,
)
from runner.gateway.transport import LARGEST_ANSWER
from runner.model import Update

from .raw import (
    SID,
    TOKEN,
    RawServer,
    Reply,
    Request,
    always,
    answer,
    gateway_at,
    raw_server,
)

HANGUP = Update(status="completed")
DATE = "Tue, 31 Aug 2010 20:36:28 GMT"


def error(code: int, message: str, status: int) -> dict[str, object]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"code": code, "message": message, "more_info": more, "status": status}


async def failure(reply: Reply, **settings: int) -> tuple[GatewayError, RawServer]:
    """What an update raises against that server."""
    async with raw_server(reply) as server, gateway_at(server.base, **settings) as gateway:
        with pytest.raises(GatewayError) as raised:
            await gateway.update_call(SID, HANGUP)
        return raised.value, server


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (answer(401, error(20003, "Authenticate", 401)), AccessRefused, "401 (code 20003)"),
        (answer(403, error(20403, "Account suspended", 403)), AccessRefused, "Account suspended"),
        (answer(400, error(70051, "Permission missing", 400)), AccessRefused, "70051"),
        (answer(403, b"<html>blocked</html>"), AccessRefused, "403"),
        (answer(429, error(20429, "Too many", 429)), Throttled, "nothing was changed"),
        (answer(429), Throttled, "429"),
        (answer(404, error(20404, "Not found", 404)), NoSuchCall, "20404"),
        (answer(404), NoAnswer, "without Twilio's error document"),
        (answer(404, b"<html>nginx</html>"), NoAnswer, "without Twilio's error document"),
        (answer(400, error(21220, "Call is not in-progress.", 400)), Refused, "21220"),
        (answer(408), NoAnswer, "408"),
        (answer(500, error(20500, "Internal", 500)), NoAnswer, "answered 500"),
        (answer(503, b"<html>busy</html>"), NoAnswer, "answered 503"),
        (answer(302, b"", Location="https://example.com/"), NoAnswer, "302"),
        (answer(200, b"<html>Welcome to our wifi</html>"), NoAnswer, "not JSON"),
        (answer(200, b'{"sid": "CA'), NoAnswer, "not JSON"),
        (answer(200, b"[]"), NoAnswer, "not an object"),
        (answer(200, b"{}"), NoAnswer, "without a SID"),
        (answer(200, {"sid": "CA" + "2" * 32}), NoAnswer, "another call"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", NoAnswer, "not HTTP"),
    ],
)
async def test_an_answer_becomes_the_error_it_is(
    data: bytes, kind: type[GatewayError], words: str
) -> None:
    raised, server = await failure(always(data))
    assert type(raised) is kind
    assert words in str(raised)
    assert len(server.requests) == 1, "an update is never sent twice"


async def test_the_words_never_hold_secrets_or_numbers() -> None:
    said = error(21220, "Call from +14155550199 to\n+14155550123 is over", 400)
    raised, _ = await failure(always(answer(400, said)))
    assert "4155550199" not in str(raised)
    assert "+1415***0199" in str(raised)
    assert "\n" not in str(raised)
    assert TOKEN not in repr(raised) + raised.hint


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({}, None),
        ({"Retry_After": "3"}, 3_000),
        ({"Retry_After": "Tue, 31 Aug 2010 20:36:33 GMT", "Date": DATE}, 5_000),
        ({"Retry_After": "Tue, 31 Aug 2010 20:36:20 GMT", "Date": DATE}, 0),
        ({"Retry_After": "Tue, 31 Aug 2010 20:36:33 GMT"}, None),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "0"}, 0),
        ({"Retry_After": "0.25"}, 250),
        ({"Retry_After": "1.0001"}, 1_001),
        ({"Retry_After": "1e3"}, None),
        ({"Retry_After": "inf"}, None),
        ({"Retry_After": "nan"}, None),
        ({"Retry_After": "9" * 4_000}, None),
        ({"Retry_After": "Tue, 31 Aug 2010 20:36:33 -0700", "Date": DATE}, 3_600_000),
        ({"Retry_After": "Tue, 31 Aug 9999 20:36:33 GMT", "Date": DATE}, 3_600_000),
        ({"Retry_After": "Tue, 31 Aug 2010 20:36:33 GMT", "Date": "yesterday"}, None),
        ({"Retry_After": "9" * 40}, 3_600_000),
    ],
)
async def test_retry_after_is_seconds_or_a_date_by_the_server_clock(
    headers: dict[str, str], pause: int | None
) -> None:
    raised, _ = await failure(always(answer(429, b"", **headers)))
    assert isinstance(raised, Throttled)
    assert raised.retry_after == pause


async def test_silence_after_the_request_leaves_it_open_whether_it_took_effect() -> None:
    async def silent(_request: Request, _writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(60)
        return True

    raised, server = await failure(silent, read_timeout=100)
    assert type(raised) is NoAnswer
    assert "said nothing for 100ms" in str(raised)
    assert len(server.requests) == 1


async def test_a_trickling_answer_ends_at_the_total_limit() -> None:
    async def trickle(_request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    raised, _ = await failure(trickle, read_timeout=5_000, total_timeout=200)
    assert type(raised) is NoAnswer
    assert "did not finish its answer within 200ms" in str(raised)


@pytest.mark.parametrize("packed", [False, True])
async def test_an_enormous_answer_is_given_up_before_it_fills_the_memory(packed: bool) -> None:
    body = b'{"sid": "%s", "to": "%s"}' % (SID.encode(), b"1" * LARGEST_ANSWER)
    data = (
        answer(200, gzip.compress(body, 1), Content_Encoding="gzip")
        if packed
        else answer(200, body)
    )
    raised, _ = await failure(always(data))
    assert type(raised) is NoAnswer
    assert "answered with more than 32 MiB" in str(raised)


async def test_an_answer_without_end_is_given_up_too() -> None:
    sent = 0

    async def endless(_request: Request, writer: asyncio.StreamWriter) -> bool:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b" " * 1_048_576)
            await writer.drain()
            sent += 1

    raised, _ = await failure(endless)
    assert "more than 32 MiB" in str(raised)
    assert sent < 64, "nobody reads on"


async def test_a_broken_off_answer_is_no_answer() -> None:
    async def half(_request: Request, writer: asyncio.StreamWriter) -> bool:
        writer.write(answer(200, {"sid": SID})[:-5])
        await writer.drain()
        return False

    raised, _ = await failure(half)
    assert type(raised) is NoAnswer
    assert "broke off" in str(raised)


async def test_a_reset_after_the_request_is_no_answer_and_no_second_request() -> None:
    async def reset(_request: Request, writer: asyncio.StreamWriter) -> bool:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        return False

    raised, server = await failure(reset)
    assert type(raised) is NoAnswer
    assert len(server.requests) == 1


async def test_a_refused_connection_was_surely_not_processed() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens; nobody else gets the port meanwhile
        base = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with gateway_at(base) as gateway:
            with pytest.raises(NotProcessed, match=r"could not connect to 127\.0\.0\.1"):
                await gateway.update_call(SID, HANGUP)


async def test_an_unknown_host_was_surely_not_processed() -> None:
    async with gateway_at("https://twilio.invalid") as gateway:
        with pytest.raises(NotProcessed, match=r"twilio\.invalid can't be found"):
            await gateway.update_call(SID, HANGUP)


async def test_a_failing_handshake_was_surely_not_processed() -> None:
    async with raw_server(always(b"plain")) as server:
        base = server.base.replace("http://", "https://")
        async with gateway_at(base, connect_timeout=2_000) as gateway:
            with pytest.raises(NotProcessed):
                await gateway.update_call(SID, HANGUP)
        assert server.requests == []


async def test_a_connection_that_never_comes_about_was_surely_not_processed() -> None:
    """A listener whose queue is full answers no handshake: TLS waits until the limit."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        base = f"https://127.0.0.1:{listener.getsockname()[1]}"
        async with gateway_at(base, connect_timeout=100) as gateway:
            with pytest.raises(NotProcessed, match="within 100ms"):
                await gateway.update_call(SID, HANGUP)


async def test_a_list_of_an_unknown_account_is_not_a_missing_call() -> None:
    body = error(20404, "The requested resource was not found", 404)
    async with raw_server(always(answer(404, body))) as server, gateway_at(server.base) as gateway:
        with pytest.raises(Refused, match="account was not found") as raised:
            await gateway.list_calls(CallQuery())
        assert type(raised.value) is Refused
