"""Payments on a call: a session is opened, told what to ask the caller for, and closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runner.sandbox.below import Payment, below, place
from runner.sandbox.dates import rfc2822
from runner.sandbox.errors import invalid, not_found, wrong_state
from runner.sandbox.exchange import Answer, Exchange, shown
from runner.sandbox.forms import needed, one_of

METHODS = ("credit-card", "ach-debit")
ACCOUNTS = ("consumer-checking", "consumer-savings", "commercial-checking")
TOKENS = ("one-time", "reusable", "payment-method")
_TWICE = ("payment-card-number", "expiration-date", "security-code", "postal-code")
CAPTURES = (
    *(*_TWICE, "bank-routing-number", "bank-account-number"),
    *(f"{each}-matcher" for each in _TWICE),
)
#: An amount is less than this.
MOST = 1_000_000


def create(exchange: Exchange) -> Answer:
    """Opens a session. One that comes again with its key is answered as before."""
    leg, form = exchange.spoken(), exchange.form
    key = needed(form, "IdempotencyKey")
    needed(form, "StatusCallback")
    _check(form)
    known = below(leg).payments
    for payment in known.values():
        if payment.keys[0] == key:
            return shown(_render(exchange, payment), 201)
    sid, order = place(exchange.world, leg, "PK")
    known[sid] = Payment(sid, order, exchange.world.now, (key,))
    amount = form.get("ChargeAmount") or "0"
    exchange.world.note(leg, "pays", f"started: {amount} {form.get('Currency') or 'USD'}")
    return shown(_render(exchange, known[sid]), 201)


def _check(form: Mapping[str, str]) -> None:
    one_of(form, "PaymentMethod", METHODS, METHODS[0])
    one_of(form, "BankAccountType", ACCOUNTS, ACCOUNTS[0])
    one_of(form, "TokenType", TOKENS, TOKENS[1])
    one_of(form, "Input", ("dtmf",), "dtmf")
    for flag in ("PostalCode", "SecurityCode", "Confirmation"):
        one_of(form, flag, ("true", "false"), "true")
    amount = form.get("ChargeAmount") or "0"
    whole, _, rest = amount.partition(".")
    if not (whole + rest).isdecimal() or not amount.isascii() or float(amount) >= MOST:
        raise invalid("ChargeAmount", f"{amount} is no amount below {MOST}")


def update(exchange: Exchange) -> Answer:
    """Asks the caller for something, or closes the session. The same key does it once."""
    leg, form = exchange.spoken(), exchange.form
    key = needed(form, "IdempotencyKey")
    needed(form, "StatusCallback")
    known = below(leg).payments
    payment = known.get(exchange.request.below)
    if payment is None:
        raise not_found(exchange.request.path)
    if key not in payment.keys[1:]:
        status, told = _asked(form)
        if not payment.open:
            raise wrong_state(f"The payment is over: {payment.status}.")
        exchange.world.note(leg, "pays", told)
        now, keys = exchange.world.now, (*payment.keys, key)
        payment = replace(payment, updated=now, keys=keys, status=status)
        known[payment.sid] = payment
    return shown(_render(exchange, payment), 202)


def _asked(form: Mapping[str, str]) -> tuple[str, str]:
    """The status afterwards, and what the transcript says."""
    capture, status = form.get("Capture"), form.get("Status")
    if bool(capture) == bool(status):
        raise invalid("Capture", "send either Capture or Status")
    if capture:
        return "", f"asks for {one_of(form, 'Capture', CAPTURES)}"
    return one_of(form, "Status", ("complete", "cancel")), f"{status}"


def _render(exchange: Exchange, payment: Payment) -> dict[str, Any]:
    call = exchange.request.sid
    return {
        "account_sid": exchange.world.account_sid,
        "call_sid": call,
        "sid": payment.sid,
        "date_created": rfc2822(payment.order[0]),
        "date_updated": rfc2822(payment.updated),
        "uri": f"{exchange.base}/Calls/{call}/Payments/{payment.sid}.json",
    }
