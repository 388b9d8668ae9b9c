"""What hangs below a call: its recordings, its streams and the like, its messages, its trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner.model import Millis
from runner.sandbox.identity import make_sid
from runner.sandbox.rows import Order

if TYPE_CHECKING:
    from runner.sandbox.legs import Leg
    from runner.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording. `by` is who started it: `api` or `twiml`.

    `skipped` are the milliseconds that pauses left out so far; `paused` is when a pause began that
    leaves its time out, None while everything is kept.
    """

    sid: str
    order: Order
    updated: Millis
    channels: int
    track: str
    by: str
    status: str = "in-progress"
    skipped: Millis = 0
    paused: Millis | None = None
    ended: Millis | None = None

    @property
    def active(self) -> bool:
        """True while it can be told something."""
        return self.status in ("in-progress", "paused")


@dataclass(frozen=True, slots=True)
class Fork:
    """A copy of the call's sound that goes elsewhere: a stream, SIPREC or a transcription."""

    sid: str
    order: Order
    updated: Millis
    kind: str
    name: str | None
    form: Mapping[str, str]
    status: str = "in-progress"

    @property
    def active(self) -> bool:
        """True while it runs."""
        return self.status == "in-progress"


@dataclass(frozen=True, slots=True)
class Posted:
    """A message to the other end's application, or a subscription to its messages."""

    sid: str
    order: Order
    form: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment session. `keys` are of the request that opened it and of each one since.

    `status` is `complete` or `cancel`, "" while it is open.
    """

    sid: str
    order: Order
    updated: Millis
    keys: tuple[str, ...]
    status: str = ""

    @property
    def open(self) -> bool:
        """True while the caller can be asked for something."""
        return not self.status


@dataclass(frozen=True, slots=True)
class Event:
    """A request about a call and what came back; `response` None where nothing did."""

    sid: str
    order: Order
    request: Mapping[str, Any]
    response: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Notice:
    """What Twilio's debugger shows of a call: a fault, and the document in which it lay."""

    sid: str
    order: Order
    code: str
    text: str
    cause: Event | None = None


@dataclass(slots=True)
class Below:
    """All of it for one call, each by SID and oldest first."""

    recordings: dict[str, Recording] = field(default_factory=dict)
    forks: dict[str, Fork] = field(default_factory=dict)
    messages: dict[str, Posted] = field(default_factory=dict)
    subscriptions: dict[str, Posted] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    #: Where the running document came from; None for one that an update brought with it.
    document: Event | None = None
    #: Where deleted ones stood: pages that point at them stay usable.
    gone: dict[str, Order] = field(default_factory=dict)
    serial: int = 0


def below(leg: Leg) -> Below:
    """What hangs below a call. Most calls have nothing there, and it is made when wanted."""
    if leg.below is None:
        leg.below = Below()
    return leg.below


def place(world: World, leg: Leg, prefix: str) -> tuple[str, Order]:
    """The SID and the place in lists of something new below a call."""
    under = below(leg)
    under.serial += 1
    sid = make_sid(prefix, world.seed, leg.row.sid, under.serial)
    return sid, (world.now, under.serial)
