"""Stands before every path: lets in who may, bounds how long an answer takes, words each fault."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from runner.console.answers import Fault
from runner.console.desk import Refusal
from runner.console.doors.access import Access, Kind
from runner.console.doors.visitors import keep
from runner.console.web.connections import Connections
from runner.engine.clock import Clock
from runner.engine.ports import Event
from runner.masking import mask_numbers
from runner.model import Millis

#: The longest that one answer may take. Streams end by their own rules.
PATIENCE: Millis = 60_000
#: No body that anybody has to send is longer.
BODY = 64 * 1024
#: Nor has any request that makes sense more headers.
HEADERS = 64


def guard(
    access: Access,
    kinds: Mapping[web.AbstractRoute, Kind],
    connections: Connections,
    clock: Clock,
) -> Middleware:
    """Lets through who may; answers every fault in words."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        kind = kinds.get(request.match_info.route, "operate")  # what nobody has classed
        with connections.busy(request.transport, known=kind not in ("public", "login")):
            try:
                return await answered(request, handler, kind)
            except Fault as fault:
                return fault.answer()
            except Refusal as error:
                hint = mask_numbers(error.hint)
                return Fault(error.status, mask_numbers(str(error)), hint=hint).answer()
            except web.HTTPException as error:
                return _in_words(request, error).answer()
            except ConnectionError:
                raise
            except Exception as error:
                return _failed(access, clock, request, error).answer()

    async def answered(request: web.Request, handler: Handler, kind: Kind) -> web.StreamResponse:
        if len(request.raw_headers) > HEADERS:
            raise Fault(431, f"there are more than {HEADERS} headers")
        if request.match_info.http_exception is not None:
            raise request.match_info.http_exception
        visitor = access.admit(request, kind)
        async with asyncio.timeout(PATIENCE / 1000) as patience:
            keep(visitor, lambda: patience.reschedule(None))
            return await handler(request)

    return guarded


def _in_words(request: web.Request, error: web.HTTPException) -> Fault:
    """What the web framework refuses."""
    headers = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
    message, hint = _REFUSED.get(error.status, (error.reason.lower(), ""))
    return Fault(error.status, message.format(method=request.method), hint=hint, headers=headers)


_REFUSED = {
    404: ("there is nothing here", "the paths are in docs/operations.md"),
    405: ("{method} does nothing here", "the paths are in docs/operations.md"),
    413: (f"the body is longer than {BODY} bytes", "nothing that is read here is as long"),
}


def _failed(access: Access, clock: Clock, request: web.Request, error: Exception) -> Fault:
    """What should not have happened; the reader learns no more than that."""
    path, text = request.match_info.route.resource, f"{type(error).__name__}: {error}"
    if isinstance(error, TimeoutError):
        hint = "what was asked for may have been done or not: look at /api/status"
        return Fault(503, f"that took longer than {PATIENCE // 1000} s", hint=hint)
    fields = {"path": path.canonical if path else "", "error": text}
    access.tell(Event("console.failed", clock.now(), "error", fields))
    return Fault(500, "the runner could not answer", hint="its log says why: console.failed")
