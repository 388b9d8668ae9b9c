"""One leg as the world plays it: its row, its document, and what happened to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from runner.model import Millis
from runner.sandbox.plans import Person
from runner.sandbox.rows import Row
from runner.sandbox.twiml import Element

if TYPE_CHECKING:
    from runner.sandbox.below import Below
    from runner.sandbox.bridges import Bridge
    from runner.sandbox.callbacks import Callback
    from runner.sandbox.conferences import Seat
    from runner.sandbox.connections import Connection
    from runner.sandbox.queues import Ticket, Wanting

    #: What can hold a leg beside its own document.
    Stay: TypeAlias = Bridge | Connection | Seat | Ticket | Wanting


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a call's transcript.

    `kind` is one of `status`, `says`, `plays`, `pauses`, `rings`, `joins`, `leaves`, `waits`,
    `records`, `types`, `fetches`, `told` (an update came), `cut` (it broke off what was going on)
    and `fault` (what Twilio's debugger would show); `streams`, `siprec` and `transcribes` (started
    or stopped, as `records` says of recordings), `message` (to the other end's application) and
    `subscribes` (to its messages), and `pays`.
    """

    at: Millis
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document comes from: its text, or a URL and what to do when that fails."""

    twiml: str | None = None
    url: str = ""
    method: str = "POST"
    fallback_url: str | None = None
    fallback_method: str = "POST"


@dataclass(frozen=True, slots=True)
class Dialing:
    """A `<Dial>` that is going on: its verb and the SIDs of the legs that it called.

    `nouns` are those that a leg was called by; `answered` is the one who picked up, who is only
    `joined` with the caller when what the noun has for them has been played.
    """

    verb: Element
    children: tuple[str, ...]
    answered: str | None = None
    nouns: Mapping[str, Element] = field(default_factory=dict)
    joined: bool = False


@dataclass(slots=True)
class Leg:
    """A call while it is played. Only the world changes it."""

    row: Row
    person: Person
    source: Source | None
    time_limit: int | None = None
    happenings: list[Happening] = field(default_factory=list)
    #: Counts documents: a step that an older document planned is void.
    document: int = 0
    verbs: tuple[Element, ...] = ()
    #: Where the running document came from; relative URLs start here.
    url: str = ""
    dialing: Dialing | None = None
    #: The conference, queue, bridge or stream that it is in.
    stay: Stay | None = None
    #: What goes on right now and an update would break off, for the transcript.
    doing: str = ""
    #: Counts time limits: only the newest one is in force.
    limits: int = 0
    #: Recordings, streams, messages, notices, requests; None while there are none.
    below: Below | None = None
    #: Who is told of its changes; None for nobody.
    callback: Callback | None = None


def if_live(leg: Leg, deed: Callable[[], None]) -> None:
    """Does something to a leg unless it is over."""
    if leg.row.live:
        deed()


def if_same(leg: Leg, document: int, deed: Callable[[], None]) -> None:
    """Does something of a document unless the leg is over or follows another one."""
    if leg.row.live and leg.document == document:
        deed()
