"""The HTTP client under Twilio's SDK: time limits, bounded concurrency, errors that tell.

The SDK's own async client ignores its time-out, repeats a POST that may have taken effect, logs
phone numbers, and passes answers through state that concurrent requests share. This one does one
exchange a request and returns its answer or raises a `GatewayError`; repeating is the engine's
business. (aiohttp itself sends a GET again, once, when a kept connection turns out to be closed.)
"""

from __future__ import annotations

import asyncio
import logging
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from multidict import CIMultiDict
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from yarl import URL

from runner.engine.far_side import Request
from runner.engine.ports import NoAnswer
from runner.gateway.errors import error_of_answer, error_of_failure
from runner.gateway.holding import LastCheck, always
from runner.settings import TwilioSettings
from runner.written import is_loopback

#: Fifteen times a page of 1,000 calls. Whatever is longer is not Twilio's, and must not fill the
#: memory of a runner that other accounts rely on.
LARGEST_ANSWER = 32 * 1024 * 1024


class Answer(Response):  # type: ignore[misc]  # the SDK carries no types
    """An answer as the SDK wants it, and as bytes, which decode faster than text."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(status, "", headers)
        self.body = body

    @property
    def text(self) -> str:
        """The body as text, made only for who asks."""
        return self.body.decode("utf-8", "replace")


class Transport(AsyncHttpClient):  # type: ignore[misc]  # the SDK carries no types
    """One aiohttp session for one account, opened by the first request.

    `proxy` is the URL of an HTTP proxy, None for none.
    """

    def __init__(self, settings: TwilioSettings, *, proxy: str | None = None) -> None:
        super().__init__(logging.getLogger(__name__), True, settings.total_timeout / 1000)
        self._settings = settings
        self._proxy = proxy
        # Not the connector's own limit: waiting there counts as connecting and would time out.
        self._turns = asyncio.Semaphore(settings.concurrency)
        self._session: aiohttp.ClientSession | None = None
        # The SDK's are the same for every request of a kind.
        self._headers = lru_cache(maxsize=8)(_headers)
        #: Asked when the body of a change is about to be written: the last moment at which a
        #: process that was frozen can find out that it is too late.
        self.may_change: Callable[[], bool] = always
        #: Is shown each request once it is over.
        self.heard: Callable[[Request], None] = _nobody

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the SDK's signature
        allow_redirects: bool = False,
    ) -> Answer:
        """One exchange. `timeout` and `allow_redirects` are the SDK's; the settings rule."""
        # `encoded`: a page link is followed to the letter, not as a URL library would spell it.
        target = URL(f"{url}?{urlencode(params)}" if params else url, encoded=True)
        sent = self._headers(tuple((headers or {}).items()), auth)
        # An empty form is a change too: it starts a recording.
        changes = method != "GET"
        body = _form(data, self.may_change) if changes else None
        async with self._turns:
            return await self._exchange(method, target, sent, body)

    async def _exchange(
        self, method: str, url: URL, headers: CIMultiDict[str], body: LastCheck | None
    ) -> Answer:
        host = url.raw_authority
        session = self._open()
        began, status = time.monotonic_ns(), None
        try:
            async with session.request(
                method, url, data=body, headers=headers, allow_redirects=False, proxy=self._proxy
            ) as response:
                received = await _read(response, host)
            status = response.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if body is not None and body.held_back:
                raise body.error() from None
            # `from None`: aiohttp's texts quote the URL, which may hold phone numbers.
            raise error_of_failure(error, host=host, limits=self._settings, method=method) from None
        finally:
            took = (time.monotonic_ns() - began) // 1_000_000
            self.heard(Request(method, url.raw_path, status, took))
        refused = error_of_answer(
            response.status, response.headers, received, host=host, method=method
        )
        if refused is not None:
            raise refused
        return Answer(response.status, received, response.headers)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            limits = self._settings
            self._session = new_session(
                aiohttp.ClientTimeout(
                    total=limits.total_timeout / 1000,
                    connect=limits.connect_timeout / 1000,
                    sock_read=limits.read_timeout / 1000,
                )
            )
        return self._session

    async def close(self) -> None:
        """Gives up every connection."""
        if self._session is not None:
            await self._session.close()


def new_session(timeout: aiohttp.ClientTimeout, **more: Any) -> aiohttp.ClientSession:
    """A session that keeps nothing of its own accord: no cookies, no logins, no queue."""
    return aiohttp.ClientSession(
        # Not the connector's limit: waiting there would count as connecting.
        connector=aiohttp.TCPConnector(limit=0),
        timeout=timeout,
        # Not for proxies either: it reads ~/.netrc too, whose logins are none of ours to send.
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        **more,
    )


def proxy_of_environment(base: str) -> str | None:
    """The proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name for this base URL.

    Company networks often let nothing else through. A server on this machine is never behind one.
    """
    parts = urlsplit(base)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)


async def _read(response: aiohttp.ClientResponse, host: str) -> bytes:
    """The body, unpacked. Raises `NoAnswer` where it is longer than any answer of Twilio's."""
    pieces: list[bytes] = []
    left = LARGEST_ANSWER
    content = response.content
    while piece := await content.readany():  # nothing is the end
        left -= len(piece)
        if left < 0:
            response.close()  # the rest is not wanted, and the connection is of no use
            raise NoAnswer(f"{host} answered with more than {LARGEST_ANSWER >> 20} MiB")
        pieces.append(piece)
    return b"".join(pieces)


def _form(data: Mapping[str, object] | None, may_change: Callable[[], bool]) -> LastCheck:
    form = _encoded(tuple((data or {}).items()))
    return LastCheck(form, may_change, content_type="application/x-www-form-urlencoded")


@lru_cache(maxsize=16)
def _encoded(fields: tuple[tuple[str, object], ...]) -> bytes:
    """Most acts of a poll send the same form."""
    return urlencode(fields).encode()


def _headers(named: tuple[tuple[str, str], ...], auth: tuple[str, str] | None) -> CIMultiDict[str]:
    """What a request is sent with; nobody changes it."""
    headers = CIMultiDict(named)
    if auth is not None:
        login = b64encode(":".join(auth).encode()).decode("ascii")
        headers["Authorization"] = f"Basic {login}"
    return headers


def _nobody(_request: Request) -> None:
    """Nobody listens."""


def as_answer(response: Any) -> Answer:
    """What the SDK hands through from the transport, with its type told."""
    assert isinstance(response, Answer)
    return response
