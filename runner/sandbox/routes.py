"""Which resources there are: one table from method and path to the function that answers."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote

from runner.sandbox import (
    calls,
    conference_pages,
    fork_pages,
    message_pages,
    number_pages,
    participant_pages,
    payment_pages,
    queue_pages,
    recording_pages,
    trace_pages,
)
from runner.sandbox.exchange import Deed
from runner.sandbox.paths import ACCOUNTS, ROOT


class Route(NamedTuple):
    """One row: `shape` is the path below the account, without `.json`, with `*` for a name.

    `kind` is what a fault is `on` and what the journal calls the request.
    """

    method: str
    shape: str
    kind: str
    deed: Deed


class Target(NamedTuple):
    """`kind` is one of `faults.KINDS`, "" for any other.

    `sid` is the first name in the path below the account (of a call, a number, …) and `below` the
    second; "" where there is none.
    """

    kind: str = ""
    account: str = ""
    sid: str = ""
    below: str = ""
    deed: Deed | None = None


#: A new resource takes its rows here, and its functions in a file of their own.
ROUTES = (
    Route("GET", "Calls", "list", calls.read_all),
    Route("POST", "Calls", "create", calls.create),
    Route("GET", "Calls/*", "fetch", calls.read_one),
    Route("POST", "Calls/*", "update", calls.update),
    Route("DELETE", "Calls/*", "delete", calls.delete),
    Route("POST", "Calls/*/Recordings", "side", recording_pages.create),
    Route("GET", "Calls/*/Recordings", "read", recording_pages.read_all),
    Route("GET", "Calls/*/Recordings/*", "read", recording_pages.read_one),
    Route("POST", "Calls/*/Recordings/*", "side", recording_pages.update),
    Route("DELETE", "Calls/*/Recordings/*", "side", recording_pages.delete),
    Route("POST", "Calls/*/Streams", "side", fork_pages.create("stream")),
    Route("POST", "Calls/*/Streams/*", "side", fork_pages.update("stream")),
    Route("POST", "Calls/*/Siprec", "side", fork_pages.create("siprec")),
    Route("POST", "Calls/*/Siprec/*", "side", fork_pages.update("siprec")),
    Route("POST", "Calls/*/Transcriptions", "side", fork_pages.create("transcription")),
    Route("POST", "Calls/*/Transcriptions/*", "side", fork_pages.update("transcription")),
    Route("POST", "Calls/*/Payments", "side", payment_pages.create),
    Route("POST", "Calls/*/Payments/*", "side", payment_pages.update),
    Route("POST", "Calls/*/UserDefinedMessages", "side", message_pages.send),
    Route("POST", "Calls/*/UserDefinedMessageSubscriptions", "side", message_pages.subscribe),
    Route("DELETE", "Calls/*/UserDefinedMessageSubscriptions/*", "side", message_pages.unsubscribe),
    Route("GET", "Calls/*/Events", "read", trace_pages.events),
    Route("GET", "Calls/*/Notifications", "read", trace_pages.notifications),
    Route("GET", "Calls/*/Notifications/*", "read", trace_pages.notification),
    Route("GET", "IncomingPhoneNumbers", "number", number_pages.read_numbers),
    Route("GET", "IncomingPhoneNumbers/*", "number", number_pages.read_number),
    Route("GET", "Applications", "number", number_pages.read_applications),
    Route("GET", "Applications/*", "number", number_pages.read_application),
    Route("GET", "Conferences", "conference", conference_pages.read_all),
    Route("GET", "Conferences/*", "conference", conference_pages.read_one),
    Route("POST", "Conferences/*", "participant", conference_pages.update),
    Route("GET", "Conferences/*/Participants", "conference", participant_pages.read_all),
    Route("GET", "Conferences/*/Participants/*", "conference", participant_pages.read_one),
    Route("POST", "Conferences/*/Participants/*", "participant", participant_pages.update),
    Route("DELETE", "Conferences/*/Participants/*", "participant", participant_pages.kick),
    Route("GET", "Queues", "conference", queue_pages.read_all),
    Route("GET", "Queues/*", "conference", queue_pages.read_one),
    Route("GET", "Queues/*/Members", "conference", queue_pages.read_members),
    Route("GET", "Queues/*/Members/*", "conference", queue_pages.read_member),
    Route("POST", "Queues/*/Members/*", "participant", queue_pages.dequeue),
)
_TABLE = {(route.method, *route.shape.split("/")): route for route in ROUTES}


def classify(method: str, path: str) -> Target:
    """What this request is about, whether or not there is such an account or call.

    The path is as it was sent: names in it may be percent-encoded.
    """
    if path == ACCOUNTS:
        return Target("accounts" if method == "GET" else "")
    parts = [unquote(part) for part in path.removeprefix(ROOT).split("/")]
    if not path.startswith(ROOT) or not all(parts):
        return Target()
    known = parts[-1].endswith(".json")
    parts[-1] = parts[-1].removesuffix(".json")
    account, *rest = parts
    if not rest:
        return Target("accounts" if known and method == "GET" else "", account)
    names = rest[1::2]
    shape = ("*" if place % 2 else part for place, part in enumerate(rest))
    route = _TABLE.get((method, *shape)) if known and all(names) else None
    if route is None:
        return Target("", account)
    sid, below = (*names, "", "")[:2]
    return Target(route.kind, account, sid, below, route.deed)
