"""Gets a document from the web as anybody could, for `callflow doctor`: one GET, no credentials.

What a flow redirects calls to is asked for with POST by Twilio and answers with TwiML. A GET
changes nothing anywhere, and shows whether something is there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from runner import __version__
from runner.gateway.transport import proxy_of_environment
from runner.model import Millis

#: Twilio follows no more TwiML than this (its error 11750).
LARGEST_TWIML = 64 * 1024
_REDIRECTS = 5


class NotFetched(Exception):
    """There is no answer; the message says why, in a few words."""


@dataclass(frozen=True, slots=True)
class Document:
    """An answer: `body` is at most one byte longer than `LARGEST_TWIML`; "" `content_type`: none.

    `secure` says that every step to it went over https.
    """

    status: int
    content_type: str
    body: bytes
    secure: bool


async def fetch_document(url: str, *, limit: Millis) -> Document:
    """One GET, redirects followed. Raises `NotFetched`; nothing of a login in the URL is sent."""
    # The host's name comes from the flow as written: credentials in it stay here.
    target = URL(url).with_user(None)
    session = aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=limit / 1000),
        headers={"User-Agent": f"callflow/{__version__} doctor"},
        trust_env=False,  # it would read ~/.netrc, whose logins are none of ours to send
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    try:
        async with (
            session,
            session.get(
                target, max_redirects=_REDIRECTS, proxy=proxy_of_environment(url)
            ) as response,
        ):
            body = await _start_of(response)
            steps = [*(step.url for step in response.history), response.url]
            return Document(
                response.status,
                response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                body,
                all(step.scheme == "https" for step in steps),
            )
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise NotFetched(_reason(error, urlsplit(url).hostname or "", limit)) from None


async def _start_of(response: aiohttp.ClientResponse) -> bytes:
    body = b""
    while len(body) <= LARGEST_TWIML and not response.content.at_eof():
        body += await response.content.read(LARGEST_TWIML + 1 - len(body))
    return body


def _reason(error: Exception, host: str, limit: Millis) -> str:
    """Why there is no answer, without the URL: it may hold tokens."""
    if isinstance(error, asyncio.TimeoutError):
        return f"{host} did not answer within {limit / 1000:g}s"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"the certificate of {host} can't be trusted"
    if isinstance(error, aiohttp.ClientSSLError):
        return f"no TLS connection to {host} came about"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the host {host} can't be found"
    if isinstance(error, aiohttp.TooManyRedirects):
        return f"{host} redirects more than {_REDIRECTS} times"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection to {host}"
    return f"{host} closed the connection, or answered with something that is not HTTP"
