"""Conferences as the API has them: listed, read, spoken to, ended."""

from __future__ import annotations

from typing import Any

from runner.model import Millis
from runner.sandbox import conferencing
from runner.sandbox.conferences import STATUSES, Conference
from runner.sandbox.dates import rfc2822
from runner.sandbox.errors import ApiError, not_found
from runner.sandbox.exchange import Answer, Exchange, shown
from runner.sandbox.forms import method_of, one_of, usable
from runner.sandbox.legs import Source
from runner.sandbox.pages import Listing, created, page
from runner.sandbox.rows import API_VERSION


def read_all(exchange: Exchange) -> Answer:
    """A page of conferences, the newest first; those that are over are among them."""
    given = exchange.request.query
    if given.get("Status"):
        one_of(given, "Status", STATUSES)
    kept = {name: given[name] for name in ("Status", "FriendlyName") if given.get(name)}

    def wanted(conference: Conference) -> bool:
        status = kept.get("Status") in (None, conference.status)
        return status and kept.get("FriendlyName") in (None, conference.name)

    came, came_tests = created(given, "DateCreated")
    changed, changed_tests = created(given, "DateUpdated", _updated)

    def render(conference: Conference) -> dict[str, Any]:
        return _render(exchange, conference)

    tests = (wanted, *came_tests, *changed_tests)
    rows = exchange.world.conferences.rows
    return page(exchange, Listing("conferences", rows, render, kept | came | changed, tests))


def _updated(conference: Conference) -> Millis:
    return conference.updated


def read_one(exchange: Exchange) -> Answer:
    """A conference as it is."""
    return shown(_render(exchange, found(exchange)))


def update(exchange: Exchange) -> Answer:
    """Announces something to everybody in a conference, or ends it."""
    conference, world, form = live(exchange), exchange.world, exchange.form
    source = source_of(exchange, "Announce")
    if form.get("Status"):
        one_of(form, "Status", ("completed",))
        conferencing.end(world, conference, "conference-ended-via-api")
    elif source is not None:
        conferencing.announce_all(world, conference, source)
    return shown(_render(exchange, conference))


def found(exchange: Exchange) -> Conference:
    """The conference that the path names. Raises `ApiError`."""
    conference = exchange.world.conferences.rows.get(exchange.request.sid)
    if conference is None:
        raise not_found(exchange.request.path)
    return conference


def live(exchange: Exchange) -> Conference:
    """The same, unless it is over: then there is nobody to tell anything. Raises `ApiError`."""
    conference = found(exchange)
    if conference.status == "completed":
        raise not_found(exchange.request.path)
    return conference


def source_of(exchange: Exchange, name: str, method: str = "POST") -> Source | None:
    """The document that `AnnounceUrl` and `AnnounceMethod` name, or others so called."""
    url, field = exchange.form.get(f"{name}Url"), f"{name}Method"
    asked = method_of({field: exchange.form.get(field) or method}, field)
    if not url:
        return None
    if not usable(url):
        raise ApiError(400, 21205, f"{name}Url is not a valid URL: {url}")
    return Source(url=url, method=asked)


def _render(exchange: Exchange, conference: Conference) -> dict[str, Any]:
    uri = f"{exchange.base}/Conferences/{conference.sid}"
    return {
        "account_sid": exchange.world.account_sid,
        "date_created": rfc2822(conference.order[0]),
        "date_updated": rfc2822(conference.updated),
        "api_version": API_VERSION,
        "friendly_name": conference.name,
        "region": "us1",
        "sid": conference.sid,
        "status": conference.status,
        "uri": f"{uri}.json",
        "subresource_uris": {
            "participants": f"{uri}/Participants.json",
            "recordings": f"{uri}/Recordings.json",
        },
        "reason_conference_ended": conference.reason,
        "call_sid_ending_conference": conference.ended_by,
    }
