"""A call as the API shows it: the frozen row, and its JSON in Twilio's 26 fields."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from runner.model import LIVE_STATUSES, Millis
from runner.sandbox.dates import rfc2822

API_VERSION = "2010-04-01"
STATUSES = (
    *LIVE_STATUSES,
    "completed",
    "busy",
    "failed",
    "no-answer",
    "canceled",
)

#: Newest calls are listed first; the serial number settles the order within a millisecond.
Order = tuple[Millis, int]

_NANP = re.compile(r"\+1(\d{3})(\d{3})(\d{4})\Z")
_SUBRESOURCES = {
    "notifications": "Notifications",
    "recordings": "Recordings",
    "payments": "Payments",
    "events": "Events",
    "siprec": "Siprec",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
    "user_defined_messages": "UserDefinedMessages",
}


@dataclass(frozen=True, slots=True)
class Row:
    """What the API knows of one call at one moment. A change makes a new row."""

    sid: str
    order: Order
    status: str
    to: str
    from_: str
    direction: str
    date_created: Millis
    date_updated: Millis
    start_time: Millis | None = None
    end_time: Millis | None = None
    parent_call_sid: str | None = None
    phone_number_sid: str | None = None
    group_sid: str | None = None
    trunk_sid: str | None = None
    forwarded_from: str | None = None
    caller_name: str | None = None
    answered_by: str | None = None
    queue_time: str = "0"

    @property
    def live(self) -> bool:
        """True while the call is queued, ringing or in progress."""
        return self.status in LIVE_STATUSES

    @property
    def duration(self) -> int | None:
        """Whole seconds from answer to end; None unless the call is completed."""
        if self.status != "completed" or self.start_time is None or self.end_time is None:
            return None
        return self.end_time // 1000 - self.start_time // 1000

    @property
    def price(self) -> str | None:
        """What a completed call cost in US dollars: a negative number with five decimals."""
        if self.duration is None:
            return None
        return f"-{0.0085 * max(1, -(-self.duration // 60)):.5f}"


def formatted(address: str) -> str:
    """`+14155550199` → `(415) 555-0199`; numbers of other countries and addresses stay."""
    return _NANP.sub(r"(\1) \2-\3", address)


class Renderer:
    """Rows to JSON. More than half of a row's bytes are paths, which depend on the SID alone.

    `head` is worth keeping as long as the row doesn't change; `whole` adds the paths, which are
    cheaper to make again than to remember.
    """

    def __init__(self, account_sid: str) -> None:
        self._account = account_sid
        base = f"/{API_VERSION}/Accounts/{account_sid}/Calls/*"
        paths = ",".join(f'"{key}":"{base}/{name}.json"' for key, name in _SUBRESOURCES.items())
        tail = f',"uri":"{base}.json","subresource_uris":{{{paths}}}}}'
        self._tail = tail.encode().split(b"*")

    def head(self, row: Row) -> bytes:
        """The first 24 fields, without the closing brace."""
        return msgspec.json.encode(self._fields(row))[:-1]

    def whole(self, row: Row, head: bytes | None = None) -> bytes:
        """The complete JSON object."""
        return (head or self.head(row)) + row.sid.encode().join(self._tail)

    def _fields(self, row: Row) -> dict[str, str | None]:
        duration = row.duration
        return {
            "sid": row.sid,
            "date_created": rfc2822(row.date_created),
            "date_updated": rfc2822(row.date_updated),
            "parent_call_sid": row.parent_call_sid,
            "account_sid": self._account,
            "to": row.to,
            "to_formatted": formatted(row.to),
            "from": row.from_,
            "from_formatted": formatted(row.from_),
            "phone_number_sid": row.phone_number_sid,
            "status": row.status,
            "start_time": None if row.start_time is None else rfc2822(row.start_time),
            "end_time": None if row.end_time is None else rfc2822(row.end_time),
            "duration": None if duration is None else str(duration),
            "price": row.price,
            "price_unit": "USD",
            "direction": row.direction,
            "answered_by": row.answered_by,
            "api_version": API_VERSION,
            "forwarded_from": row.forwarded_from,
            "group_sid": row.group_sid,
            "caller_name": row.caller_name,
            "queue_time": row.queue_time,
            "trunk_sid": row.trunk_sid,
        }
