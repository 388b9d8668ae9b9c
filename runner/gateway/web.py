"""Posts JSON to the user's own services: one exchange each, signed, never followed elsewhere.

One session serves the whole process. Each host has its own few turns, so that one that hangs
delays what goes to no other. Repeating is the engine's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from runner import __version__
from runner.durations import format_duration
from runner.engine.ports import GatewayError, NoAnswer, NotProcessed, Refused, Throttled
from runner.gateway.errors import error_of_failure, retry_after
from runner.gateway.headers import headers_of, unsendable, variables_of
from runner.gateway.holding import LastCheck, always
from runner.gateway.signing import signature_headers
from runner.gateway.transport import new_session, proxy_of_environment
from runner.masking import mask_numbers
from runner.model import Millis
from runner.settings import NotificationSettings, TwilioSettings

#: Of an answer no more is read, and nothing of it is kept: its status says all.
LARGEST_ANSWER = 64 * 1024
#: So long a post waits for its turn while others to the same host are under way.
PATIENCE: Millis = 30_000


class WebPoster:
    """The engine's `Web`: what rules tell goes out here.

    `environ` is where headers find their values, and `keys` sign each post, all of them: a
    receiver that knows any can check it.
    """

    def __init__(
        self,
        settings: NotificationSettings,
        environ: Mapping[str, str],
        *,
        keys: Sequence[bytes] = (),
        patience: Millis = PATIENCE,
    ) -> None:
        self._limits = TwilioSettings(
            # A part of the whole, so that what never connected is known as such.
            connect_timeout=max(1, settings.timeout * 3 // 5),
            read_timeout=settings.timeout,
            total_timeout=settings.timeout,
        )
        self._variables = variables_of(environ)
        self._keys = tuple(keys)
        self._turns = _Turns(settings.concurrency, patience)
        self._session: aiohttp.ClientSession | None = None
        self._may_post: Callable[[], bool] = always

    def post_only_while(self, may_post: Callable[[], bool]) -> None:
        """From now on asks this right before a post is written, and sends none where it says no.

        What is held back raises `NotProcessed`.
        """
        self._may_post = may_post

    async def post(self, url: str, fields: Mapping[str, str], *, id_: str, at: Millis) -> None:
        """Sends it once. Raises a `GatewayError` unless the answer is 2xx."""
        target, host = _target(url)
        body = fields.get("body", "").encode("utf-8", "replace")
        headers = {
            **headers_of(fields.get("headers", ""), self._variables),
            **signature_headers(self._keys, body, id_=id_, at=at),
        }
        async with self._turns.take(host):
            checked = LastCheck(body, self._may_post, content_type="application/json")
            await self._exchange(target, host, headers, checked)

    async def close(self) -> None:
        """Gives up every connection."""
        if self._session is not None:
            await self._session.close()

    async def _exchange(
        self, target: URL, host: str, headers: Mapping[str, str], body: LastCheck
    ) -> None:
        proxy = proxy_of_environment(str(target.origin()))
        try:
            async with self._open().post(
                target, data=body, headers=headers, allow_redirects=False, proxy=proxy
            ) as response:
                await _drain(response)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if body.held_back:
                raise body.error() from None
            found = error_of_failure(error, host=host, limits=self._limits, method="POST")
            found.hint = ""  # those are about Twilio
            raise found from None  # aiohttp's own texts quote the URL
        refusal = _error_of_status(response.status, response.headers, host)
        if refusal is not None:
            raise refusal

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            limits = self._limits
            self._session = new_session(
                aiohttp.ClientTimeout(
                    total=limits.total_timeout / 1000, connect=limits.connect_timeout / 1000
                ),
                headers={"User-Agent": f"callflow/{__version__}"},
                auto_decompress=False,  # nobody reads it, and unpacking can be made to cost much
            )
        return self._session


def _target(url: str) -> tuple[URL, str]:
    """The URL to ask, to the letter where it can be, and `host:port` for what is said of it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        plain = url.isascii() and url.isprintable() and " " not in url
        target = URL(url, encoded=plain)
    except ValueError:
        raise unsendable("the URL can't be used") from None
    if parts.scheme not in ("http", "https") or not host:
        raise unsendable("the URL is not of a web server")
    if parts.username is not None or parts.password is not None:
        raise unsendable("a login doesn't belong in the URL; put it into a header")
    return target, mask_numbers(host if port is None else f"{host}:{port}")


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Reads the answer to its end, so that the connection can serve again; or gives both up."""
    left = LARGEST_ANSWER
    try:
        async for piece in response.content.iter_any():
            left -= len(piece)
            if left < 0:
                response.close()
                return
    except (aiohttp.ClientError, OSError, TimeoutError):
        response.close()  # the status has come, and that was the answer


def _error_of_status(status: int, headers: Mapping[str, str], host: str) -> GatewayError | None:
    if 200 <= status < 300:
        return None
    said = f"{host} answered {status}"
    if status == 429:
        return Throttled(said, retry_after=retry_after(headers))
    if status == 425:
        return NotProcessed(said)
    if status == 408 or status >= 500:
        return NoAnswer(said)
    if 300 <= status < 400:
        said += "; redirects are not followed"
    return Refused(said, status=status, code=None)


# ---- turns ----------------------------------------------------------------------------------


@dataclass
class _Queue:
    """Those who want something from one host."""

    turns: asyncio.Semaphore
    users: int = 0


class _Turns:
    """At most so many at once for each host; a host that nobody asks is forgotten."""

    def __init__(self, most: int, patience: Millis) -> None:
        self._most = most
        self._patience = patience
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def take(self, host: str) -> AsyncIterator[None]:
        """A turn with this host. Raises `NotProcessed` where none is to be had in time."""
        queue = self._queues.setdefault(host, _Queue(asyncio.Semaphore(self._most)))
        queue.users += 1
        try:
            await self._wait(queue, host)
            try:
                yield
            finally:
                queue.turns.release()
        finally:
            queue.users -= 1
            if not queue.users:
                del self._queues[host]

    async def _wait(self, queue: _Queue, host: str) -> None:
        try:
            async with asyncio.timeout(self._patience / 1000):
                await queue.turns.acquire()
        except TimeoutError:
            waited = format_duration(self._patience)
            text = f"{host} is slow: earlier posts to it were not over within {waited}"
            raise NotProcessed(text) from None
