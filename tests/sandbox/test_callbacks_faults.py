"""Callbacks that come late, twice, in the wrong order, wrongly signed or never."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from runner.sandbox import AUTH_TOKEN, Fault, Person, Sandbox
from runner.sandbox.faults import CALLBACKS
from tests.sandbox.conftest import Http
from tests.sandbox.listener import Listener, listening

PERSON = Person(ring=4_000, talk=10_000)
LIFE = ["initiated", "ringing", "in-progress", "completed"]


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with listening() as opened:
        yield opened


async def live(sandbox: Sandbox, listener: Listener, *events: str, **fields: Any) -> str:
    """A call's whole life, told. Returns its SID."""
    asked = listener.asked(*events)
    row = sandbox.add_call(status="ringing", person=PERSON, **asked, **fields)
    await sandbox.advance(60_000)
    await sandbox.delivered()
    return row.sid


def written(sandbox: Sandbox) -> list[tuple[str, int | None, str]]:
    """The journal's lines: what was told, what was answered, what went wrong."""
    return [
        (entry.request.form["CallStatus"], entry.status, entry.fault)
        for entry in sandbox.journal.of("callback")
    ]


async def test_lost(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.set_fault("callback-lost", times=2)
    await live(sandbox, listener)
    assert listener.statuses == LIFE[2:]
    assert [form["SequenceNumber"] for form in listener.forms] == ["2", "3"]
    assert written(sandbox)[:2] == [(status, None, "callback-lost") for status in LIFE[:2]]


async def test_twice_is_the_same_to_the_byte(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.set_fault("callback-twice", times=1)
    await live(sandbox, listener)
    assert listener.statuses == ["initiated", *LIFE]
    first, again, *_ = listener.requests
    assert (first.target, first.body, first.headers) == (again.target, again.body, again.headers)
    assert listener.signed(again, AUTH_TOKEN)
    assert written(sandbox)[:2] == [("initiated", 204, ""), ("initiated", 204, "callback-twice")]


async def test_late_by_the_sandbox_clock(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.set_fault("callback-late", times=1, seconds=30)
    start = sandbox.clock.now()
    sandbox.add_call(status="completed", status_callback=listener.url)
    await sandbox.advance(29_999)
    await sandbox.delivered()
    assert listener.requests == []
    await sandbox.advance(1)
    await sandbox.delivered()
    (form,) = listener.forms
    assert form["Timestamp"] == "Tue, 14 Nov 2023 22:13:20 +0000"
    (entry,) = sandbox.journal.of("callback")
    assert entry.at == start + 30_000


async def test_a_late_one_is_overtaken_and_struck_once(
    sandbox: Sandbox, listener: Listener
) -> None:
    sandbox.set_fault("callback-late", times=1, seconds=6)
    sandbox.set_fault("callback-twice", times=1)
    await live(sandbox, listener)
    assert listener.statuses == ["ringing", "in-progress", "initiated", "initiated", "completed"]


async def test_behind_the_next_one(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.set_fault("callback-behind", times=1)
    await live(sandbox, listener)
    assert listener.statuses == ["ringing", "initiated", "in-progress", "completed"]
    assert written(sandbox)[1] == ("initiated", 204, "callback-behind")


async def test_behind_never_loses_one(sandbox: Sandbox, listener: Listener) -> None:
    """What nothing follows goes as it is, and what waits goes with the end at the latest."""
    sandbox.set_fault("callback-behind")
    await live(sandbox, listener)
    assert listener.statuses == ["completed", "initiated", "ringing", "in-progress"]
    await live(sandbox, listener, "answered")
    assert listener.statuses[4:] == ["in-progress"]


async def test_forged(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.set_fault("callback-forged", times=1)
    await live(sandbox, listener)
    signed = [listener.signed(request, AUTH_TOKEN) for request in listener.requests]
    assert signed == [False, True, True, True]
    assert written(sandbox)[0] == ("initiated", 204, "callback-forged")


async def test_by_account_and_by_chance(sandbox: Sandbox, listener: Listener) -> None:
    acme = sandbox.add_account("acme", parent="main")
    sandbox.set_fault("callback-lost", account="acme")
    await live(sandbox, listener, account="acme")
    await live(sandbox, listener)
    assert {form["AccountSid"] for form in listener.forms} == {sandbox.account_sid}
    sandbox.faults.clear()
    sandbox.set_fault("callback-lost", chance=0.5, seed=1)
    for _ in range(40):
        sandbox.add_call(account=acme.sid, status="completed", status_callback=listener.url)
    await sandbox.delivered()
    assert 10 < len(listener.requests) - len(LIFE) < 30


@pytest.mark.parametrize("name", CALLBACKS)
async def test_requests_do_not_meet_them(sandbox: Sandbox, http: Http, name: str) -> None:
    number = sandbox.set_fault(name, times=1)
    row = sandbox.add_call()
    assert (await http.page()).status == 200
    assert (await http.update(row.sid, Status="completed")).status == 200
    assert sandbox.faults.active()[number] == Fault(name, times=1)


async def test_callbacks_do_not_meet_those_of_requests(
    sandbox: Sandbox, listener: Listener
) -> None:
    for name in ("500", "lost", "slow", "hang"):
        sandbox.set_fault(name, seconds=1)
    await live(sandbox, listener)
    assert listener.statuses == LIFE


async def test_the_control_api_sets_them(sandbox: Sandbox, http: Http, listener: Listener) -> None:
    fault = {"name": "callback-late", "seconds": 5, "times": 1}
    reply = await http.ask("POST", "/sandbox/faults", headers={}, json=fault)
    assert reply.status == 201
    call = {"status": "completed", "status_callback": listener.url}
    made = await http.ask("POST", "/sandbox/calls", headers={}, json={"calls": [call]})
    assert made.status == 201
    assert listener.requests == []
    await http.ask("POST", "/sandbox/clock", headers={}, json={"move": "5s"})
    await sandbox.delivered()
    assert listener.statuses == ["completed"]
