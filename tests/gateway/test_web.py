"""Promises of posts to services: signed, sent once, never elsewhere, and nothing secret told."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runner import __version__
from runner.engine.ports import GatewayError, NoAnswer, NotProcessed, Refused, Throttled
from runner.gateway.credentials import BadCredentials
from runner.gateway.signing import read_secrets
from runner.gateway.web import LARGEST_ANSWER, WebPoster
from runner.settings import NotificationSettings
from tests.gateway.raw import RawServer, Reply, Request, always, answer, raw_server

SECRET = "planted-signing-secret"
TOKEN = "planted-header-token"
ENVIRON = {"CALLFLOW_NOTIFY_TOKEN": TOKEN, "TWILIO_AUTH_TOKEN": "planted-account-token"}
AT = 1_700_000_000_999
BODY = '{"call":"CA1","from":"+14155550199"}'


@asynccontextmanager
async def poster(
    environ: Mapping[str, str] = ENVIRON,
    *,
    timeout: int = 5_000,  # noqa: ASYNC109  # the setting
    concurrency: int = 8,
    patience: int = 30_000,
) -> AsyncIterator[WebPoster]:
    """What sends, closed when the block ends."""
    keys = read_secrets((), environ)
    settings = NotificationSettings(timeout=timeout, concurrency=concurrency)
    made = WebPoster(settings, environ, keys=keys, patience=patience)
    try:
        yield made
    finally:
        await made.close()


async def send(
    web: WebPoster,
    url: str,
    headers: Mapping[str, object] | str = "",
    *,
    body: str = BODY,
    id_: str = "0" * 32,
) -> None:
    """One post."""
    written = headers if isinstance(headers, str) else json.dumps(headers)
    await web.post(url, {"body": body, "headers": written}, id_=id_, at=AT)


async def one(server: RawServer, *args: object, **more: str) -> Request:
    """One post to this server, as it arrived."""
    async with poster() as web:
        await send(web, f"{server.base}/hook", *args, **more)  # type: ignore[arg-type]
    (request,) = server.requests
    return request


async def error_of(web: WebPoster, url: str, headers: Mapping[str, object] | str = "") -> str:
    """How it fails: the kind of error, and its text."""
    with pytest.raises(GatewayError) as caught:
        await send(web, url, headers)
    said = f"{type(caught.value).__name__}: {caught.value}"
    assert caught.value.hint == ""
    for secret in (SECRET, TOKEN, "planted-account-token", "4155550199", "q=secret"):
        assert secret not in said
    return said


# ---- what is sent ---------------------------------------------------------------------------


async def test_it_is_one_post_of_json() -> None:
    async with raw_server(always(answer(204))) as server:
        request = await one(server, {"X-Team": "voice", "Authorization": "Basic eDp5"})
    assert (request.method, request.target) == ("POST", "/hook")
    assert request.body.decode() == BODY
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == f"callflow/{__version__}"
    assert (request.headers["x-team"], request.headers["authorization"]) == ("voice", "Basic eDp5")
    assert not {"cookie", "referer", "webhook-signature"} & set(request.headers)


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("/a%2Bb?from=%2B14155550199&x=%7e#part", "/a%2Bb?from=%2B14155550199&x=%7e"),
        ("/a b", "/a%20b"),
        ("/zoë", "/zo%C3%AB"),
        ("/a\r\nX-Evil: 1\r\n", "/aX-Evil:%201"),
        ("?q", "/?q"),
    ],
)
async def test_the_url_arrives_as_it_was_written_and_ends_no_line(written: str, asked: str) -> None:
    async with raw_server(always(answer(200))) as server, poster() as web:
        await send(web, server.base + written)
        (request,) = server.requests
    assert request.target == asked
    assert "x-evil" not in request.headers


async def test_a_header_takes_its_value_from_a_variable_of_its_own_kind() -> None:
    async with raw_server(always(answer(200))) as server:
        request = await one(server, {"X-Token": {"env": "CALLFLOW_NOTIFY_TOKEN"}})
    assert request.headers["x-token"] == TOKEN


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"env": "CALLFLOW_NOTIFY_OTHER"}, "the variable CALLFLOW_NOTIFY_OTHER is not set"),
        ({"env": "CALLFLOW_NOTIFY_LINES"}, "CALLFLOW_NOTIFY_LINES holds more than one line"),
        ({"env": "TWILIO_AUTH_TOKEN"}, "a variable that begins with CALLFLOW_NOTIFY_"),
        ({"file": "/etc/passwd"}, "neither text nor a variable"),
        (7, "neither text nor a variable"),
    ],
)
async def test_a_value_that_can_not_be_had_is_named_and_nothing_is_sent(
    value: object, said: str
) -> None:
    environ = {**ENVIRON, "CALLFLOW_NOTIFY_LINES": f"{TOKEN}\r\nX-Evil: 1"}
    async with raw_server(always(answer(200))) as server, poster(environ) as web:
        error = await error_of(web, server.base, {"X": value})
    assert error.startswith("Refused: ")
    assert said in error
    assert server.requests == []


async def test_what_a_caller_put_into_a_value_begins_no_header_of_its_own() -> None:
    async with raw_server(always(answer(200))) as server:
        request = await one(server, {"X-Name": "Zoë\r\nX-Evil: 1\0\n\nGET / HTTP/1.1"})
    assert "x-evil" not in request.headers
    assert request.headers["x-name"].endswith(" X-Evil: 1 GET / HTTP/1.1")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A\r\nX-Evil": "1"},
        {"X A": "1"},
        {"": "1"},
        {"Content-Length": "0"},
        {"transfer-encoding": "chunked"},
        {"Host": "internal"},
        {"Webhook-Signature": "v1,AAAA"},
        "[]",
        "no json",
    ],
)
async def test_headers_that_would_change_the_request_are_refused(
    headers: Mapping[str, object] | str,
) -> None:
    async with raw_server(always(answer(200))) as server, poster() as web:
        assert (await error_of(web, server.base, headers)).startswith("Refused: ")
    assert server.requests == []


# ---- signatures -----------------------------------------------------------------------------


def verifies(request: Request, secret: str) -> bool:
    """The check that the public scheme tells receivers to make, from scratch."""
    key = secret.encode()
    if secret.startswith("whsec_"):
        key = base64.b64decode(secret[6:])
    head = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode()
    mac = hmac.new(key, head + request.body, hashlib.sha256).digest()
    wanted = base64.b64encode(mac).decode()
    offered = [each.split(",", 1) for each in request.headers["webhook-signature"].split(" ")]
    return any(version == "v1" and value == wanted for version, value in offered)


CODED = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@pytest.mark.parametrize("secret", [SECRET, CODED, f" {SECRET}\n", "größe"])
async def test_a_receiver_can_check_the_signature(secret: str) -> None:
    environ = {"CALLFLOW_SIGNING_SECRET": secret}
    async with raw_server(always(answer(200))) as server, poster(environ) as web:
        await send(web, server.base, body='{"name":"Zoë"}', id_="abc")
        (request,) = server.requests
    assert (request.headers["webhook-id"], request.headers["webhook-timestamp"]) == (
        "abc",
        "1700000000",
    )
    assert verifies(request, secret.strip())
    assert not verifies(request, "another")
    forged = Request(request.method, request.target, request.headers, request.body + b" ")
    assert not verifies(forged, secret.strip())


async def test_while_secrets_change_each_of_them_verifies() -> None:
    keys = read_secrets(("NEW", "OLD"), {"NEW": CODED, "OLD": SECRET})
    async with raw_server(always(answer(200))) as server:
        web = WebPoster(NotificationSettings(), {}, keys=keys)
        await send(web, server.base)
        await web.close()
        (request,) = server.requests
    assert verifies(request, CODED)
    assert verifies(request, SECRET)
    assert len(request.headers["webhook-signature"].split(" ")) == 2


@pytest.mark.parametrize("secret", [SECRET, CODED])
async def test_the_check_that_the_page_shows_to_receivers_works(secret: str) -> None:
    page = (Path(__file__).parent.parent.parent / "docs/operations.md").read_text("utf-8")
    shown: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], shown)
    environ = {"CALLFLOW_SIGNING_SECRET": secret}
    async with raw_server(always(answer(200))) as server, poster(environ) as web:
        await send(web, server.base)
        (request,) = server.requests
    assert shown["is_ours"](request.headers, request.body, secret)
    assert not shown["is_ours"](request.headers, request.body, "another")
    assert not shown["is_ours"](request.headers, request.body + b" ", secret)


def test_secrets_that_can_not_be_used_are_all_named_and_none_is_shown() -> None:
    environ = {"EMPTY": " ", "BAD": f"whsec_{SECRET}!", "NOTHING": "whsec_", "GOOD": SECRET}
    with pytest.raises(BadCredentials) as caught:
        read_secrets(("GOOD", "EMPTY", "MISSING", "BAD", "NOTHING"), environ)
    assert [name for name, _ in caught.value.faults] == ["EMPTY", "MISSING", "BAD", "NOTHING"]
    assert SECRET not in str(caught.value)
    assert read_secrets((), {"CALLFLOW_SIGNING_SECRET": ""}) == ()


# ---- what the answer means ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Refused),
        (302, Refused),
        (400, Refused),
        (401, Refused),
        (403, Refused),
        (404, Refused),
        (410, Refused),
        (408, NoAnswer),
        (425, NotProcessed),
        (429, Throttled),
        (500, NoAnswer),
        (503, NoAnswer),
        (504, NoAnswer),
    ],
)
async def test_each_status_has_its_meaning(status: int, kind: type[GatewayError]) -> None:
    async with (
        raw_server(always(answer(status, b"no", Retry_After="3"))) as server,
        poster() as web,
    ):
        error = await error_of(web, f"{server.base}/x?q=secret")
        with pytest.raises(kind) as caught:
            await send(web, server.base)
    assert type(caught.value) is kind
    host = server.base.removeprefix("http://")
    assert error.startswith(f"{kind.__name__}: {host} answered {status}")
    if isinstance(caught.value, Throttled):
        assert caught.value.retry_after == 3_000


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_fine(status: int) -> None:
    async with raw_server(always(answer(status))) as server:
        await one(server)


async def test_a_redirect_is_not_followed_with_secrets() -> None:
    async with raw_server(always(answer(200))) as elsewhere:
        away = answer(307, Location=f"{elsewhere.base}/steal")
        async with raw_server(always(away)) as server, poster() as web:
            error = await error_of(web, server.base, {"X": {"env": "CALLFLOW_NOTIFY_TOKEN"}})
    assert error.endswith("answered 307; redirects are not followed")
    assert elsewhere.requests == []


async def test_cookies_are_neither_kept_nor_sent() -> None:
    async with raw_server(always(answer(200, Set_Cookie="a=b"))) as server, poster() as web:
        await send(web, server.base)
        await send(web, server.base)
    assert (len(server.requests), server.connections) == (2, 1)
    assert all("cookie" not in request.headers for request in server.requests)


async def test_of_a_long_answer_only_the_beginning_is_read() -> None:
    sent = 0

    async def pour(_request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n")
        while True:  # until the other side has had enough
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with raw_server(pour) as server, poster() as web:
        await send(web, server.base)
    assert sent < 300 * LARGEST_ANSWER


async def test_a_packed_answer_is_not_unpacked() -> None:
    bomb = answer(200, gzip.compress(b"0" * 5_000_000), Content_Encoding="gzip")
    async with raw_server(always(bomb)) as server:
        await one(server)


async def test_an_answer_whose_rest_never_comes_has_been_given_all_the_same() -> None:
    async def stall(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\nabc")
        await writer.drain()
        await asyncio.Event().wait()

    async with raw_server(stall) as server, poster(timeout=200) as web:
        await send(web, server.base)


# ---- no answer ------------------------------------------------------------------------------


async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def leave(_request: Request, _writer: asyncio.StreamWriter) -> None:
    """Closes the connection."""


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (hang, "did not finish its answer within 200ms"),
        (leave, "closed the connection before it answered"),
        (always(b"SSH-2.0\r\n\r\n"), "answered with something that is not HTTP"),
        (always(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 90_000 + b"\r\n\r\n"), "not HTTP"),
    ],
)
async def test_whether_it_arrived_is_unknown_where_no_answer_came(reply: Reply, said: str) -> None:
    async with raw_server(reply) as server, poster(timeout=200) as web:
        error = await error_of(web, f"{server.base}/x?q=secret")
    assert error.startswith("NoAnswer: ")
    assert said in error
    assert len(server.requests) == 1


async def test_nobody_there_is_known_as_not_processed() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}"
    async with poster() as web:
        error = await error_of(web, f"{base}/x?q=secret")
        gone = await error_of(web, "http://nobody.invalid/x?q=secret")
    assert error == f"NotProcessed: could not connect to {base[7:]}: connection refused"
    assert gone == "NotProcessed: the host nobody.invalid can't be found"


async def test_a_connection_that_never_opens_is_known_as_not_processed() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fill = [socket.socket() for _ in range(4)]
        for each in fill:  # the queue of connections is full now
            each.setblocking(False)
            each.connect_ex(address)
        async with poster(timeout=300) as web:
            error = await error_of(web, f"http://127.0.0.1:{address[1]}")
        for each in fill:
            each.close()
    assert error == f"NotProcessed: could not connect to 127.0.0.1:{address[1]} within 180ms"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h/x",
        "https://",
        "https://user:q=secret@h/",
        "http://h:99999/",
        "/hook",
        "",
        "http://[::1/",
    ],
)
async def test_what_is_no_address_of_a_service_is_refused(url: str) -> None:
    async with poster() as web:
        assert (await error_of(web, url)).startswith("Refused: ")


# ---- turns ----------------------------------------------------------------------------------


@dataclass
class Sick:
    """A service that takes requests and says nothing; `full` once it has so many."""

    most: int
    taken: int = 0
    full: asyncio.Event = field(default_factory=asyncio.Event)

    async def reply(self, _request: Request, _writer: asyncio.StreamWriter) -> None:
        self.taken += 1
        if self.taken == self.most:
            self.full.set()
        await asyncio.Event().wait()


@asynccontextmanager
async def stuck(web: WebPoster, most: int, posts: int) -> AsyncIterator[RawServer]:
    """A sick service to which so many posts are under way; they are given up at the end."""
    sick = Sick(most)
    async with raw_server(sick.reply) as server:
        tasks = [asyncio.ensure_future(send(web, server.base)) for _ in range(posts)]
        await sick.full.wait()
        try:
            yield server
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_service_that_hangs_delays_no_other() -> None:
    async with (
        poster(concurrency=2, timeout=60_000) as web,
        stuck(web, most=2, posts=20) as sick,
        raw_server(always(answer(200))) as sound,
    ):
        await asyncio.gather(*(send(web, sound.base) for _ in range(20)))
        assert (len(sick.requests), len(sound.requests)) == (2, 20)


async def test_who_waits_too_long_for_a_turn_was_surely_not_sent() -> None:
    async with (
        poster(concurrency=1, timeout=60_000, patience=50) as web,
        stuck(web, most=1, posts=1) as sick,
    ):
        error = await error_of(web, sick.base)
        assert len(sick.requests) == 1
    host = sick.base.removeprefix("http://")
    assert error == f"NotProcessed: {host} is slow: earlier posts to it were not over within 50ms"


async def test_turns_come_back_whatever_became_of_a_post() -> None:
    async with poster(concurrency=1, patience=5_000) as web:
        for reply in (leave, always(answer(500)), always(answer(200))):
            async with raw_server(reply) as server:
                for _ in range(3):
                    with suppress(GatewayError):
                        await send(web, server.base)
                assert len(server.requests) == 3


async def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_server(always(answer(200))) as proxy, poster() as web:
        monkeypatch.setenv("HTTP_PROXY", proxy.base)
        monkeypatch.setenv("NO_PROXY", "inside.invalid")
        await send(web, "http://service.invalid/hook")
        inside = await error_of(web, "http://inside.invalid/hook")
    assert [request.target for request in proxy.requests] == ["http://service.invalid/hook"]
    assert inside == "NotProcessed: the host inside.invalid can't be found"
