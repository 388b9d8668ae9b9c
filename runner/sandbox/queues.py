"""Queues and the tickets of the calls that wait in them, as records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from runner.model import Millis
from runner.sandbox.announcing import Aside
from runner.sandbox.legs import Leg
from runner.sandbox.rows import Order
from runner.sandbox.twiml import Element

#: How many a queue holds unless told otherwise, and at most.
MAX_SIZE = 1_000
LARGEST = 5_000


@dataclass(slots=True, eq=False)
class Queue:
    """One queue: who waits in it, in order, and who waits for somebody to come into it."""

    sid: str
    name: str
    order: Order
    updated: Millis
    max_size: int = MAX_SIZE
    tickets: dict[str, Ticket] = field(default_factory=dict)
    wanting: list[Wanting] = field(default_factory=list)
    #: How many have ever come in.
    came: int = 0
    #: Where those who left stood, of late: pages that point at them stay usable.
    gone: dict[str, Order] = field(default_factory=dict)

    def position(self, ticket: Ticket) -> int:
        """Where a call stands, counted from 1; 0 when it has left."""
        order = list(self.tickets)
        return order.index(ticket.sid) + 1 if ticket.sid in self.tickets else 0

    def average_wait(self, now: Millis) -> int:
        """How many seconds those who wait have waited, on average."""
        waits = [ticket.waited(now) for ticket in self.tickets.values()]
        return sum(waits) // len(waits) if waits else 0


@dataclass(slots=True, eq=False)
class Ticket:
    """One call in a queue, by its `<Enqueue>`."""

    leg: Leg
    queue: Queue
    verb: Element
    since: Millis
    #: Members are listed from the front, other lists from the newest: so this one counts down.
    order: Order
    music: Aside | None = None

    @property
    def sid(self) -> str:
        """The call's SID, by which members are named."""
        return self.leg.row.sid

    def ears(self) -> Sequence[Leg]:
        """Who hears the queue's document: the call, as long as it waits."""
        return (self.leg,) if self.leg.stay is self else ()

    def waited(self, now: Millis) -> int:
        """For how many seconds it has waited."""
        return (now - self.since) // 1000


@dataclass(slots=True, eq=False)
class Wanting:
    """A call whose `<Dial><Queue>` waits for somebody to come into a queue, and what it does then.

    `noun` is the `<Queue>`, `verb` the `<Dial>` around it.
    """

    leg: Leg
    queue: Queue
    verb: Element
    noun: Element
    serve: Callable[[Wanting], None]
