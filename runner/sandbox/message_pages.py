"""User-defined messages of a call: sent to the other end's application, or subscribed to."""

from __future__ import annotations

import json
from typing import Any

from runner.sandbox.below import Posted, below, place
from runner.sandbox.dates import rfc2822
from runner.sandbox.errors import ApiError, invalid, not_found
from runner.sandbox.exchange import GONE, Answer, Exchange, shown
from runner.sandbox.forms import method_of, needed, usable


def send(exchange: Exchange) -> Answer:
    """Sends a message. One that comes again with its key is answered as before, not sent again."""
    leg = exchange.spoken()
    content = needed(exchange.form, "Content")
    try:
        json.loads(content)
    except ValueError:
        raise invalid("Content", "it is not JSON") from None
    known = below(leg).messages
    message = _before(exchange, known)
    if message is None:
        message = _keep(exchange, known, "KX")
        exchange.world.note(leg, "message", content)
    return shown(_render(exchange, message), 201)


def subscribe(exchange: Exchange) -> Answer:
    """Lets a URL be told of the messages that come from the other end."""
    leg = exchange.spoken()
    callback = needed(exchange.form, "Callback")
    method_of(exchange.form, "Method")
    if not usable(callback):
        raise ApiError(400, 21609, f"Callback is not a valid URL: {callback}")
    known = below(leg).subscriptions
    subscription = _before(exchange, known)
    if subscription is None:
        subscription = _keep(exchange, known, "ZY")
        exchange.world.note(leg, "subscribes", f"started: {callback}")
    return shown(_subscription(exchange, subscription), 201)


def unsubscribe(exchange: Exchange) -> Answer:
    """Ends a subscription."""
    leg = exchange.leg()
    known = below(leg).subscriptions
    if exchange.request.below not in known:
        raise not_found(exchange.request.path)
    gone = known.pop(exchange.request.below)
    exchange.world.note(leg, "subscribes", f"stopped: {gone.form['Callback']}")
    return GONE


def _before(exchange: Exchange, known: dict[str, Posted]) -> Posted | None:
    """What was posted with the same key."""
    key = exchange.form.get("IdempotencyKey")
    if not key:
        return None
    return next((each for each in known.values() if each.form.get("IdempotencyKey") == key), None)


def _keep(exchange: Exchange, known: dict[str, Posted], prefix: str) -> Posted:
    sid, order = place(exchange.world, exchange.leg(), prefix)
    known[sid] = Posted(sid, order, dict(exchange.form))
    return known[sid]


def _render(exchange: Exchange, posted: Posted) -> dict[str, Any]:
    return {
        "account_sid": exchange.world.account_sid,
        "call_sid": exchange.request.sid,
        "sid": posted.sid,
        "date_created": rfc2822(posted.order[0]),
    }


def _subscription(exchange: Exchange, posted: Posted) -> dict[str, Any]:
    path = f"{exchange.base}/Calls/{exchange.request.sid}/UserDefinedMessageSubscriptions"
    return _render(exchange, posted) | {"uri": f"{path}/{posted.sid}.json"}
