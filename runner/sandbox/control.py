"""The control API under `/sandbox/`: adds calls, moves the clock, sets faults, tells all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, fields
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

from aiohttp import web

from runner.durations import parse_duration
from runner.sandbox.entries import read_call
from runner.sandbox.faults import Fault
from runner.sandbox.legs import Happening

if TYPE_CHECKING:
    from runner.sandbox.service import Sandbox

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def control_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """The routes that steer this sandbox. They ask for no credentials: it is on loopback."""
    control = _Control(sandbox)
    routes = [
        web.get("/sandbox/state", control.state),
        web.post("/sandbox/clock", control.move),
        web.post("/sandbox/calls", control.add),
        web.get("/sandbox/calls/{call}/transcript", control.transcript),
        web.get("/sandbox/transcripts", control.transcripts),
        web.get("/sandbox/faults", control.faults),
        web.post("/sandbox/faults", control.set_fault),
        web.delete("/sandbox/faults", control.clear_faults),
        web.get("/sandbox/journal", control.journal),
        web.delete("/sandbox/journal", control.clear_journal),
    ]
    return [web.route(r.method, r.path, _complaining(r.handler)) for r in routes]


class _Wrong(Exception):
    """The request can't be done; the message says why."""


def _complaining(handler: Any) -> Handler:
    async def handle(http: web.Request) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(http)
        except _Wrong as wrong:
            return web.json_response({"error": str(wrong)}, status=400)
        return answer

    return handle


class _Control:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def state(self, http: web.Request) -> web.Response:
        """The time, its speed, and how many calls are in which status."""
        sandbox = self._sandbox
        now = sandbox.catch_up()
        counts = Counter(row.status for row in sandbox.world.shelf)
        state = {"now": now, "speed": sandbox.clock.speed, "calls": counts}
        return web.json_response(state | {"requests": len(sandbox.journal)})

    async def move(self, http: web.Request) -> web.Response:
        """`{"move": "10s"}` plays ten seconds at once."""
        body = await _body(http)
        try:
            millis = parse_duration(str(body.get("move", "")))
        except ValueError as error:
            raise _Wrong(str(error)) from None
        await self._sandbox.advance(millis)
        return web.json_response({"now": self._sandbox.clock.now()})

    async def add(self, http: web.Request) -> web.Response:
        """`{"calls": [...]}`, each as in a scenario; `at` counts from now. Answers the SIDs."""
        calls = (await _body(http)).get("calls")
        if not isinstance(calls, list):
            raise _Wrong('write {"calls": [...]}, each call as in a scenario')
        self._sandbox.catch_up()
        plans = []
        for number, entry in enumerate(calls):
            plan, complaints = read_call(entry)
            if complaints:
                raise _Wrong(f"calls[{number}]: {complaints[0].message}. {complaints[0].hint}")
            plans.append(plan)
        try:
            sids = self._sandbox.world.schedule(plans)
        except ValueError as error:
            raise _Wrong(str(error)) from None
        self._sandbox.catch_up()
        return web.json_response({"sids": sids}, status=201)

    async def transcript(self, http: web.Request) -> web.Response:
        """What happened to one call, by SID or id."""
        call = http.match_info["call"]
        self._sandbox.catch_up()
        if not self._sandbox.world.has(call):
            return web.json_response({"error": f"there is no call {call}"}, status=404)
        lines = self._sandbox.world.transcript(call)
        return web.json_response({"sid": self._sandbox.world.sid_of(call), "lines": _told(lines)})

    async def transcripts(self, http: web.Request) -> web.Response:
        """What happened to every call that still has a record, oldest call first."""
        self._sandbox.catch_up()
        world = self._sandbox.world
        rows = [{"sid": row.sid, "lines": _told(world.transcript(row.sid))} for row in world.shelf]
        return web.json_response({"calls": rows})

    async def faults(self, http: web.Request) -> web.Response:
        """The faults in force."""
        active = self._sandbox.faults.active()
        return web.json_response({number: asdict(fault) for number, fault in active.items()})

    async def set_fault(self, http: web.Request) -> web.Response:
        """`{"name": "429", "on": ["list"], "times": 2}`: see `Fault`. Answers its number."""
        body = await _body(http)
        try:
            number = self._sandbox.faults.set(_fault(body))
        except (TypeError, ValueError) as error:
            raise _Wrong(str(error)) from None
        return web.json_response({"number": number}, status=201)

    async def clear_faults(self, http: web.Request) -> web.Response:
        """Takes every fault out of force, or with `?number=` one."""
        number = http.query.get("number")
        if number is not None and not number.isdigit():
            raise _Wrong("number must be a whole number")
        self._sandbox.faults.clear(None if number is None else [int(number)])
        return web.Response(status=204)

    async def journal(self, http: web.Request) -> web.Response:
        """Every request received, oldest first; `?kind=update` only those."""
        kind = http.query.get("kind")
        entries = [e.shown() for e in self._sandbox.journal if kind in (None, e.request.kind)]
        return web.json_response({"requests": entries})

    async def clear_journal(self, http: web.Request) -> web.Response:
        """Forgets the requests so far."""
        self._sandbox.journal.clear()
        return web.Response(status=204)


async def _body(http: web.Request) -> Mapping[str, Any]:
    # A web page can't send this type to another origin unasked, so none can steer the sandbox.
    if http.content_type != "application/json":
        raise _Wrong("send JSON, with Content-Type: application/json")
    try:
        body = await http.json()
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise _Wrong(f"this is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise _Wrong("send an object")
    return body


def _fault(body: Mapping[str, Any]) -> Fault:
    known = {field.name for field in fields(Fault)}
    if foreign := set(body) - known:
        raise ValueError(f"a fault has no {foreign.pop()!r}; there are {', '.join(sorted(known))}")
    on = body.get("on")
    if on is not None and not isinstance(on, list):
        raise ValueError('on must be a list like ["list", "update"]')
    for name in ("times", "chance", "seconds", "retry_after"):
        if not isinstance(body.get(name, 0), int | float):
            raise ValueError(f"{name} must be a number")
    named = dict(body) | ({} if on is None else {"on": tuple(on)})
    return Fault(**named)


def _told(lines: tuple[Happening, ...]) -> list[dict[str, object]]:
    return [asdict(line) for line in lines]
