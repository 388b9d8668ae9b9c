"""What Twilio's debugger knows of a call: requests and answers, errors and warnings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runner.sandbox.below import Event, Notice, below, place
from runner.sandbox.dates import rfc2822
from runner.sandbox.legs import Leg

if TYPE_CHECKING:
    from runner.sandbox.fetches import Fetch
    from runner.sandbox.world import World

#: So many requests and so many notices are kept of a call, the newest, and so much of an answer.
KEPT = 100
BODY = 4_000
#: What Twilio logs as errors among the faults of attributes and nouns, which mostly are warnings.
_ERRORS = (13201, 13231, 13233, 13236, 13237, 13238)
#: And elsewhere: bad TwiML, callbacks that were not taken or ask for what there is not.
_WARNINGS = (12200, 15003, 21626)
_ANSWERED = re.compile(r"answered (\d{3})\Z")
_INNER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def level(code: str) -> str:
    """`0` for what Twilio calls an error and `1` for a warning."""
    number = int(code) if code.isascii() and code.isdigit() else 0
    warned = number in _WARNINGS or (13000 <= number < 14000 and number not in _ERRORS)
    return "1" if warned else "0"


# ---- documents ------------------------------------------------------------------------------


def came(world: World, fetch: Fetch, text: str) -> None:
    """A document came, whether or not the call still wants it."""
    event = _fetched(world, fetch, _response(world, 200, text, "text/xml"))
    leg = world.leg(fetch.sid) if event is not None else None
    if leg is not None and fetch.plays and leg.document == fetch.document:
        below(leg).document = event


def failed(world: World, fetch: Fetch, reason: str) -> None:
    """No document came."""
    status = _ANSWERED.search(reason)
    _fetched(world, fetch, _response(world, int(status[1]), "", "") if status else None)


def brought(leg: Leg) -> None:
    """The running document came with an update, and no request fetched it."""
    if leg.below is not None:
        leg.below.document = None


def _fetched(world: World, fetch: Fetch, response: Mapping[str, Any] | None) -> Event | None:
    if not world.has(fetch.sid):
        return None
    told = {"method": fetch.method, "url": fetch.url, "parameters": dict(fetch.parameters)}
    return _remember(world, world.leg(fetch.sid), told, response)


# ---- callbacks ------------------------------------------------------------------------------


def told(
    world: World, leg: Leg, request: tuple[str, str, Mapping[str, str]], status: int | None
) -> None:
    """An application was told of a call: method, URL and fields; the answer, None for none."""
    method, url, fields = request
    response = None if status is None else _response(world, status, "", "")
    sent = {"method": method, "url": url, "parameters": dict(fields)}
    _remember(world, leg, sent, response)


# ---- the API --------------------------------------------------------------------------------


def asked(
    world: World, leg: Leg, told: tuple[str, str, Mapping[str, str]], answer: tuple[int, bytes]
) -> None:
    """The API was told something about a call: method, path and form; status and body."""
    method, path, form = told
    url = f"https://api.twilio.com{path}"
    parameters = {_INNER.sub("_", name).lower(): value for name, value in form.items()}
    response = _response(world, answer[0], answer[1].decode(), "application/json")
    _remember(world, leg, {"method": method, "url": url, "parameters": parameters}, response)


def _response(world: World, status: int, body: str, kind: str) -> dict[str, Any]:
    return {
        "response_code": status,
        "request_duration": 0,
        "content_type": kind,
        "response_body": body[:BODY],
        "date_created": rfc2822(world.now),
    }


def _remember(
    world: World, leg: Leg, request: Mapping[str, Any], response: Mapping[str, Any] | None
) -> Event:
    sid, order = place(world, leg, "EV")
    events = below(leg).events
    events[sid] = Event(sid, order, request, response)
    if len(events) > KEPT:
        del events[next(iter(events))]
    return events[sid]


# ---- faults ---------------------------------------------------------------------------------


def noticed(world: World, leg: Leg, fault: str) -> None:
    """A fault that the transcript names becomes a notification: `12100 the document is …`."""
    code, _, text = fault.partition(" ")
    sid, order = place(world, leg, "NO")
    notices = below(leg).notices
    notices[sid] = Notice(sid, order, code, text, _cause(leg, code, text))
    if len(notices) > KEPT:
        del notices[next(iter(notices))]


def _cause(leg: Leg, code: str, text: str) -> Event | None:
    """The request that went wrong, or the one that brought the document in which the fault is."""
    under = below(leg)
    if not code.startswith(("11", "15")):
        return under.document
    events = reversed(under.events.values())
    return next((event for event in events if text.startswith(event.request["url"])), None)
