"""Payments on a call: opened once for each key, told what to ask for, closed, ended with it."""

from __future__ import annotations

from typing import Any

import pytest

from runner.sandbox import Sandbox
from runner.sandbox.payment_pages import ACCOUNTS, CAPTURES, METHODS, TOKENS
from tests.sandbox import openapi
from tests.sandbox.conftest import Http
from tests.sandbox.sdk import using
from tests.sandbox.under import Under, refused

TOLD = "https://app.example/paid"


@pytest.fixture
def call(sandbox: Sandbox, http: Http) -> Under:
    return Under(sandbox, http, sandbox.add_call(id="call").sid)


async def opened(call: Under, key: str = "one", **form: str) -> str:
    reply = await call.post("Payments", IdempotencyKey=key, StatusCallback=TOLD, **form)
    assert reply.status == 201, reply.text
    return str(reply.json["sid"])


async def test_a_payment_is_taken(call: Under) -> None:
    sid = await opened(call, ChargeAmount="20.45", Currency="EUR")
    for key, form in enumerate(({"Capture": "payment-card-number"}, {"Status": "complete"})):
        reply = await call.post(
            "Payments", sid, IdempotencyKey=str(key), StatusCallback=TOLD, **form
        )
        assert (reply.status, reply.json["sid"]) == (202, sid)
    assert call.lines("pays") == [
        "started: 20.45 EUR",
        "asks for payment-card-number",
        "complete",
    ]
    late = await call.post(
        "Payments", sid, IdempotencyKey="x", StatusCallback=TOLD, Status="cancel"
    )
    assert refused(late) == (400, 21220)


async def test_the_same_key_does_nothing_twice(call: Under) -> None:
    sid = await opened(call)
    assert await opened(call) == sid
    assert await opened(call, "two") != sid
    for _ in range(2):
        form = {"IdempotencyKey": "a", "StatusCallback": TOLD, "Status": "cancel"}
        assert (await call.post("Payments", sid, **form)).status == 202
    assert call.lines("pays") == ["started: 0 USD", "started: 0 USD", "cancel"]


async def test_payments_end_with_the_call(call: Under) -> None:
    await opened(call)
    await call.http.update(call.sid, Status="completed")
    assert call.lines("pays") == ["started: 0 USD", "cancel"]
    late = await call.post("Payments", IdempotencyKey="two", StatusCallback=TOLD)
    assert refused(late) == (400, 21220)


@pytest.mark.parametrize(
    "form",
    [
        {"IdempotencyKey": ""},
        {"StatusCallback": ""},
        {"ChargeAmount": "-1"},
        {"ChargeAmount": "1e3"},
        {"ChargeAmount": "1000000"},
        {"ChargeAmount": "\u0661"},
        {"PaymentMethod": "cash"},
        {"BankAccountType": "secret"},
        {"TokenType": "coin"},
        {"Input": "speech"},
        {"PostalCode": "perhaps"},
    ],
)
async def test_opening_refuses(call: Under, form: dict[str, str]) -> None:
    whole = {"IdempotencyKey": "one", "StatusCallback": TOLD} | form
    assert refused(await call.ask("POST", "Payments", data=whole)) == (400, 20001)
    assert call.lines("pays") == []


@pytest.mark.parametrize(
    "form",
    [{}, {"Capture": "pin"}, {"Status": "done"}, {"Status": "cancel", "Capture": "postal-code"}],
)
async def test_an_update_refuses(call: Under, form: dict[str, str]) -> None:
    sid = await opened(call)
    whole = {"IdempotencyKey": "two", "StatusCallback": TOLD} | form
    assert refused(await call.ask("POST", "Payments", sid, data=whole)) == (400, 20001)
    bare = await call.ask("POST", "Payments", sid, data={"Status": "cancel"})
    assert refused(bare) == (400, 20001)
    nowhere = {"IdempotencyKey": "t", "StatusCallback": TOLD, "Status": "cancel"}
    assert refused(await call.post("Payments", "PK" + "0" * 32, **nowhere)) == (404, 20404)
    assert call.lines("pays") == ["started: 0 USD"]


@pytest.mark.skipif(openapi.document() is None, reason="Twilio's document is not here")
def test_the_words_are_the_documents() -> None:
    create = openapi.properties(openapi.form("/{CallSid}/Payments.json"))
    update = openapi.properties(openapi.form("/{CallSid}/Payments/{Sid}.json"))
    assert create["PaymentMethod"]["enum"] == list(METHODS)
    assert create["BankAccountType"]["enum"] == list(ACCOUNTS)
    assert create["TokenType"]["enum"] == list(TOKENS)
    assert set(update["Capture"]["enum"]) == set(CAPTURES)


async def test_the_sdk_takes_payments(sandbox: Sandbox) -> None:
    sid = sandbox.add_call(id="call").sid

    def deed(client: Any) -> None:
        payments = client.calls(sid).payments
        made = payments.create(idempotency_key="one", status_callback=TOLD, charge_amount=12.5)
        asked = payments(made.sid).update(
            idempotency_key="two", status_callback=TOLD, capture="security-code"
        )
        assert asked.sid == made.sid

    await using(sandbox, deed)
    lines = [line.text for line in sandbox.world.transcript("call") if line.kind == "pays"]
    assert lines == ["started: 12.5 USD", "asks for security-code"]
