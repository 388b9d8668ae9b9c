"""Phone numbers and applications as the API has them: listed and read, not bought or changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.sandbox.dates import rfc2822
from runner.sandbox.errors import not_found
from runner.sandbox.exchange import Answer, Exchange, shown
from runner.sandbox.listing import Test
from runner.sandbox.numbers import Application, Number, Voice
from runner.sandbox.pages import Listing, page
from runner.sandbox.rows import API_VERSION


def read_numbers(exchange: Exchange) -> Answer:
    """A page of the account's numbers."""
    given = exchange.request.query
    kept = {key: given[key] for key in ("FriendlyName", "PhoneNumber") if given.get(key)}
    tests = _named(kept)
    if "PhoneNumber" in kept:
        pattern = re.compile(re.escape(kept["PhoneNumber"]).replace(r"\*", r"\d"))
        tests += (lambda number: pattern.search(number.number) is not None,)

    def render(number: Number) -> dict[str, Any]:
        return _number(exchange, number)

    rows = exchange.world.book.numbers
    return page(exchange, Listing("incoming_phone_numbers", rows, render, kept, tests))


def read_number(exchange: Exchange) -> Answer:
    """One number."""
    number = exchange.world.book.numbers.get(exchange.request.sid)
    if number is None:
        raise not_found(exchange.request.path)
    return shown(_number(exchange, number))


def read_applications(exchange: Exchange) -> Answer:
    """A page of the account's applications."""
    given = exchange.request.query
    kept = {"FriendlyName": given["FriendlyName"]} if given.get("FriendlyName") else {}

    def render(application: Application) -> dict[str, Any]:
        return _application(exchange, application)

    rows = exchange.world.book.applications
    return page(exchange, Listing("applications", rows, render, kept, _named(kept)))


def read_application(exchange: Exchange) -> Answer:
    """One application."""
    application = exchange.world.book.applications.get(exchange.request.sid)
    if application is None:
        raise not_found(exchange.request.path)
    return shown(_application(exchange, application))


def _named(kept: Mapping[str, str]) -> tuple[Test, ...]:
    name = kept.get("FriendlyName")
    return () if name is None else (lambda row: bool(row.name == name),)


def _number(exchange: Exchange, number: Number) -> dict[str, Any]:
    return _shared(exchange, number) | {
        "address_requirements": "none",
        "address_sid": None,
        "beta": False,
        "bundle_sid": None,
        "capabilities": {"voice": True, "sms": False, "mms": False, "fax": False},
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "emergency_status": "Inactive",
        "identity_sid": None,
        "origin": "twilio",
        "phone_number": number.number,
        "sms_application_sid": None,
        "status": "in-use",
        "trunk_sid": number.trunk,
        "type": "local",
        "uri": f"{exchange.base}/IncomingPhoneNumbers/{number.sid}.json",
        "voice_application_sid": number.application,
        "voice_receive_mode": "voice",
    }


def _application(exchange: Exchange, application: Application) -> dict[str, Any]:
    return _shared(exchange, application) | {
        "message_status_callback": None,
        "public_application_connect_enabled": False,
        "sms_status_callback": None,
        "uri": f"{exchange.base}/Applications/{application.sid}.json",
    }


def _shared(exchange: Exchange, row: Number | Application) -> dict[str, Any]:
    return {
        "account_sid": exchange.world.account_sid,
        "api_version": API_VERSION,
        "date_created": rfc2822(row.order[0]),
        "date_updated": rfc2822(row.updated),
        "friendly_name": row.name,
        "sid": row.sid,
        "sms_fallback_method": "POST",
        "sms_fallback_url": None,
        "sms_method": "POST",
        "sms_url": None,
        "voice_caller_id_lookup": False,
    } | _voice(row.voice)


def _voice(voice: Voice) -> dict[str, Any]:
    return {
        "status_callback": voice.status_callback or None,
        "status_callback_method": voice.status_callback_method,
        "voice_url": voice.voice_url or None,
        "voice_method": voice.voice_method,
        "voice_fallback_url": voice.voice_fallback_url or None,
        "voice_fallback_method": voice.voice_fallback_method,
    }
