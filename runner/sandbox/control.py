"""The control API under `/sandbox/`: makes accounts and calls, moves the clock, sets faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from runner.durations import parse_duration
from runner.sandbox.entries import Complaint, read_application, read_call, read_number
from runner.sandbox.faults import Fault
from runner.sandbox.plans import CallPlan
from runner.sandbox.showing import Showing
from runner.sandbox.steering import Wrong, account_of, asked_for, complaining, read_body, text_of

if TYPE_CHECKING:
    from runner.sandbox.service import Sandbox


P = TypeVar("P")


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
        web.get("/sandbox/numbers", control.numbers),
        web.post("/sandbox/numbers", control.add_numbers),
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

    async def add_numbers(self, http: web.Request) -> web.Response:
        """`{"applications": {...}, "numbers": {...}}` as in a scenario. Answers the SIDs."""
        body = await read_body(http)
        made: dict[str, dict[str, str]] = {"applications": {}, "numbers": {}}
        try:
            for name, entry in _entries(body, "applications"):
                application = _good(name, *read_application(name, entry))
                made["applications"][name] = self._sandbox.place_application(application).sid
            for name, entry in _entries(body, "numbers"):
                number = _good(name, *read_number(name, entry))
                made["numbers"][name] = self._sandbox.place_number(number).sid
        except ValueError as error:
            raise Wrong(str(error)) from None
        return web.json_response(made, status=201)

    async def numbers(self, http: web.Request) -> web.Response:
        """The numbers and applications of all accounts, or of one."""
        books = [tenant.world.book for tenant in asked_for(self._sandbox, http)]
        numbers = [asdict(each) for book in books for each in book.numbers.values()]
        applications = [asdict(each) for book in books for each in book.applications.values()]
        return web.json_response({"numbers": numbers, "applications": applications})

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


def _entries(body: Mapping[str, Any], key: str) -> list[tuple[str, Any]]:
    entries = body.get(key, {})
    if not isinstance(entries, dict):
        raise Wrong(f'write {{"{key}": {{...}}}}, each under its name as in a scenario')
    return list(entries.items())


def _good(name: str, plan: P | None, complaints: Sequence[Complaint]) -> P:
    if plan is None:
        raise Wrong(f"{name}: {complaints[0].message}. {complaints[0].hint}".rstrip(". "))
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
