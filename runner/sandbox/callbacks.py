"""Status callbacks: who is told of a call's changes, of which of them, and in which words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.model import Millis
from runner.sandbox import trace
from runner.sandbox.dates import rfc2822
from runner.sandbox.forms import METHODS, usable
from runner.sandbox.rows import API_VERSION, Row

if TYPE_CHECKING:
    from runner.sandbox.legs import Leg
    from runner.sandbox.world import World

#: What an application can ask to be told of, in the order in which it happens to a call.
EVENTS = ("initiated", "ringing", "answered", "completed")
#: What it is told of if it doesn't say.
UNSAID = ("completed",)
#: A call that leaves the queue is dialled and rings at once; every end is `completed`.
_BEGINNINGS: Mapping[str, tuple[str, ...]] = {
    "queued": (),
    "ringing": ("initiated", "ringing"),
    "in-progress": ("answered",),
}
#: What the telephone network says of each end.
_SIP = {"completed": "200", "busy": "486", "failed": "404", "no-answer": "487", "canceled": "487"}


@dataclass(slots=True)
class Callback:
    """Where one call's changes are told, and how many have been. Raises ValueError."""

    url: str
    method: str = "POST"
    events: tuple[str, ...] = UNSAID
    fired: int = 0

    def __post_init__(self) -> None:
        if not usable(self.url):
            raise ValueError(f"status_callback must be an http or https URL, not {self.url!r}")
        if self.method not in METHODS:
            raise ValueError(f"status_callback_method must be GET or POST, not {self.method!r}")
        if foreign := unknown(self.events):
            known = ", ".join(EVENTS)
            raise ValueError(f"no event is named {foreign[0]!r}; there are {known}")


@dataclass(frozen=True, slots=True)
class Post:
    """One callback to send.

    `followed` says that another one of the same call is sure to come. `faults` are those that
    strike it, None while nobody has asked; `at` is when it is sent.
    """

    sid: str
    event: str
    url: str
    method: str
    fields: Mapping[str, str]
    followed: bool
    faults: frozenset[str] | None = None
    at: Millis = 0


def unknown(events: Iterable[str]) -> list[str]:
    """The words that name no event."""
    return [event for event in events if event not in EVENTS]


def tell(world: World, leg: Leg) -> None:
    """Writes the callbacks for the status that a call has now; somebody else sends them."""
    callback = leg.callback
    if callback is None:
        return
    for event in _BEGINNINGS.get(leg.row.status, UNSAID):
        if event in callback.events:
            fields = _fields(world, leg.row, event, callback.fired)
            callback.fired += 1
            followed = event != "completed" and "completed" in callback.events
            post = Post(leg.row.sid, event, callback.url, callback.method, fields, followed)
            world.posts.append(post)


def _fields(world: World, row: Row, event: str, number: int) -> dict[str, str]:
    """What Twilio sends of a call; `number` counts what was told of this one."""
    fields = {
        "CallSid": row.sid,
        "AccountSid": world.account_sid,
        "From": row.from_,
        "To": row.to,
        "Caller": row.from_,
        "Called": row.to,
        "Direction": row.direction,
        "CallStatus": event if event == "initiated" else row.status,
        "ApiVersion": API_VERSION,
        "Timestamp": rfc2822(world.now),
        "SequenceNumber": str(number),
        "CallbackSource": "call-progress-events",
    }
    if row.parent_call_sid is not None:
        fields["ParentCallSid"] = row.parent_call_sid
    return fields if row.live else fields | _ending(row)


def _ending(row: Row) -> dict[str, str]:
    seconds = row.duration or 0
    return {
        "CallDuration": str(seconds),
        # What is paid for: minutes that have begun.
        "Duration": str(-(-seconds // 60)),
        "SipResponseCode": _SIP[row.status],
    }


def aim(leg: Leg, url: str, method: str) -> None:
    """Tells another application from now on; what it is told of can't be changed any more."""
    if leg.callback is None:
        leg.callback = Callback(url, method)
    else:
        leg.callback.url, leg.callback.method = url, method


def came_back(world: World, post: Post, status: int | None, reason: str = "") -> None:
    """Writes down what was answered, and a warning where that was no thanks."""
    if not world.has(post.sid):
        return
    leg = world.leg(post.sid)
    trace.told(world, leg, (post.method, post.url, post.fields), status)
    if status is None or not 200 <= status < 300:
        world.note(leg, "fault", f"15003 {post.url}: {reason or f'answered {status}'}")


def refused(world: World, leg: Leg, events: Sequence[str]) -> None:
    """Twilio makes the call all the same, tells nobody anything, and logs why."""
    world.note(leg, "fault", f"21626 invalid statusCallbackEvents {' '.join(events)}")
