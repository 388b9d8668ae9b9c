"""User-defined messages: sent once for each key, subscribed to, and only during a call."""

from __future__ import annotations

import pytest

from runner.sandbox import Sandbox
from tests.sandbox.conftest import Http
from tests.sandbox.under import Under, refused

WHAT = "UserDefinedMessages"
SUBSCRIPTIONS = "UserDefinedMessageSubscriptions"
CONTENT = '{"say": "h\\u00e9 \\"you\\" & <them>"}'


@pytest.fixture
def call(sandbox: Sandbox, http: Http) -> Under:
    return Under(sandbox, http, sandbox.add_call(id="call").sid)


async def test_a_message_is_sent(call: Under) -> None:
    reply = await call.post(WHAT, Content=CONTENT)
    assert reply.status == 201
    assert (reply.json["call_sid"], reply.json["sid"][:2]) == (call.sid, "KX")
    assert call.lines("message") == [CONTENT]


async def test_the_same_key_is_the_same_message(call: Under) -> None:
    first = await call.post(WHAT, Content=CONTENT, IdempotencyKey="one")
    await call.sandbox.advance(60_000)
    again = await call.post(WHAT, Content=CONTENT, IdempotencyKey="one")
    assert (again.status, again.json) == (first.status, first.json)
    other = await call.post(WHAT, Content=CONTENT, IdempotencyKey="two")
    assert other.json["sid"] != first.json["sid"]
    assert call.lines("message") == [CONTENT] * 2


async def test_without_a_key_each_is_a_new_one(call: Under) -> None:
    sids = {(await call.post(WHAT, Content="{}")).json["sid"] for _ in range(3)}
    assert len(sids) == len(call.lines("message")) == 3


async def test_keys_are_each_calls_own(sandbox: Sandbox, http: Http, call: Under) -> None:
    other = Under(sandbox, http, sandbox.add_call().sid)
    for each in (call, other):
        await each.post(WHAT, Content="{}", IdempotencyKey="one")
    assert call.lines("message") == other.lines("message") == ["{}"]


@pytest.mark.parametrize("form", [{}, {"Content": ""}, {"Content": "{not json"}])
async def test_what_is_no_json_is_refused(call: Under, form: dict[str, str]) -> None:
    assert refused(await call.ask("POST", WHAT, data=form)) == (400, 20001)
    assert call.lines("message") == []


@pytest.mark.parametrize("status", ["queued", "ringing", "completed"])
async def test_only_a_conversation_hears_them(sandbox: Sandbox, http: Http, status: str) -> None:
    call = Under(sandbox, http, sandbox.add_call(status=status).sid)
    assert refused(await call.post(WHAT, Content="{}")) == (400, 21220)
    told = await call.post(SUBSCRIPTIONS, Callback="https://app.example/told")
    assert refused(told) == (400, 21220)


async def test_a_subscription_is_made_and_ended(call: Under) -> None:
    form = {"Callback": "https://app.example/told", "IdempotencyKey": "one", "Method": "GET"}
    made = await call.ask("POST", SUBSCRIPTIONS, data=form)
    again = await call.ask("POST", SUBSCRIPTIONS, data=form)
    assert (made.status, again.status) == (201, 201)
    assert made.json == again.json
    sid = made.json["sid"]
    assert sid.startswith("ZY")
    gone = await call.ask("DELETE", SUBSCRIPTIONS, sid)
    assert (gone.status, gone.text) == (204, "")
    assert refused(await call.ask("DELETE", SUBSCRIPTIONS, sid)) == (404, 20404)
    told = "https://app.example/told"
    assert call.lines("subscribes") == [f"started: {told}", f"stopped: {told}"]


async def test_subscriptions_end_with_the_call(call: Under) -> None:
    made = await call.post(SUBSCRIPTIONS, Callback="https://app.example/told")
    await call.http.update(call.sid, Status="completed")
    assert call.lines("subscribes")[1:] == ["stopped: https://app.example/told"]
    gone = await call.ask("DELETE", SUBSCRIPTIONS, made.json["sid"])
    assert refused(gone) == (404, 20404)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, 20001),
        ({"Callback": "http://a_b/"}, 21609),
        ({"Callback": "https://a/", "Method": "PUT"}, 21209),
    ],
)
async def test_subscribing_refuses(call: Under, form: dict[str, str], code: int) -> None:
    assert refused(await call.ask("POST", SUBSCRIPTIONS, data=form)) == (400, code)
