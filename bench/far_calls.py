"""The calls that `bench.far_side` lists: some 2.1 KB of compact JSON each, no two alike.

Call n is the same on every machine, but for its times, which are shortly before the far side's own.
Standard library alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import formatdate
from functools import cache
from hashlib import md5

ACCOUNT_SID = "AC" + "b" * 32
AUTH_TOKEN = "b" * 32
ACCOUNT = f"/2010-04-01/Accounts/{ACCOUNT_SID}"
#: The numbers that are called: call n has the n-th, round and round.
DIALLED = tuple(f"+1212555{number:04d}" for number in range(1_000))

_HOUR = 3_600
_BELOW = (
    "Notifications",
    "Recordings",
    "Payments",
    "Events",
    "Siprec",
    "Streams",
    "Transcriptions",
    "UserDefinedMessageSubscriptions",
    "UserDefinedMessages",
)
_NAMES = ("ACME 12 WEST", "ANNE MEYER", None, "UNKNOWN", None, "BÄCKEREI K", None, "J SMITH")
_UPDATED = b'"date_updated":null'  # where the time of the last change is written


def as_json(document: object) -> bytes:
    """As the far side writes it: without a blank."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def sid_of(number: int) -> str:
    """The SID of the n-th call. Its end says which it is."""
    return f"CA{md5(b'call %d' % number).hexdigest()[:24]}{number:08x}"


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many calls, of which a share changes between two listings. `now` is in seconds."""

    calls: int
    changed: float
    now: int

    def page(self, size: int, number: int, *, listing: int) -> bytes:
        """One page of them, in the n-th listing. Where none changes it is written once."""
        return _page(self, size, number, listing) if self.changed else _kept(self, size, number, 0)

    def call(self, number: int, *, listing: int) -> bytes:
        """The n-th call in this listing: every so many listings it is its turn to change."""
        every = round(1 / self.changed) if self.changed else 0
        changes = (listing + number) // every if every else 0
        at = _date(self.now - _HOUR + changes)
        return _row(number, self.now).replace(_UPDATED, b'"date_updated":"%b"' % at.encode(), 1)


def _page(crowd: Crowd, size: int, number: int, listing: int) -> bytes:
    """The link to the next page stands after the calls, as in Twilio's answers."""
    first = number * size
    last = min(first + size, crowd.calls)
    rows = b",".join(crowd.call(each, listing=listing) for each in range(first, last))

    def link(page: int) -> str:
        token = f"&PageToken=PA{sid_of(page * size - 1)}.{listing}" if page else ""
        return f"{ACCOUNT}/Calls.json?Status=in-progress&PageSize={size}&Page={page}{token}"

    head = {"first_page_uri": link(0), "end": max(0, last - 1)}
    tail = {
        "previous_page_uri": link(number - 1) if number else None,
        "uri": link(number),
        "page_size": size,
        "start": first,
        "next_page_uri": link(number + 1) if last < crowd.calls else None,
        "page": number,
    }
    return as_json(head)[:-1] + b',"calls":[' + rows + b"]," + as_json(tail)[1:]


_kept = cache(_page)


@cache
def _row(number: int, now: int) -> bytes:
    return as_json(_call(number, now))


def _call(number: int, now: int) -> dict[str, object]:
    """The n-th call; its fields stand as in Twilio's description of the API."""
    sid, to = sid_of(number), DIALLED[number % len(DIALLED)]
    caller = f"+1{200 + number % 700}{number * 7 % 10**7:07d}"
    began = _date(now - _HOUR - number % _HOUR)
    inbound = number % 5 != 0
    uri = f"{ACCOUNT}/Calls/{sid}"
    return {
        "sid": sid,
        "date_created": began,
        "date_updated": None,
        "parent_call_sid": None if inbound else sid_of(number + 1),
        "account_sid": ACCOUNT_SID,
        "to": to,
        "to_formatted": f"({to[2:5]}) {to[5:8]}-{to[8:]}",
        "from": caller,
        "from_formatted": f"({caller[2:5]}) {caller[5:8]}-{caller[8:]}",
        "phone_number_sid": "PN" + md5(to.encode()).hexdigest(),
        "status": "in-progress",
        "start_time": began,
        "end_time": None,
        "duration": None,
        "price": None,
        "price_unit": "USD",
        "direction": "inbound" if inbound else "outbound-api",
        "answered_by": None,
        "api_version": "2010-04-01",
        "forwarded_from": to if number % 50 == 0 else None,
        "group_sid": None,
        "caller_name": _NAMES[number % len(_NAMES)],
        "queue_time": str(number % 3_000),
        "trunk_sid": None,
        "uri": f"{uri}.json",
        "subresource_uris": {name.lower(): f"{uri}/{name}.json" for name in _BELOW},
    }


def _date(second: int) -> str:
    return formatdate(second).replace("-0000", "+0000")
