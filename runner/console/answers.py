"""How the console answers: JSON, faults in words, and the headers that everything gets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from runner.decision.turns import slices

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
#: On every answer. What is not to be cached says so itself; here nothing is.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}


#: Rows of a list that are made into text at once: a millisecond or two.
_TURN = 50


class Fault(Exception):
    """What is answered in place of what was asked for."""

    def __init__(
        self, status: int, message: str, *, hint: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.hint = hint
        self.headers = headers or {}

    def answer(self) -> web.Response:
        """As JSON."""
        error = {"message": str(self), "hint": self.hint}
        return answer({"error": error}, status=self.status, headers=self.headers)


def answer(
    document: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A document as JSON. It is plain ASCII: a file's name may hold what no encoding knows."""
    return web.Response(
        body=encoded(document), status=status, content_type="application/json", headers=headers
    )


def encoded(document: Any) -> bytes:
    """A document as bytes of JSON, in one line."""
    return json.dumps(document, separators=(",", ":")).encode()


async def answer_in_turns(document: Mapping[str, Any]) -> web.Response:
    """The same for a document with long lists: what else the loop has to do comes between."""
    pieces = []
    for name, value in document.items():
        if isinstance(value, list) and len(value) > _TURN:
            parts = []
            for part in slices(value, _TURN):
                parts.append(encoded(part)[1:-1])
                await asyncio.sleep(0)
            pieces.append(encoded(name) + b":[" + b",".join(parts) + b"]")
        else:
            pieces.append(encoded(name) + b":" + encoded(value))
    body = b"{" + b",".join(pieces) + b"}"
    return web.Response(body=body, content_type="application/json")


def protect(response: web.StreamResponse) -> None:
    """Adds the headers that every answer has, but for those that it has set itself."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "callflow"  # its versions are nobody's affair
