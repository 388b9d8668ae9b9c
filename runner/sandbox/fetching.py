"""Gets the documents that calls ask for, over HTTP on loopback, as Twilio would ask for them."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha1
from hmac import new as hmac
from urllib.parse import urlencode, urlsplit, urlunsplit

import aiohttp

from runner.sandbox.fetches import Fetch, on_loopback
from runner.sandbox.twiml import MAX_BYTES

#: Twilio gives a web server this long.
TIMEOUT_SECONDS = 15


class NotFetched(Exception):
    """There is no document; the message says why."""


class Fetcher:
    """One HTTP client. Signs its requests, so that applications which check signatures work."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def get(self, fetch: Fetch, auth_token: str) -> str:
        """The document's text, asked for by the account of this token. Raises `NotFetched`."""
        if not on_loopback(fetch.url):
            raise NotFetched("the sandbox connects to this machine only")
        try:
            return await self._request(fetch, auth_token)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise NotFetched(f"{type(error).__name__}: {error}") from None

    async def _request(self, fetch: Fetch, auth_token: str) -> str:
        url, form = _as_sent(fetch)
        headers = {"X-Twilio-Signature": signature(auth_token, url, form)}
        sending = self._client().request(
            fetch.method,
            url,
            data=form or None,
            headers=headers,
            # A redirect could lead away from this machine.
            allow_redirects=False,
        )
        async with asyncio.timeout(TIMEOUT_SECONDS), sending as response:
            if not 200 <= response.status < 300:
                raise NotFetched(f"answered {response.status}")
            body = await response.content.read(MAX_BYTES + 1)
            while len(body) <= MAX_BYTES and not response.content.at_eof():
                body += await response.content.read(MAX_BYTES + 1 - len(body))
            return body.decode("utf-8", "replace")

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    async def close(self) -> None:
        """Closes every connection."""
        if self._session is not None:
            await self._session.close()


def _as_sent(fetch: Fetch) -> tuple[str, dict[str, str]]:
    """The URL and the form: a GET carries its parameters in the URL."""
    if fetch.method == "POST":
        return fetch.url, dict(fetch.parameters)
    parts = urlsplit(fetch.url)
    query = "&".join(filter(None, (parts.query, urlencode(fetch.parameters))))
    return urlunsplit(parts._replace(query=query)), {}


def signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """Twilio's signature of a request: HMAC-SHA1 over the URL and the sorted form, in base64."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return b64encode(hmac(token.encode(), signed.encode(), sha1).digest()).decode()
