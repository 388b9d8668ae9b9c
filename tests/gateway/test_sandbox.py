"""The real SDK against the sandbox: what a poll and an action bring, and each fault on the line."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from runner.actions.composing import compose, update_of
from runner.engine.ports import (
    AccessRefused,
    CallQuery,
    Gateway,
    GatewayError,
    NoAnswer,
    NoSuchCall,
    NotProcessed,
    Refused,
    Throttled,
)
from runner.gateway.credentials import Credentials
from runner.gateway.twilio import open_gateway
from runner.model import Action, Update
from runner.problems import Position
from runner.sandbox import API_KEY, API_SECRET, ManualClock, Sandbox
from runner.settings import TwilioSettings

HERE = Position("test", 1, 1)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


@pytest.fixture
async def gateway(sandbox: Sandbox) -> AsyncIterator[Gateway]:
    opened = open_gateway(
        Credentials(sandbox.account_sid, sandbox.account_sid, sandbox.auth_token),
        TwilioSettings(api_base=sandbox.url, page_size=3, read_timeout=200),
    )
    yield opened
    await opened.close()


async def test_a_poll_brings_every_call_of_the_statuses_asked_for(
    sandbox: Sandbox, gateway: Gateway
) -> None:
    rows = [sandbox.add_call(age=number * 1_000) for number in range(7)]
    ringing = sandbox.add_call(status="ringing", direction="outbound-api")
    sandbox.add_call(status="queued", direction="outbound-api")
    listing = await gateway.list_calls(CallQuery(("ringing", "in-progress")))
    assert {call.sid for call in listing.calls} == {row.sid for row in (*rows, ringing)}
    assert {call.status for call in listing.calls} == {"ringing", "in-progress"}
    assert listing.server_time == sandbox.clock.now()
    assert listing.requests == 4, "three pages of seven calls, one of one"


async def test_filters_reach_the_server(sandbox: Sandbox, gateway: Gateway) -> None:
    wanted = sandbox.add_call(to="+14155550111", from_="+14155550122")
    sandbox.add_call(to="+14155550111")
    sandbox.add_call(from_="+14155550122")
    query = CallQuery(("in-progress",), to="+14155550111", from_="+14155550122")
    (call,) = (await gateway.list_calls(query)).calls
    assert call.sid == wanted.sid


async def test_an_api_key_opens_the_account_too(sandbox: Sandbox) -> None:
    credentials = Credentials(sandbox.account_sid, API_KEY, API_SECRET)
    gateway = open_gateway(credentials, TwilioSettings(api_base=sandbox.url))
    try:
        assert (await gateway.list_calls(CallQuery())).calls == ()
    finally:
        await gateway.close()


async def test_wrong_credentials_open_nothing(sandbox: Sandbox) -> None:
    credentials = Credentials(sandbox.account_sid, sandbox.account_sid, "wrong")
    gateway = open_gateway(credentials, TwilioSettings(api_base=sandbox.url))
    try:
        with pytest.raises(AccessRefused, match="20003") as raised:
            await gateway.list_calls(CallQuery())
        assert "account SID" in raised.value.hint
    finally:
        await gateway.close()


async def test_a_say_is_heard_and_the_call_ends_after_it(
    sandbox: Sandbox, gateway: Gateway
) -> None:
    row = sandbox.add_call()
    update = update_of(compose([Action("say", {"text": "Über & out"}, HERE)]))
    assert update is not None
    call = await gateway.update_call(row.sid, update)
    assert (call.sid, call.status) == (row.sid, "in-progress")
    (entry,) = sandbox.journal.of("update", row.sid)
    assert entry.request.form == {"Twiml": "<Response><Say>Über &amp; out</Say></Response>"}
    await sandbox.advance(60_000)
    assert (await gateway.fetch_call(row.sid)).status == "completed"


async def test_a_hangup_is_final_and_a_redirect_after_it_is_refused(
    sandbox: Sandbox, gateway: Gateway
) -> None:
    row = sandbox.add_call()
    assert (await gateway.update_call(row.sid, Update(status="completed"))).status == "completed"
    with pytest.raises(Refused, match="21220") as raised:
        await gateway.update_call(row.sid, Update(url="https://example.com/menu", method="POST"))
    assert (raised.value.status, raised.value.code) == (400, 21220)
    assert "over already" in raised.value.hint


async def test_a_call_nobody_knows(gateway: Gateway) -> None:
    with pytest.raises(NoSuchCall) as raised:
        await gateway.fetch_call("CA" + "9" * 32)
    assert (raised.value.status, raised.value.code) == (404, 20404)


@pytest.mark.parametrize(
    ("fault", "kind", "takes_effect"),
    [
        ("401", AccessRefused, False),
        ("403", AccessRefused, False),
        ("429", Throttled, False),
        ("500", NoAnswer, False),
        ("503", NoAnswer, False),
        ("hang", NoAnswer, False),
        ("reset-before", NoAnswer, False),
        ("hang-after", NoAnswer, True),
        ("reset-after", NoAnswer, True),
        ("malformed", NoAnswer, True),
        ("html", NoAnswer, True),
        ("truncated", NoAnswer, True),
    ],
)
async def test_every_fault_tells_whether_it_may_have_taken_effect(
    sandbox: Sandbox,
    gateway: Gateway,
    fault: str,
    kind: type[GatewayError],
    takes_effect: bool,
) -> None:
    row = sandbox.add_call()
    sandbox.set_fault(fault, on=("update",), times=1)
    with pytest.raises(kind) as raised:
        await gateway.update_call(row.sid, Update(status="completed"))
    assert type(raised.value) is kind
    assert len(sandbox.journal.of("update")) == 1, "an update is never sent twice"
    ended = (await gateway.fetch_call(row.sid)).status == "completed"
    assert ended is takes_effect


async def test_429_says_when_to_come_back(sandbox: Sandbox, gateway: Gateway) -> None:
    sandbox.set_fault("429", on=("list",), times=1, retry_after=7)
    with pytest.raises(NotProcessed) as raised:
        await gateway.list_calls(CallQuery(("in-progress",)))
    assert raised.value.retry_after == 7_000
    assert (await gateway.list_calls(CallQuery(("in-progress",)))).calls == ()
