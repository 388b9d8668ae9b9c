"""The API over HTTP: reads requests, lets faults strike, writes answers with Twilio's headers."""

from __future__ import annotations

import asyncio
import socket
import struct
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from multidict import MultiMapping

from runner.model import Millis
from runner.sandbox.dates import http_date
from runner.sandbox.exchange import Answer
from runner.sandbox.faults import REFUSALS, Fault, Faults, Taken
from runner.sandbox.front import Front
from runner.sandbox.identity import make_sid
from runner.sandbox.journal import Entry, Journal, Request
from runner.sandbox.routes import Target, classify

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
#: Stands for no `Date` at all: where there is none, the HTTP library adds its own.
UNDATED = ""
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER with no time: closing sends a reset


@dataclass(slots=True)
class ApiServer:
    """Serves all accounts. `catch_up` plays one account's world up to now and says when that is."""

    front: Front
    journal: Journal
    faults: Faults
    catch_up: Callable[[str], Millis]
    #: Called when a request about an account has been processed.
    afterwards: Callable[[str], None]
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    #: Requests that are being answered, by account: Twilio counts and limits them so.
    _open: Counter[str] = field(default_factory=Counter)
    _count: int = 0

    async def handle(self, http: web.Request) -> web.StreamResponse:
        """One request from reading to answering."""
        target = classify(http.method, http.rel_url.raw_path)
        self._open[target.account] += 1
        try:
            request = await _read(http, target, self.catch_up(target.account))
            return await self._serve(http, request, self._taken(request))
        finally:
            self._open[target.account] -= 1
            if not self._open[target.account]:
                del self._open[target.account]

    def _taken(self, request: Request) -> Taken:
        if not request.kind:
            return Taken()
        return self.faults.take(request.kind, account=request.account, page=request.page)

    async def _serve(self, http: web.Request, request: Request, taken: Taken) -> web.StreamResponse:
        name = taken.name
        if name in ("hang", "reset-before"):
            self.journal.add(Entry(request, None, name))
            return await self._break(http, name)
        headers = self._headers(request, taken)
        if taken.spoiling is not None and name in REFUSALS:
            refusal = REFUSALS[name]
            headers |= _retry_after(taken.spoiling)
            answer = Answer(refusal.status, refusal.body())
        else:
            answer = self.front.answer(request, taken)
            self.afterwards(request.account)
        silent = name in ("hang-after", "reset-after")
        self.journal.add(Entry(request, None if silent else answer.status, name))
        if taken.slow:
            await asyncio.sleep(taken.slow)
        return await self._send(http, answer, headers, name)

    async def _send(
        self, http: web.Request, answer: Answer, headers: dict[str, str], fault: str
    ) -> web.StreamResponse:
        match fault:
            case "hang-after" | "reset-after":
                return await self._break(http, fault)
            case "malformed":
                return _response(Answer(answer.status, answer.body[:-1] + b",,"), headers)
            case "html":
                return web.Response(
                    status=502, body=HTML, headers=headers, content_type="text/html"
                )
            case "truncated":
                return await _truncate(http, answer, headers)
        return _response(answer, headers)

    async def _break(self, http: web.Request, fault: str) -> web.StreamResponse:
        if fault.startswith("hang"):
            await self.closing.wait()
        _reset(http)
        return web.Response()

    def _headers(self, request: Request, taken: Taken) -> dict[str, str]:
        self._count += 1
        return {
            "Date": UNDATED if taken.undated else http_date(request.at + round(taken.skew * 1000)),
            "Twilio-Concurrent-Requests": str(self._open[request.account]),
            "Twilio-Request-Id": make_sid("RQ", request.at, self._count),
        }


async def _read(http: web.Request, target: Target, now: Millis) -> Request:
    form = await http.post()
    user, password = _credentials(http)
    return Request(
        at=now,
        method=http.method,
        path=http.path,
        query=dict(http.query),
        form={name: value for name, value in form.items() if isinstance(value, str)},
        repeated=_repeated(form),
        kind=target.kind,
        sid=target.sid,
        below=target.below,
        deed=target.deed,
        user=user,
        password=password,
        account=target.account or user,
    )


def _repeated(form: MultiMapping[Any]) -> dict[str, tuple[str, ...]]:
    if len(form) == len(names := set(form)):
        return {}
    values = {name: tuple(v for v in form.getall(name) if isinstance(v, str)) for name in names}
    return {name: given for name, given in values.items() if len(given) > 1}


def _credentials(http: web.Request) -> tuple[str, str]:
    scheme, _, encoded = http.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return user, password


def _retry_after(fault: Fault) -> dict[str, str]:
    return {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}


def _response(answer: Answer, headers: dict[str, str]) -> web.Response:
    if answer.status == 204:
        return web.Response(status=204, headers=headers)
    if answer.status == 401:
        headers = headers | {"WWW-Authenticate": 'Basic realm="Twilio API"'}
    return web.Response(
        status=answer.status,
        body=answer.body,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )


async def _truncate(
    http: web.Request, answer: Answer, headers: dict[str, str]
) -> web.StreamResponse:
    """Promises the whole body, sends half of it, and closes."""
    response = web.StreamResponse(status=answer.status, headers=headers)
    response.content_type = "application/json"
    response.content_length = len(answer.body)
    await response.prepare(http)
    await response.write(answer.body[: len(answer.body) // 2])
    if http.transport is not None:
        http.transport.close()
    return response


def _reset(http: web.Request) -> None:
    """Breaks the connection off so that the client sees a reset."""
    transport = http.transport
    if transport is None:
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
    transport.abort()


async def leave_undated(_: web.Request, response: web.StreamResponse) -> None:
    """Takes an empty `Date` off, right before the headers go out."""
    if response.headers.get("Date") == UNDATED:
        del response.headers["Date"]
