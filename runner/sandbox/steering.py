"""What all of the control API shares: how its requests are read, and how it complains."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from aiohttp import web

from runner.sandbox.accounts import Tenant

if TYPE_CHECKING:
    from runner.sandbox.service import Sandbox

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Wrong(Exception):
    """The request can't be done; the message says why."""


def complaining(handler: Any) -> Handler:
    """The handler, with what it can't do answered as 400."""

    async def handle(http: web.Request) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(http)
        except Wrong as wrong:
            return web.json_response({"error": str(wrong)}, status=400)
        return answer

    return handle


async def read_body(http: web.Request) -> Mapping[str, Any]:
    """The object that was sent. Raises `Wrong`."""
    # A web page can't send this type to another origin unasked, so none can steer the sandbox.
    if http.content_type != "application/json":
        raise Wrong("send JSON, with Content-Type: application/json")
    try:
        body = await http.json()
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise Wrong(f"this is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Wrong("send an object")
    return body


def text_of(body: Mapping[str, Any], key: str, default: str = "") -> str:
    """A value that must be text. Raises `Wrong`."""
    value = body.get(key, default)
    if not isinstance(value, str):
        raise Wrong(f"{key} must be text")
    return value


def account_of(sandbox: Sandbox, name: str) -> Tenant:
    """An account by name or SID, the main one for "". Raises `Wrong`."""
    try:
        return sandbox.accounts.find(name)
    except ValueError as error:
        raise Wrong(str(error)) from None


def asked_for(sandbox: Sandbox, http: web.Request) -> list[Tenant]:
    """The accounts that a request is about: `?account=` names one, otherwise all."""
    name = http.query.get("account")
    return [account_of(sandbox, name)] if name else list(sandbox.accounts)
