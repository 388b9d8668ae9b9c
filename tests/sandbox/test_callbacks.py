"""Status callbacks over HTTP: when they come, what they say, and that nothing waits for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from runner.sandbox import (
    AUTH_TOKEN,
    DEFAULT_START,
    CallPlan,
    ManualClock,
    Person,
    RunningClock,
    Sandbox,
)
from runner.sandbox.callbacks import EVENTS
from runner.sandbox.fetching import Fetcher, NotFetched
from tests.gateway.raw import Request, always, answer
from tests.sandbox.conftest import Http
from tests.sandbox.listener import Listener, listening

SHORT = Person(ring=4_000, talk=65_000)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with listening() as opened:
        yield opened


async def test_a_call_tells_its_whole_life(sandbox: Sandbox, listener: Listener) -> None:
    sid = sandbox.add_call(
        status="queued", direction="outbound-api", person=SHORT, **listener.asked()
    ).sid
    await sandbox.advance(120_000)
    await sandbox.delivered()
    assert listener.statuses == ["initiated", "ringing", "in-progress", "completed"]
    assert [form["SequenceNumber"] for form in listener.forms] == ["0", "1", "2", "3"]
    assert [form["Timestamp"][-14:-6] for form in listener.forms] == [
        *("22:13:21", "22:13:21", "22:13:25", "22:14:30"),
    ]
    due = [entry.at - DEFAULT_START for entry in sandbox.journal.of("callback", sid)]
    assert due == [1_000, 1_000, 5_000, 70_000]
    first, last = listener.requests[0], listener.requests[-1]
    assert (first.method, first.target) == ("POST", "/twilio/status")
    assert first.headers["content-type"] == "application/x-www-form-urlencoded"
    assert first.form == {
        "CallSid": sid,
        "AccountSid": sandbox.account_sid,
        "From": "+14155550199",
        "To": "+14155550100",
        "Caller": "+14155550199",
        "Called": "+14155550100",
        "Direction": "outbound-api",
        "CallStatus": "initiated",
        "ApiVersion": "2010-04-01",
        "Timestamp": "Tue, 14 Nov 2023 22:13:21 +0000",
        "SequenceNumber": "0",
        "CallbackSource": "call-progress-events",
    }
    ends = {"CallDuration": "65", "Duration": "2", "SipResponseCode": "200"}
    assert last.form.items() >= ends.items()
    assert not ends.keys() & {name for form in listener.forms[:-1] for name in form}


@pytest.mark.parametrize(
    ("outcome", "code"), [("busy", "486"), ("no-answer", "487"), ("failed", "404")]
)
async def test_every_end_is_completed(
    sandbox: Sandbox, listener: Listener, outcome: str, code: str
) -> None:
    person = Person(outcome=outcome)  # type: ignore[arg-type]
    sandbox.add_call(status="ringing", person=person, status_callback=listener.url)
    await sandbox.advance(10_000)
    await sandbox.delivered()
    (form,) = listener.forms
    told = {"CallStatus": outcome, "SipResponseCode": code, "CallDuration": "0", "Duration": "0"}
    assert form.items() >= (told | {"SequenceNumber": "0"}).items()


@pytest.mark.parametrize(
    ("status", "age", "told"),
    [
        ("queued", 0, []),
        ("ringing", 0, ["initiated", "ringing"]),
        ("in-progress", 0, ["in-progress"]),
        ("completed", 0, ["completed"]),
        ("ringing", 1_000, []),
        ("in-progress", 1_000, []),
    ],
)
async def test_what_a_call_tells_as_it_appears(
    sandbox: Sandbox, listener: Listener, status: str, age: int, told: list[str]
) -> None:
    sandbox.add_call(status=status, age=age, **listener.asked())
    await sandbox.delivered()
    assert listener.statuses == told


async def test_a_hang_up_by_the_api_is_told_at_once(
    sandbox: Sandbox, http: Http, listener: Listener
) -> None:
    """Without anything that moves the clock afterwards."""
    row = sandbox.add_call(status="queued", **listener.asked("completed"))
    await http.update(row.sid, Status="canceled")
    assert sandbox.undelivered == 1
    await sandbox.delivered()
    assert listener.statuses == ["canceled"]
    assert sandbox.undelivered == 0


async def test_by_get_the_fields_are_in_the_url(sandbox: Sandbox, listener: Listener) -> None:
    url = f"{listener.url}?from=us&x=%2B1"
    sandbox.add_call(status_callback=url, status_callback_method="GET", status="completed")
    await sandbox.delivered()
    (request,) = listener.requests
    assert (request.method, request.body) == ("GET", b"")
    assert request.query.items() >= {"from": "us", "x": "+1", "CallStatus": "completed"}.items()
    assert listener.signed(request, AUTH_TOKEN)


async def test_subaccounts_sign_with_their_own_token(sandbox: Sandbox, listener: Listener) -> None:
    acme = sandbox.add_account("acme", parent="main")
    sandbox.add_call(account="acme", status="completed", status_callback=listener.url)
    await sandbox.delivered()
    (request,) = listener.requests
    assert request.form["AccountSid"] == acme.sid
    assert listener.signed(request, acme.auth_token)
    assert not listener.signed(request, AUTH_TOKEN)


async def test_who_does_not_answer_holds_nothing_up(sandbox: Sandbox, http: Http) -> None:
    """Clock, API and calls go on while the application has a callback in its hands."""
    let_go = asyncio.Event()

    async def slow(_request: Request, writer: asyncio.StreamWriter) -> None:
        await let_go.wait()
        writer.write(answer(204))

    async with listening(slow) as listener:
        row = sandbox.add_call(person=SHORT, **listener.asked())
        await sandbox.advance(120_000)
        assert (await http.fetch(row.sid)).json["status"] == "completed"
        assert sandbox.undelivered == 2
        let_go.set()
        await sandbox.delivered()
        assert listener.statuses == ["in-progress", "completed"]


async def never(_request: Request, _writer: asyncio.StreamWriter) -> None:
    """Takes a callback and says nothing."""
    await asyncio.Event().wait()


async def test_closing_waits_for_nobody() -> None:
    async with listening(never) as listener:
        async with Sandbox(clock=ManualClock()) as sandbox:
            sandbox.add_call(**listener.asked())
            await listener.heard(1)
        assert sandbox.undelivered == 0


async def test_an_answer_has_its_time() -> None:
    fetcher = Fetcher(0.05, afresh=True)
    async with listening(never) as listener:
        with pytest.raises(NotFetched, match=r"no answer within 0\.05 s"):
            await fetcher.ask(listener.url, method="POST", fields={"a": "b"}, token=AUTH_TOKEN)
    await fetcher.close()


async def test_calls_go_on_and_tell_while_the_api_is_away(
    sandbox: Sandbox, listener: Listener
) -> None:
    sandbox.add_call(person=SHORT, status_callback=listener.url)
    await sandbox.go_away()
    await sandbox.advance(120_000)
    await sandbox.delivered()
    assert listener.statuses == ["completed"]
    await sandbox.come_back()


async def test_a_running_clock_tells_by_itself(listener: Listener) -> None:
    async with Sandbox(clock=RunningClock(0, time.monotonic, 1_000)) as sandbox:
        sandbox.add_call(status="ringing", person=SHORT, **listener.asked())
        await listener.heard(4)
    assert listener.statuses == ["initiated", "ringing", "in-progress", "completed"]


async def test_nothing_is_told_before_the_sandbox_is_open(listener: Listener) -> None:
    sandbox = Sandbox(clock=ManualClock())
    sandbox.add_call(**listener.asked())
    async with sandbox:
        await sandbox.delivered()
    assert listener.statuses == ["in-progress"]


@pytest.mark.parametrize("status", [500, 403, 302])
async def test_a_bad_answer_is_a_warning_of_the_call(
    sandbox: Sandbox, http: Http, status: int
) -> None:
    async with listening(always(answer(status, Location="http://192.0.2.1/"))) as listener:
        row = sandbox.add_call(status_callback=listener.url)
        await http.update(row.sid, Status="completed")
        await sandbox.delivered()
        assert len(listener.requests) == 1
    base = f"{http.calls}/{row.sid}/Notifications"
    (notice,) = (await http.ask("GET", f"{base}.json?Log=1")).json["notifications"]
    assert (notice["error_code"], notice["request_url"]) == ("15003", listener.url)
    whole = (await http.ask("GET", f"{base}/{notice['sid']}.json")).json
    assert "CallStatus=completed" in whole["request_variables"]
    (entry,) = sandbox.journal.of("callback", row.sid)
    assert (entry.status, entry.fault) == (status, "")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://192.0.2.1/status", "the sandbox connects to this machine only"),
        ("https://example.com/status", "the sandbox connects to this machine only"),
        ("http://127.0.0.1:1/status", "ClientConnectorError"),
    ],
)
async def test_nobody_there(sandbox: Sandbox, url: str, why: str) -> None:
    sandbox.add_call(id="a", status="completed", status_callback=url)
    await sandbox.delivered()
    (fault,) = [line.text for line in sandbox.world.transcript("a") if line.kind == "fault"]
    assert fault.startswith(f"15003 {url}: {why}")
    (entry,) = sandbox.journal
    assert (entry.request.path, entry.status) == (url, None)


async def test_the_journal_shows_callbacks_by_account(
    sandbox: Sandbox, http: Http, listener: Listener
) -> None:
    sandbox.add_account("acme", parent="main")
    sandbox.add_call(id="a", account="acme", status="completed", status_callback=listener.url)
    sandbox.add_call(id="b", status="completed", status_callback=listener.url)
    await sandbox.delivered()
    path = "/sandbox/journal?kind=callback&account=acme"
    (shown,) = (await http.ask("GET", path, headers={})).json["requests"]
    assert (shown["method"], shown["path"], shown["status"]) == ("POST", listener.url, 204)
    assert shown["form"] in listener.forms
    assert AUTH_TOKEN not in str(shown)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status_callback": "nowhere"}, "URL"),
        ({"status_callback": "http://a_b.example/"}, "URL"),
        ({"status_callback_method": "PUT"}, "GET or POST"),
        ({"status_callback_event": ("answered", "busy")}, "'busy'"),
    ],
)
async def test_what_can_not_be_told_is_refused(
    sandbox: Sandbox, fields: dict[str, Any], words: str
) -> None:
    plan: dict[str, Any] = {"status_callback": "http://127.0.0.1:1/", **fields}
    for add in (sandbox.add_call, lambda **given: sandbox.schedule([CallPlan(**given)])):
        with pytest.raises(ValueError, match=words):
            add(**plan)
    assert len(sandbox.world.shelf) == 0


async def test_who_asks_for_nothing_costs_nothing(sandbox: Sandbox) -> None:
    for number in range(200):
        sandbox.add_call(id=str(number), person=Person(talk=1_000 * number))
    await sandbox.advance(300_000)
    assert (len(sandbox.journal), sandbox.undelivered, sandbox.world.posts) == (0, 0, [])
    assert all(sandbox.world.leg(str(number)).callback is None for number in range(200))
    assert set(EVENTS) == {"initiated", "ringing", "answered", "completed"}
