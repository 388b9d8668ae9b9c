"""Promises of the console's doors: who may look, who may act, and what a stranger learns."""

from __future__ import annotations

from contextlib import suppress

import pytest

from runner.console.web.server import CannotListen
from tests.console.visiting import (
    BOTH,
    OPERATE,
    READ,
    bearer,
    visiting,
)

LOOKS = ("status", "calls", "rules", "held", "acts", "chart", "history", "why/CA" + "1" * 32)
ORDERS = {
    "/api/pause": {"flow": "f", "reason": "cuts off agents"},
    "/api/resume": {"flow": "f"},
    "/api/kill": {"reason": "cuts off agents"},
}
PUBLIC_URL = "https://calls.example/in"


# ---- without tokens -------------------------------------------------------------------------


async def test_without_tokens_this_machine_looks_and_acts() -> None:
    async with visiting() as visit:
        for path in LOOKS:
            assert (await visit.get(f"/api/{path}")).status == 200
        for path, body in ORDERS.items():
            assert (await visit.post(path, body)).status == 200
        access = (await visit.get("/api/status")).document["access"]
        assert access == {"role": "operator", "numbers": True, "session": False}


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.9.9.9:1", "[::1]:9"]
)
async def test_this_machine_may_be_called_by_any_of_its_own_names(host: str) -> None:
    async with visiting() as visit:
        assert (await visit.get("/api/status", {"Host": host})).status == 200
        assert (await visit.post("/api/kill", {"reason": "x"}, {"Host": host})).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.0.9",
        "0.0.0.0",
        "",
        "localhost:x",
        "a@127.0.0.1",
        "127.0.0.1, evil.example",
        "[::1",
        "2130706433",
    ],
)
async def test_a_name_that_only_points_here_opens_nothing(host: str) -> None:
    """A page of a stranger whose name server answers with 127.0.0.1 has the stranger's host."""
    async with visiting() as visit:
        looked = await visit.get("/api/status", {"Host": host})
        acted = await visit.post("/api/kill", {"reason": "x"}, {"Host": host})
        assert (looked.status, acted.status, visit.desk.killed) == (403, 403, [])
        assert "another host" in looked.message
        assert "http://localhost" in looked.hint


@pytest.mark.parametrize(
    "name",
    [
        "Forwarded",
        "Via",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Real-IP",
        "x-real-ip",
    ],
)
async def test_whatever_a_proxy_passes_on_needs_a_token(name: str) -> None:
    async with visiting() as visit:
        refused = await visit.get("/api/status", {name: "127.0.0.1"})
        assert (refused.status, refused.message) == (
            403,
            "the request came through a proxy, and no token is set",
        )
        assert "CALLFLOW_OPERATOR_TOKEN" in refused.hint
    async with visiting(BOTH) as visit:
        assert (await visit.get("/api/status", {name: "127.0.0.1", **bearer(READ)})).status == 200


@pytest.mark.parametrize(
    ("listen", "public_url", "why"),
    [
        ("127.0.0.1:0", PUBLIC_URL, "has a public URL"),
        ("0.0.0.0:0", None, "listens beyond the loopback interface"),
    ],
)
async def test_a_runner_that_others_reach_is_closed_until_it_has_tokens(
    listen: str, public_url: str | None, why: str
) -> None:
    local = {"Host": "127.0.0.1"}
    async with visiting(listen=listen, public_url=public_url) as visit:
        refused = await visit.get("/api/status", local)
        assert refused.status == 403
        assert why in refused.message
        assert (await visit.post("/api/kill", {"reason": "x"}, local)).status == 403
        assert (await visit.get("/healthz", local)).status == 200
        assert set((await visit.get("/readyz", local)).document) == {"ready", "role"}
    async with visiting(BOTH, listen=listen, public_url=public_url) as visit:
        assert (await visit.get("/api/status", local)).status == 401
        assert (await visit.get("/api/status", local | bearer(READ))).status == 200
        assert "accounts" in (await visit.get("/readyz", local | bearer(READ))).document


async def test_the_other_loopback_is_this_machine_too() -> None:
    with suppress(CannotListen):  # a machine without IPv6
        async with visiting(listen="[::1]:0") as visit:
            assert visit.url.startswith("http://[::1]:")
            assert (await visit.get("/api/status")).status == 200
            assert (await visit.get("/api/status", {"Host": "evil.example"})).status == 403


async def test_without_tokens_there_is_nothing_to_log_in_to() -> None:
    async with visiting() as visit:
        answer = await visit.post("/api/login", {"token": OPERATE})
        assert (answer.status, answer.message) == (409, "no tokens are set")


# ---- with tokens ----------------------------------------------------------------------------


async def test_a_reader_looks_and_an_operator_acts() -> None:
    async with visiting(BOTH) as visit:
        for path in LOOKS:
            assert (await visit.get(f"/api/{path}")).status == 401
            assert (await visit.get(f"/api/{path}", bearer(READ))).status == 200
            assert (await visit.get(f"/api/{path}", bearer(OPERATE))).status == 200
        for path, body in ORDERS.items():
            assert (await visit.post(path, body)).status == 401
            refused = await visit.post(path, body, bearer(READ))
            assert (refused.status, refused.message) == (
                403,
                "a reader may look and change nothing",
            )
            assert visit.told("operator") == []
        for path, body in ORDERS.items():
            assert (await visit.post(path, body, bearer(OPERATE))).status == 200
        role = (await visit.get("/api/status", bearer(READ))).document["access"]
        assert role == {"role": "reader", "numbers": False, "session": False}


async def test_one_of_both_tokens_is_enough() -> None:
    async with visiting({"CALLFLOW_READ_TOKEN": READ}) as visit:
        assert (await visit.get("/api/status", bearer(READ))).status == 200
        assert (await visit.post("/api/kill", {"reason": "x"}, bearer(READ))).status == 403
        assert (await visit.post("/api/kill", {"reason": "x"})).status == 401
        assert (await visit.get("/api/status", bearer(""))).status == 401
    async with visiting({"CALLFLOW_OPERATOR_TOKEN": OPERATE}) as visit:
        assert (await visit.get("/api/status")).status == 401
        assert (await visit.post("/api/kill", {"reason": "x"}, bearer(OPERATE))).status == 200


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (f"bearer {READ}", 200),
        (f"BEARER {READ}", 200),
        (f"Bearer   {READ}", 200),
        (f"Bearer {READ.upper()}", 401),
        (f"Bearer {READ}x", 401),
        (f"Bearer {READ[:-1]}", 401),
        (f"Bearer {READ} {READ}", 401),
        (f"Bearer, {READ}", 401),
        (f"Basic {READ}", 401),
        (READ, 401),
        ("Bearer", 401),
        ("Bearer ", 401),
        ("", 401),
        ("Bearer naïve-tökens-änd-sö-on", 401),
        ("Bearer \udcff\udcfe\udcfd", 401),
        (f"Bearer {'x' * 3_000}", 401),
    ],
)
async def test_the_header_is_read_as_it_is_written(said: str, status: int) -> None:
    async with visiting(BOTH) as visit:
        answer = await visit.get("/api/status", {"Authorization": said})
        assert answer.status == status
        if status == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer ")
            assert READ not in answer.body.decode()


async def test_a_token_in_the_url_opens_nothing() -> None:
    """URLs are kept in histories and in the logs of proxies."""
    async with visiting(BOTH) as visit:
        for name in ("token", "access_token", "Authorization", "read_token"):
            assert (await visit.get(f"/api/status?{name}={READ}")).status == 401
        refused = await visit.get(f"/api/status?token={READ}", bearer(READ))
        assert refused.status == 400
        assert READ not in refused.body.decode()


async def test_no_answer_and_no_event_holds_a_token() -> None:
    async with visiting(BOTH) as visit:
        answers = [
            await visit.get("/api/status", bearer(OPERATE)),
            await visit.get("/api/status", bearer(OPERATE + "!")),
            await visit.post("/api/login", {"token": OPERATE}),
            await visit.post("/api/login", {"token": READ + "?"}),
            await visit.post("/api/login", {"tokn": READ}),
            await visit.post("/api/kill", {"reason": "x"}, bearer(OPERATE)),
        ]
        said = "".join(f"{each.headers} {each.body!r}" for each in answers)
        said += repr(visit.events)
        assert not [token for token in (READ, OPERATE) if token in said]
