"""Conferences and the seats that calls have in them, as records."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from runner.model import Millis
from runner.sandbox.announcing import Aside
from runner.sandbox.legs import Leg, Source
from runner.sandbox.rows import Order
from runner.sandbox.twiml import Element

STATUSES = ("init", "in-progress", "completed")
#: Why a conference is over, in Twilio's words.
Reason = Literal[
    "conference-ended-via-api",
    "participant-with-end-conference-on-exit-left",
    "participant-with-end-conference-on-exit-kicked",
    "last-participant-kicked",
    "last-participant-left",
]


@dataclass(slots=True, eq=False)
class Conference:
    """One room. It starts when two are in it and one of them may start it."""

    sid: str
    name: str
    order: Order
    updated: Millis
    status: str = "init"
    seats: dict[str, Seat] = field(default_factory=dict)
    reason: Reason | None = None
    #: The call that ended it, None for the API.
    ended_by: str | None = None
    #: Announcements to everybody: the one that plays and those after it.
    spoken: deque[Aside] = field(default_factory=deque)
    #: How many have ever come in.
    came: int = 0
    #: Where those who left stood: pages that point at them stay usable.
    gone: dict[str, Order] = field(default_factory=dict)

    def hearing(self) -> Sequence[Leg]:
        """Who hears what goes on in the room: everybody who is not on hold."""
        return [seat.leg for seat in self.seats.values() if not seat.hold]


@dataclass(slots=True, eq=False)
class Seat:
    """One call in a conference, by the `<Conference>` noun of its `<Dial>`."""

    leg: Leg
    conference: Conference
    verb: Element
    noun: Element
    order: Order
    updated: Millis
    muted: bool
    starts: bool
    ends: bool
    beep: str
    #: What it hears until the conference starts, and on hold; None for silence.
    wait_source: Source | None = None
    hold: bool = False
    hold_source: Source | None = None
    coaching: bool = False
    coached: str | None = None
    #: What it hears alone while the conference has not started, or on hold.
    music: Aside | None = None
    spoken: deque[Aside] = field(default_factory=deque)

    @property
    def sid(self) -> str:
        """The call's SID, by which participants are named."""
        return self.leg.row.sid

    @property
    def label(self) -> str | None:
        """Another name for it."""
        return self.noun.attributes.get("participantLabel")

    def ears(self) -> Sequence[Leg]:
        """Who hears what is for this participant: its call, as long as it sits here."""
        return (self.leg,) if self.leg.stay is self else ()
