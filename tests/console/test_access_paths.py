"""Promises of every path: none is without its rule, none leads around it, all are kept apart."""

from __future__ import annotations

import pytest
from aiohttp import web

from runner.console.doors.access import Access
from runner.console.doors.tokens import Tokens, read_tokens
from runner.console.web.connections import Bounds, Connections
from runner.console.web.guard import guard
from runner.console.web.server import KINDS, Site, application
from tests.console.visiting import (
    BOTH,
    JSON,
    OPERATE,
    READ,
    StepClock,
    answer_of,
    bearer,
    exchange,
    request,
    visiting,
)


@pytest.mark.parametrize(
    "path",
    [
        "//api/status",
        "/api//status",
        "/api/status/",
        "/./api/status",
        "/x/../api/status",
        "/healthz/../api/status",
        "/%61pi/status",
        "/api%2fstatus",
        "/API/STATUS",
        "/api/status;x",
        "/api/status%00",
        "/healthz/api/status",
        "http://127.0.0.1/api/status",
        "/readyz/../metrics",
        "/api/status?",
        "/api/status#x",
        "/api\\status",
    ],
)
async def test_no_way_of_writing_a_path_leads_around_the_door(path: str) -> None:
    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(text="secret")

    async with visiting(BOTH, read_routes=[web.get("/metrics", metrics)]) as visit:
        assert (await visit.get(path)).status in (400, 401, 404)
        assert (await visit.get("/metrics")).status == 401
        assert (await visit.get("/metrics", bearer(READ))).body == b"secret"


async def test_other_methods_open_nothing() -> None:
    async with visiting(BOTH) as visit:
        head = await visit.ask("HEAD", "/api/status")
        assert (head.status, head.body) == (401, b"")
        assert (await visit.ask("HEAD", "/api/status", bearer(READ))).status == 200
        for method in ("OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "POST"):
            answer = await visit.ask(method, "/api/status", JSON)
            assert answer.status in (400, 405), method
            assert not [name for name in answer.headers if name.startswith("access-control")]
        assert (await visit.ask("HEAD", "/api/stream", bearer(READ))).status == 405


async def test_every_path_has_its_rule_and_only_public_ones_answer_a_stranger() -> None:
    async def shown(_request: web.Request) -> web.Response:
        return web.Response(text="private")

    more = [web.get("/metrics", shown), web.post("/odd", shown)]
    async with visiting(BOTH, read_routes=more) as visit:
        site = Site(visit.health, visit.clock, board=visit.board, desk=visit.desk, read_routes=more)
        access = Access(Tokens(), visit.clock, listen="127.0.0.1:0")
        app = application(site, access, Connections(Bounds()))
        kinds = app[KINDS]
        assert set(app.router.routes()) == set(kinds)
        answered = set()
        for route, kind in kinds.items():
            assert route.resource is not None
            path = route.resource.canonical.replace("{sid}", "CA" + "1" * 32)
            body = b'{"reason": "x", "flow": "f", "token": "x"}' if route.method == "POST" else None
            answer = await visit.ask(route.method, path, JSON, body)
            answered.add((kind, answer.status))
        assert answered == {
            ("public", 200),
            ("login", 400),
            ("any", 401),
            ("read", 401),
            ("operate", 401),
        }


async def test_what_nobody_has_classed_is_for_operators() -> None:
    async def odd(_request: web.Request) -> web.Response:
        return web.Response(text="private")

    clock = StepClock()
    access = Access(read_tokens(BOTH), clock, listen="127.0.0.1:0")
    connections = Connections(Bounds())
    app = web.Application(middlewares=[guard(access, {}, connections, clock)])
    app.router.add_get("/odd", odd)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    url = f"http://{host}:{port}"
    found = [
        answer_of(await exchange(url, request(url, "GET", "/odd", headers))).status
        for headers in ({}, bearer(READ), bearer(OPERATE))
    ]
    await runner.cleanup()
    assert found == [401, 403, 200]


async def test_every_answer_has_the_headers_that_keep_pages_apart() -> None:
    async with visiting(BOTH) as visit:
        for path, headers in (
            ("/healthz", {}),
            ("/readyz", {}),
            ("/nothing", {}),
            ("/api/status", {}),
            ("/api/status", bearer(READ)),
            ("/api/calls?limit=x", bearer(READ)),
            ("/no HTTP", {}),
        ):
            got = (await visit.get(path, headers)).headers
            policy = got["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self';")
            assert "unsafe" not in policy
            assert got["x-content-type-options"] == "nosniff"
            assert got["referrer-policy"] == "no-referrer"
            assert got["cross-origin-opener-policy"] == "same-origin"
            assert got["cross-origin-resource-policy"] == "same-origin"
            assert got["cache-control"] == "no-store"
            assert "permissions-policy" in got
            assert got["server"] == "callflow"
