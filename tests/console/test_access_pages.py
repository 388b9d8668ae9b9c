"""Promises against other sites' pages: what a browser sends for them is told from our own."""

from __future__ import annotations

import pytest

from tests.console.visiting import BOTH, JSON, OPERATE, READ, Answer, Visit, bearer, visiting

KILL = {"reason": "cuts off agents"}


async def kill(visit: Visit, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await visit.ask("POST", "/api/kill", {**JSON, **named}, KILL)


async def test_our_own_page_may_and_so_may_what_is_no_browser() -> None:
    async with visiting() as visit:
        assert (await kill(visit)).status == 200
        own = {"Origin": visit.url, "Sec_Fetch_Site": "same-origin"}
        assert (await kill(visit, **own)).status == 200
        tunnel = {"Host": "localhost:8080", "Origin": "http://localhost:8080"}
        assert (await kill(visit, **tunnel, Sec_Fetch_Site="same-origin")).status == 200
        assert (await kill(visit, Content_Type="application/json; charset=utf-8")).status == 200
        assert len(visit.desk.killed) == 4


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "https://127.0.0.1.evil.example",
        "http://127.0.0.1:1",
        "http://localhost",
        "file://",
        "chrome-extension://abcdef",
        "",
        "http://[",
        "http://127.0.0.1:99999",
    ],
)
async def test_a_page_of_another_origin_orders_nothing(origin: str) -> None:
    async with visiting() as visit:
        refused = await kill(visit, Origin=origin)
        assert (refused.status, visit.desk.killed) == (403, [])
        assert refused.message == "a page of another origin sent this"


async def test_a_page_on_another_port_of_this_machine_is_another_origin() -> None:
    async with visiting() as visit:
        host = visit.url.removeprefix("http://")
        for origin in (f"http://{host}0"[:-2], "http://127.0.0.1:3000"):
            assert (await kill(visit, Origin=origin)).status == 403
        assert (await kill(visit, Origin="", Host=host)).status == 403


@pytest.mark.parametrize(
    "site", ["cross-site", "same-site", "", "Same-Origin", "same-origin, none"]
)
async def test_what_the_browser_calls_foreign_neither_acts_nor_looks(site: str) -> None:
    async with visiting() as visit:
        assert (await kill(visit, Sec_Fetch_Site=site)).status == 403
        looked = await visit.get("/api/calls?show_numbers=1", {"Sec-Fetch-Site": site})
        assert looked.status == 403
        assert await visit.desk.store.pauses() == []
        assert (visit.desk.killed, visit.events) == ([], [])


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "text/json",
        "",
        "text/plain; application/json",
    ],
)
async def test_what_a_plain_form_can_send_orders_nothing(kind: str) -> None:
    """A form of any page can post text that happens to be JSON."""
    async with visiting() as visit:
        refused = await kill(visit, Content_Type=kind)
        assert (refused.status, visit.desk.killed) == (415, [])
        assert refused.hint == "send JSON with `Content-Type: application/json`"


async def test_a_body_without_a_type_or_with_two_orders_nothing() -> None:
    async with visiting() as visit:
        assert (await visit.ask("POST", "/api/kill", {}, KILL)).status == 415
        twice = {**JSON, "content-type": "text/plain"}
        assert (await visit.ask("POST", "/api/kill", twice, KILL)).status in (400, 415)
        assert visit.desk.killed == []


# ---- sessions -------------------------------------------------------------------------------


async def test_a_cookie_works_on_our_own_page_alone() -> None:
    async with visiting(BOTH) as visit:
        cookie = await visit.log_in()
        assert (await kill(visit, **cookie)).status == 200
        assert (await kill(visit, **cookie, Origin=visit.url)).status == 200
        assert (await kill(visit, **cookie, Origin="http://evil.example")).status == 403
        assert (await kill(visit, **cookie, Sec_Fetch_Site="same-site")).status == 403
        foreign = {**cookie, "Sec-Fetch-Site": "cross-site"}
        assert (await visit.get("/api/status", foreign)).status == 403
        assert (await visit.get("/api/status", cookie)).document["access"]["session"] is True


async def test_with_tokens_too_orders_go_to_a_name_of_ours() -> None:
    async with visiting(BOTH, public_url="https://calls.example/in", names=["ops"]) as visit:
        token = bearer(OPERATE)
        for host in ("calls.example", "CALLS.example:8443", "ops:9090", "10.0.0.7", "localhost"):
            assert (await kill(visit, **token, Host=host)).status == 200, host
        for host in ("evil.example", "calls.example.evil.example", "", "a b"):
            refused = await kill(visit, **token, Host=host)
            assert (refused.status, "not the runner's" in refused.message) == (403, True), host


async def test_an_origin_without_tls_is_not_that_of_the_public_url() -> None:
    async with visiting(BOTH, public_url="https://calls.example") as visit:
        came = {**bearer(OPERATE), "Host": "calls.example"}
        assert (await kill(visit, **came, Origin="https://calls.example")).status == 200
        assert (await kill(visit, **came, Origin="http://calls.example")).status == 403


async def test_nobody_can_be_logged_in_by_another_page() -> None:
    async with visiting(BOTH) as visit:
        for headers in ({"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil"}):
            answer = await visit.post("/api/login", {"token": READ}, headers)
            assert answer.status == 403
            assert "set-cookie" not in answer.headers
        plain = await visit.ask("POST", "/api/login", {}, {"token": READ})
        assert plain.status == 415
