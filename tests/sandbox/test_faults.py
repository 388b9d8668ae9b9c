"""Faults: each one as a client meets it, how often it strikes, and what was processed."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from runner.sandbox import Fault, Sandbox
from runner.sandbox.faults import KINDS, NAMES, Faults
from runner.sandbox.routes import ROUTES
from tests.sandbox.conftest import Http


@pytest.mark.parametrize(
    ("name", "code"), [("401", 20003), ("403", 20403), ("429", 20429), ("500", 20500)]
)
async def test_refusals_do_nothing_else(sandbox: Sandbox, http: Http, name: str, code: int) -> None:
    row = sandbox.add_call()
    sandbox.set_fault(name, times=1, on=("update",))
    assert (await http.page()).status == 200
    reply = await http.update(row.sid, Status="completed")
    assert (reply.status, reply.json["code"]) == (int(name), code)
    assert "Retry-After" not in reply.headers
    assert sandbox.world.call(row.sid).live
    assert (await http.update(row.sid, Status="completed")).status == 200


async def test_retry_after(sandbox: Sandbox, http: Http) -> None:
    sandbox.set_fault("503", retry_after=7)
    assert (await http.page()).headers["Retry-After"] == "7"


@pytest.mark.parametrize(
    ("name", "status"), [("reset-before", "in-progress"), ("reset-after", "completed")]
)
async def test_a_reset_before_and_after(
    sandbox: Sandbox, http: Http, name: str, status: str
) -> None:
    row = sandbox.add_call()
    sandbox.set_fault(name, times=1)
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        await http.update(row.sid, Status="completed")
    assert sandbox.world.call(row.sid).status == status
    (entry,) = sandbox.journal
    assert (entry.status, entry.fault) == (None, name)


@pytest.mark.parametrize(("name", "status"), [("hang", "in-progress"), ("hang-after", "completed")])
async def test_no_answer_at_all(sandbox: Sandbox, http: Http, name: str, status: str) -> None:
    row = sandbox.add_call()
    sandbox.set_fault(name, times=1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(http.update(row.sid, Status="completed"), 0.1)
    assert sandbox.world.call(row.sid).status == status


async def test_closing_lets_go_of_hanging_requests(sandbox: Sandbox, http: Http) -> None:
    sandbox.set_fault("hang")
    waiting = asyncio.ensure_future(http.page())
    await asyncio.sleep(0.1)
    assert len(sandbox.journal) == 1
    await sandbox.close()
    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_slow(sandbox: Sandbox, http: Http) -> None:
    sandbox.set_fault("slow", seconds=0.2)
    begun = time.monotonic()
    assert (await http.page()).status == 200
    assert time.monotonic() - begun >= 0.2


async def test_answers_that_are_no_answers(sandbox: Sandbox, http: Http) -> None:
    sandbox.set_fault("malformed", times=1)
    with pytest.raises(ValueError, match="Expecting"):
        _ = (await http.page()).json
    sandbox.set_fault("html", times=1)
    reply = await http.page()
    assert (reply.status, reply.headers["Content-Type"]) == (502, "text/html")
    sandbox.set_fault("truncated", times=1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await http.page()
    assert (await http.page()).status == 200


async def test_clock_skew_moves_the_date_header_only(sandbox: Sandbox, http: Http) -> None:
    sandbox.set_fault("skew", seconds=-20)
    assert (await http.page()).headers["Date"] == "Tue, 14 Nov 2023 22:13:00 GMT"
    assert sandbox.journal.of("list")[0].at == sandbox.clock.now()


async def test_too_early_refuses_the_next_updates(sandbox: Sandbox, http: Http) -> None:
    row = sandbox.add_call()
    sandbox.set_fault("too-early", times=2)
    replies = [await http.update(row.sid, Twiml="<Response/>") for _ in range(3)]
    assert [reply.status for reply in replies] == [400, 400, 200]
    assert replies[0].json["code"] == 21220


async def test_a_stale_list_shows_what_was(sandbox: Sandbox, http: Http) -> None:
    ended = sandbox.add_call()
    await sandbox.advance(10_000)
    await http.update(ended.sid, Status="completed")
    sandbox.add_call()
    sandbox.set_fault("stale", seconds=5)
    calls = (await http.page(Status="in-progress")).json["calls"]
    assert [call["sid"] for call in calls] == [ended.sid]
    assert (await http.fetch(ended.sid)).json["status"] == "completed"
    await sandbox.advance(6_000)
    assert len((await http.page(Status="in-progress")).json["calls"]) == 1
    assert (await http.page(Status="completed")).json["calls"][0]["sid"] == ended.sid


async def test_faults_beside_one_that_spoils(sandbox: Sandbox, http: Http) -> None:
    sandbox.set_fault("skew", seconds=60)
    sandbox.set_fault("429")
    sandbox.set_fault("500")
    reply = await http.page()
    assert (reply.status, reply.headers["Date"]) == (429, "Tue, 14 Nov 2023 22:14:20 GMT")


def test_chances_come_from_the_seed() -> None:
    def hits(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.set(Fault("500", chance=0.3))
        return [faults.take("list").name == "500" for _ in range(1_000)]

    assert hits(1) == hits(1) != hits(2)
    assert 250 < sum(hits(1)) < 350


def test_faults_are_cleared_by_number_or_all() -> None:
    faults = Faults()
    first, second = faults.set(Fault("500")), faults.set(Fault("429", times=3))
    faults.clear([first])
    assert faults.take("fetch").name == "429"
    assert list(faults.active()) == [second]
    faults.clear()
    assert faults.take("fetch").name == ""


@pytest.mark.parametrize(("name", "on"), [("418", KINDS), ("500", ("poll",))])
def test_an_unknown_name_is_refused(name: str, on: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="there are"):
        Fault(name, on=on)


def test_every_fault_has_a_place() -> None:
    assert len(set(NAMES)) == len(NAMES) == 25


async def test_what_hangs_below_a_call_is_struck_like_updates(sandbox: Sandbox, http: Http) -> None:
    sid = sandbox.add_call().sid
    path = f"{http.calls}/{sid}/Recordings.json"
    sandbox.set_fault("500", on=("side",), times=1)
    assert (await http.ask("GET", path)).status == 200
    assert (await http.update(sid, TimeLimit="60")).status == 200
    assert (await http.ask("POST", path)).status == 500
    assert (await http.ask("GET", path)).json["recordings"] == []
    sandbox.set_fault("reset-after", on=("side",), times=1)
    with pytest.raises((aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)):
        await http.ask("POST", path)
    [recording] = (await http.ask("GET", path)).json["recordings"]
    assert recording["status"] == "in-progress"
    sandbox.set_fault("too-early", on=("side",), times=1)
    early = await http.ask("POST", f"{http.calls}/{sid}/Streams.json", data={"Url": "wss://a/"})
    assert (early.status, early.json["code"]) == (400, 21220)
    sandbox.set_fault("429", on=("read",), times=1)
    assert (await http.ask("GET", path)).status == 429
    kinds = [entry.request.kind for entry in sandbox.journal]
    assert kinds == ["read", "update", "side", "read", "side", "read", "side", "read"]
    assert [entry.request.sid for entry in sandbox.journal.of("side")] == [sid] * 3


async def test_every_kind_of_request_can_be_struck(sandbox: Sandbox, http: Http) -> None:
    for route in ROUTES:
        sandbox.set_fault("503", on=(route.kind,), times=1)
        tail = route.shape.replace("*", "CA" + "0" * 32)
        path = f"/2010-04-01/Accounts/{sandbox.account_sid}/{tail}.json"
        assert (await http.ask(route.method, path)).status == 503, route
    assert {*(route.kind for route in ROUTES), "accounts"} == set(KINDS)
    assert not sandbox.faults.active()
