"""A client of the console's API, for `callflow top`: documents, orders, and the stream of statuses.

No request is repeated or redirected, and the token goes nowhere but to the address that was named.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeAlias

import aiohttp

Document: TypeAlias = dict[str, Any]

#: Seconds for one answer.
PATIENCE = 10.0
#: Seconds without a word on a stream: the runner says something every 15.
SILENCE = 40.0
#: Bytes of one answer; the longest lists are far shorter.
LARGEST = 16 * 1024 * 1024


class Unreached(Exception):
    """Nobody answers, or somebody else than a callflow."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Denied(Exception):
    """The runner refuses. `status` is HTTP's; message and `hint` are the runner's words."""

    def __init__(self, message: str, *, hint: str, status: int) -> None:
        super().__init__(message)
        self.hint = hint
        self.status = status


class Client:
    """Talks to the runner at `url`. `token` is "" where it needs none."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        self._session = aiohttp.ClientSession(headers=headers, timeout=timeout)

    async def get(self, path: str, **query: str) -> Document:
        """One document. Raises `Unreached` or `Denied`."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: Mapping[str, Any]) -> Document:
        """Gives an order. Raises `Unreached` or `Denied`."""
        return await self._ask("POST", path, json=dict(body))

    async def follow(self) -> AsyncIterator[Document]:
        """Each status that the runner sends, until it ends. Raises `Unreached` or `Denied`."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=PATIENCE, sock_read=SILENCE)
        url = f"{self.url}/api/stream"
        try:
            async with self._session.get(url, timeout=timeout, allow_redirects=False) as response:
                if response.status != 200 or response.content_type != "text/event-stream":
                    await self._read(response)
                    raise self._stranger(response)
                async for event in _events(response.content):
                    yield event
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreached(error) from None

    async def close(self) -> None:
        """Gives up every connection."""
        await self._session.close()

    async def _ask(self, method: str, path: str, **how: Any) -> Document:
        url = f"{self.url}{path}"
        try:
            request = self._session.request(method, url, allow_redirects=False, **how)
            async with request as response:
                return await self._read(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreached(error) from None

    async def _read(self, response: aiohttp.ClientResponse) -> Document:
        body = bytearray()
        async for chunk in response.content.iter_chunked(65_536):
            body += chunk
            if len(body) > LARGEST:
                raise self._stranger(response)
        try:
            document = json.loads(bytes(body))
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise self._stranger(response)
        if response.status >= 300:
            raise self._denied(document, response)
        return document

    def _denied(self, document: Document, response: aiohttp.ClientResponse) -> Exception:
        error = document.get("error")
        if not isinstance(error, dict):
            return self._stranger(response)
        message, hint = str(error.get("message", "")), str(error.get("hint", ""))
        return Denied(message or "the runner refuses", hint=hint, status=response.status)

    def _stranger(self, response: aiohttp.ClientResponse) -> Unreached:
        said = f"what answers at {self.url} is no console of callflow (status {response.status})"
        return Unreached(said, hint="name the runner's address with --url")

    def _unreached(self, error: Exception) -> Unreached:
        if isinstance(error, aiohttp.InvalidURL):
            return Unreached(f"{self.url} is not a URL", hint="write http://127.0.0.1:9090")
        if isinstance(error, TimeoutError):
            return Unreached(f"nobody answers in time at {self.url}", hint="is the runner alive?")
        hint = "start one there with `callflow run --listen HOST:PORT`, or name another with --url"
        if isinstance(error, aiohttp.ClientConnectorError):
            return Unreached(f"nobody listens at {self.url}", hint=hint)
        return Unreached(f"the connection to {self.url} broke: {error or type(error).__name__}")


async def _events(stream: aiohttp.StreamReader) -> AsyncIterator[Document]:
    """The statuses in a stream of server-sent events; other events and comments are passed over."""
    buffer = b""
    async for chunk in stream.iter_any():
        buffer += chunk
        *blocks, buffer = buffer.split(b"\n\n")
        if len(buffer) > LARGEST:
            raise aiohttp.ClientPayloadError("an event is too long")
        for block in blocks:
            lines = block.split(b"\n")
            data = b"".join(line[6:] for line in lines if line.startswith(b"data: "))
            if b"event: status" in lines and data:
                try:
                    document = json.loads(data)
                except ValueError:
                    raise aiohttp.ClientPayloadError("an event is not JSON") from None
                if isinstance(document, dict):
                    yield document
