"""`<Dial><Queue>`: a call takes who waits longest out of a queue, and the two are connected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from runner.model import Millis
from runner.sandbox import announcing, dial_recording, playing, queueing
from runner.sandbox.announcing import GREETING, Aside
from runner.sandbox.legs import Leg, Source
from runner.sandbox.queues import Ticket, Wanting
from runner.sandbox.rows import Row
from runner.sandbox.twiml import Element

if TYPE_CHECKING:
    from runner.sandbox.world import World

#: As for any other `<Dial>`: seconds until nobody has come, and until the conversation is over.
PATIENCE = 30
LONGEST = 14_400


@dataclass(slots=True, eq=False)
class Bridge:
    """Two calls that are connected, or will be when what the queue has to say is said."""

    wanting: Wanting
    ticket: Ticket
    #: What the `<Enqueue>`'s action will be told of the waiting.
    told: dict[str, str]
    since: Millis | None = None

    def ears(self) -> Sequence[Leg]:
        """Who hears the noun's document: the one who waited."""
        return (self.ticket.leg,) if self.ticket.leg.stay is self else ()


def dial(world: World, leg: Leg, verb: Element, noun: Element) -> None:
    """Takes the longest waiting call out of a queue, or waits until there is one."""
    queue = world.queues.named(noun.text)
    if queue is None:
        world.note(leg, "cut", f"there is no queue {noun.text}")
        playing.go_on(world, leg, verb, {"DialCallStatus": "failed"})
        return
    wanting = Wanting(leg, queue, verb, noun, partial(fetch_next, world))
    if queue.tickets:
        fetch_next(world, wanting)
        return
    leg.stay = wanting
    queue.wanting.append(wanting)
    world.note(leg, "waits", f"somebody in queue {queue.name}")
    patience: Millis = verb.number("timeout", PATIENCE, most=600) * 1000
    world.timeline.after(patience, partial(_nobody_came, world, wanting))


def _nobody_came(world: World, wanting: Wanting) -> None:
    if wanting.leg.stay is wanting:
        give_up(wanting)
        playing.go_on(world, wanting.leg, wanting.verb, {"DialCallStatus": "no-answer"})


def give_up(wanting: Wanting) -> None:
    """Ends the waiting for somebody to come."""
    wanting.leg.stay = None
    wanting.queue.wanting = [other for other in wanting.queue.wanting if other is not wanting]


def fetch_next(world: World, wanting: Wanting) -> None:
    """Takes the first call out of the queue for one that wants it, and connects them."""
    ticket = next(iter(wanting.queue.tickets.values()))
    told = queueing.outcome(world, ticket, "bridged")
    queueing.take_out(world, ticket)
    bridge = Bridge(wanting, ticket, told)
    wanting.leg.stay = ticket.leg.stay = bridge
    url = wanting.noun.attributes.get("url")
    if not url:
        _connect(world, bridge)
        return
    source = Source(url=url, method=wanting.noun.attributes.get("method", "POST"))

    def asked() -> dict[str, str]:
        about = {"DequeingCallSid": wanting.leg.row.sid}
        return playing.parameters(world, ticket.leg) | _queue_of(told) | about

    aside = Aside(source, GREETING, bridge.ears, asked, lambda how: _connect(world, bridge))
    announcing.begin(world, aside, base=wanting.leg.url)


def _queue_of(told: dict[str, str]) -> dict[str, str]:
    return {name: told[name] for name in ("QueueSid", "QueueTime")}


def _connect(world: World, bridge: Bridge) -> None:
    bridge.since = world.now
    dialler, waited = bridge.wanting.leg, bridge.ticket.leg
    world.note(dialler, "joins", other_party(waited.row))
    world.note(waited, "joins", other_party(dialler.row))
    dial_recording.joined(world, dialler, bridge.wanting.verb)
    limit: Millis = bridge.wanting.verb.number("timeLimit", LONGEST) * 1000
    world.timeline.after(limit, partial(_time_over, world, bridge))


def other_party(row: Row) -> str:
    """Whom a call is with: the number that isn't ours."""
    return row.from_ if row.direction == "inbound" else row.to


def _time_over(world: World, bridge: Bridge) -> None:
    if bridge.wanting.leg.stay is bridge:
        world.note(bridge.wanting.leg, "cut", "the time limit of the dial is reached")
        _part(bridge)
        _go_on(world, bridge, bridge.wanting.leg)
        _go_on(world, bridge, bridge.ticket.leg)


def leave(world: World, bridge: Bridge, leg: Leg, *, redirected: bool) -> None:
    """Parts two calls because one hung up or was told something else; the other goes on."""
    _part(bridge)
    dialled = leg is bridge.wanting.leg
    _go_on(world, bridge, bridge.ticket.leg if dialled else bridge.wanting.leg)
    if redirected and dialled:
        playing.tell(world, leg, bridge.wanting.verb, _outcome(world, bridge))
    elif redirected:
        told = bridge.told | {"QueueResult": "redirected-from-bridged"}
        playing.tell(world, leg, bridge.ticket.verb, told)


def _part(bridge: Bridge) -> None:
    for leg in (bridge.wanting.leg, bridge.ticket.leg):
        leg.stay = None
        leg.doing = ""


def _go_on(world: World, bridge: Bridge, leg: Leg) -> None:
    if leg is bridge.wanting.leg:
        playing.go_on(world, leg, bridge.wanting.verb, _outcome(world, bridge))
    else:
        playing.go_on(world, leg, bridge.ticket.verb, bridge.told)


def _outcome(world: World, bridge: Bridge) -> dict[str, str]:
    """What the `<Dial>`'s action is told."""
    recorded = dial_recording.over(world, bridge.wanting.leg)
    lasted = 0 if bridge.since is None else (world.now - bridge.since) // 1000
    return {
        "DialCallStatus": "completed" if bridge.since is not None else "canceled",
        "DialCallSid": bridge.ticket.sid,
        "DialCallDuration": str(lasted),
        "DialBridged": "true" if bridge.since is not None else "false",
    } | recorded
