"""The control API under `/sandbox/`: adds calls, moves the clock, sets faults, tells all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from runner.sandbox.service import Sandbox


def control_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """The routes that steer this sandbox."""
    control = _Control(sandbox)
    return [web.get("/sandbox/state", control.state)]


class _Control:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def state(self, http: web.Request) -> web.Response:
        """GET: the time, and how many calls are in which status."""
        sandbox = self._sandbox
        now = sandbox.catch_up()
        return web.json_response({"now": now, "calls": len(sandbox.world.shelf)})
