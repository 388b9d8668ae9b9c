"""The trace of a call as the API shows it: its events, and its notifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from runner.sandbox import trace
from runner.sandbox.below import Event, Notice, below
from runner.sandbox.dates import rfc2822
from runner.sandbox.errors import invalid, not_found
from runner.sandbox.exchange import Answer, Exchange, shown
from runner.sandbox.pages import Listing, created, page
from runner.sandbox.rows import API_VERSION


def events(exchange: Exchange) -> Answer:
    """A page of the requests that were made about a call, and what came back."""
    return page(exchange, Listing("events", below(exchange.leg()).events, _event))


def _event(event: Event) -> Mapping[str, Any]:
    return {"request": event.request, "response": event.response}


def notifications(exchange: Exchange) -> Answer:
    """A page of a call's errors and warnings."""
    rows = below(exchange.leg()).notices
    kept, tests = created(exchange.request.query, "MessageDate")
    log = exchange.request.query.get("Log")
    if log:
        if log not in ("0", "1"):
            raise invalid("Log", f"{log} is none of 0, 1")
        kept |= {"Log": log}
        tests += (lambda notice: trace.level(notice.code) == log,)

    def render(notice: Notice) -> dict[str, Any]:
        return _short(exchange, notice)

    return page(exchange, Listing("notifications", rows, render, kept, tests))


def notification(exchange: Exchange) -> Answer:
    """One error or warning, with the request and the answer in which it lay."""
    notice = below(exchange.leg()).notices.get(exchange.request.below)
    if notice is None:
        raise not_found(exchange.request.path)
    return shown(_short(exchange, notice) | _whole(notice))


def _short(exchange: Exchange, notice: Notice) -> dict[str, Any]:
    call = exchange.request.sid
    log = trace.level(notice.code)
    came = rfc2822(notice.order[0])
    request = {} if notice.cause is None else notice.cause.request
    told = {"Msg": notice.text, "ErrorCode": notice.code, "LogLevel": ("ERROR", "WARN")[int(log)]}
    return {
        "account_sid": exchange.world.account_sid,
        "api_version": API_VERSION,
        "call_sid": call,
        "date_created": came,
        "date_updated": came,
        "error_code": notice.code,
        "log": log,
        "message_date": came,
        "message_text": urlencode(told),
        "more_info": f"https://www.twilio.com/docs/errors/{notice.code}",
        "request_method": request.get("method"),
        "request_url": request.get("url", ""),
        "sid": notice.sid,
        "uri": f"{exchange.base}/Calls/{call}/Notifications/{notice.sid}.json",
    }


def _whole(notice: Notice) -> dict[str, str]:
    """What only the reading of one shows."""
    cause = notice.cause
    response = cause.response if cause is not None and cause.response is not None else {}
    return {
        "request_variables": "" if cause is None else urlencode(cause.request["parameters"]),
        "response_body": response.get("response_body", ""),
        "response_headers": "",
    }
