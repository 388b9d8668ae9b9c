"""The control API under `/sandbox/`: makes accounts and calls, moves the clock, sets faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from runner.durations import parse_duration
from runner.sandbox.entries import read_call
from runner.sandbox.faults import Fault
from runner.sandbox.plans import CallPlan
from runner.sandbox.showing import Showing
from runner.sandbox.steering import Wrong, account_of, complaining, read_body, text_of

if TYPE_CHECKING:
    from runner.sandbox.service import Sandbox


def control_routes(sandbox: Sandbox) -> list[web.RouteDef]:
    """The routes that steer this sandbox. They ask for no credentials: it is on loopback."""
    control, showing = _Control(sandbox), Showing(sandbox)
    routes = [
        web.get("/sandbox/state", showing.state),
        web.post("/sandbox/clock", control.move),
        web.get("/sandbox/accounts", showing.accounts),
        web.post("/sandbox/accounts", control.add_account),
        web.post("/sandbox/accounts/{account}", control.set_status),
        web.post("/sandbox/calls", control.add_calls),
        web.get("/sandbox/calls/{call}/transcript", showing.transcript),
        web.get("/sandbox/transcripts", showing.transcripts),
        web.get("/sandbox/faults", control.faults),
        web.post("/sandbox/faults", control.set_fault),
        web.delete("/sandbox/faults", control.clear_faults),
        web.get("/sandbox/journal", showing.journal),
        web.delete("/sandbox/journal", control.clear_journal),
    ]
    return [web.route(r.method, r.path, complaining(r.handler)) for r in routes]


class _Control:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def move(self, http: web.Request) -> web.Response:
        """`{"move": "10s"}` plays ten seconds at once."""
        body = await read_body(http)
        try:
            millis = parse_duration(str(body.get("move", "")))
        except ValueError as error:
            raise Wrong(str(error)) from None
        await self._sandbox.advance(millis)
        return web.json_response({"now": self._sandbox.clock.now()})

    async def add_account(self, http: web.Request) -> web.Response:
        """`{"name": "acme", "parent": "main", "api_key": true}`. Answers its credentials."""
        body = await read_body(http)
        parent = text_of(body, "parent") or None
        api_key = body.get("api_key") is True
        try:
            account = self._sandbox.add_account(
                text_of(body, "name"), parent=parent, api_key=api_key
            )
        except ValueError as error:
            raise Wrong(str(error)) from None
        return self._account(account.sid, 201)

    async def set_status(self, http: web.Request) -> web.Response:
        """`{"status": "suspended"}` for the account that the path names."""
        status = text_of(await read_body(http), "status")
        tenant = account_of(self._sandbox, http.match_info["account"])
        try:
            self._sandbox.set_status(tenant.sid, status)
        except ValueError as error:
            raise Wrong(str(error)) from None
        return self._account(tenant.sid, 200)

    def _account(self, sid: str, status: int) -> web.Response:
        accounts = self._sandbox.accounts
        return web.json_response(accounts.told(accounts.find(sid)), status=status)

    async def add_calls(self, http: web.Request) -> web.Response:
        """`{"calls": [...]}`, each as in a scenario; `at` counts from now. Answers the SIDs."""
        body = await read_body(http)
        calls = body.get("calls")
        if not isinstance(calls, list):
            raise Wrong('write {"calls": [...]}, each call as in a scenario')
        plans = [_plan(number, entry) for number, entry in enumerate(calls)]
        account = text_of(body, "account")
        placed = [replace(plan, account=plan.account or account) for plan in plans]
        try:
            sids = self._sandbox.schedule(placed)
        except ValueError as error:
            raise Wrong(str(error)) from None
        self._sandbox.catch_up()
        return web.json_response({"sids": sids}, status=201)

    async def faults(self, http: web.Request) -> web.Response:
        """The faults in force."""
        active = self._sandbox.faults.active()
        return web.json_response({number: asdict(fault) for number, fault in active.items()})

    async def set_fault(self, http: web.Request) -> web.Response:
        """`{"name": "429", "on": ["list"], "times": 2}`: see `Fault`. Answers its number."""
        body = await read_body(http)
        try:
            number = self._sandbox.set_fault(**_fault(body))
        except (TypeError, ValueError) as error:
            raise Wrong(str(error)) from None
        return web.json_response({"number": number}, status=201)

    async def clear_faults(self, http: web.Request) -> web.Response:
        """Takes every fault out of force, or with `?number=` one."""
        number = http.query.get("number")
        if number is not None and not number.isdigit():
            raise Wrong("number must be a whole number")
        self._sandbox.faults.clear(None if number is None else [int(number)])
        return web.Response(status=204)

    async def clear_journal(self, http: web.Request) -> web.Response:
        """Forgets the requests so far."""
        self._sandbox.journal.clear()
        return web.Response(status=204)


def _plan(number: int, entry: object) -> CallPlan:
    plan, complaints = read_call(entry)
    if complaints:
        raise Wrong(f"calls[{number}]: {complaints[0].message}. {complaints[0].hint}")
    return plan


def _fault(body: Mapping[str, Any]) -> dict[str, Any]:
    """What `Sandbox.set_fault` takes."""
    known = {field.name for field in fields(Fault)}
    if foreign := set(body) - known:
        raise ValueError(f"a fault has no {foreign.pop()!r}; there are {', '.join(sorted(known))}")
    on = body.get("on")
    if on is not None and not isinstance(on, list):
        raise ValueError('on must be a list like ["list", "update"]')
    for name in ("times", "chance", "seconds", "retry_after", "page", "seed"):
        if not isinstance(body.get(name, 0), int | float):
            raise ValueError(f"{name} must be a number")
    text_of(body, "account")
    return dict(body) | ({} if on is None else {"on": tuple(on)})
