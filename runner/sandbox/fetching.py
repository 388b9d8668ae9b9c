"""Gets the documents that calls ask for, over HTTP on loopback, as Twilio would ask for them."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha1
from hmac import new as hmac
from urllib.parse import urlencode, urlsplit, urlunsplit

import aiohttp
from yarl import URL

from runner.sandbox.fetches import Fetch, on_loopback
from runner.sandbox.twiml import MAX_BYTES

#: Twilio gives a web server this long.
TIMEOUT_SECONDS = 15


class NotFetched(Exception):
    """There is no document; the message says why."""


class Fetcher:
    """One HTTP client. Signs its requests, so that applications which check signatures work.

    An answer has `seconds`; with `afresh` each request has a connection of its own.
    """

    def __init__(self, seconds: float = TIMEOUT_SECONDS, *, afresh: bool = False) -> None:
        self._seconds = seconds
        self._afresh = afresh
        self._session: aiohttp.ClientSession | None = None

    async def get(self, fetch: Fetch, auth_token: str) -> str:
        """The document's text, asked for by the account of this token. Raises `NotFetched`."""
        status, body = await self.ask(
            fetch.url, method=fetch.method, fields=fetch.parameters, token=auth_token
        )
        if not 200 <= status < 300:
            raise NotFetched(f"answered {status}")
        return body.decode("utf-8", "replace")

    async def ask(
        self, url: str, *, method: str, fields: Mapping[str, str], token: str
    ) -> tuple[int, bytes]:
        """The status and the body's beginning of whatever was answered. Raises `NotFetched`."""
        if not on_loopback(url):
            raise NotFetched("the sandbox connects to this machine only")
        try:
            return await self._request(url, method, fields, token)
        except TimeoutError:
            raise NotFetched(f"no answer within {self._seconds:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NotFetched(f"{type(error).__name__}: {error}") from None

    async def _request(
        self, given: str, method: str, fields: Mapping[str, str], token: str
    ) -> tuple[int, bytes]:
        url, form = _as_sent(given, method, fields)
        sending = self._client().request(
            method,
            url,
            data=form or None,
            headers={"X-Twilio-Signature": signature(token, str(url), form.items())},
            # A redirect could lead away from this machine.
            allow_redirects=False,
        )
        async with asyncio.timeout(self._seconds), sending as response:
            body = await response.content.read(MAX_BYTES + 1)
            while len(body) <= MAX_BYTES and not response.content.at_eof():
                body += await response.content.read(MAX_BYTES + 1 - len(body))
            return response.status, body

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(force_close=self._afresh)
            self._session = aiohttp.ClientSession(connector=connector)
        return self._session

    async def close(self) -> None:
        """Closes every connection."""
        if self._session is not None:
            await self._session.close()


def _as_sent(url: str, method: str, fields: Mapping[str, str]) -> tuple[URL, dict[str, str]]:
    """The URL as it goes out and the form: a GET carries its parameters in the URL."""
    parts = urlsplit(url)._replace(fragment="")
    if method == "POST":
        return URL(urlunsplit(parts)), dict(fields)
    query = "&".join(filter(None, (parts.query, urlencode(fields))))
    return URL(urlunsplit(parts._replace(query=query))), {}


def signature(token: str, url: str, form: Iterable[tuple[str, str]]) -> str:
    """Twilio's signature of a request: HMAC-SHA1 over the URL and the sorted form, in base64.

    Of the same field sent twice each value counts once.
    """
    signed = url + "".join(name + value for name, value in sorted(set(form)))
    return b64encode(hmac(token.encode(), signed.encode(), sha1).digest()).decode()
