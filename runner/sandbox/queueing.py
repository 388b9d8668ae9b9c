"""Queues as they are played: calls come in, hear what the queue has for them, and leave."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from runner.sandbox import announcing, playing
from runner.sandbox.announcing import HANGUP, LEAVE, QUEUEING, Aside
from runner.sandbox.identity import make_sid
from runner.sandbox.legs import Leg, Source
from runner.sandbox.queues import Queue, Ticket
from runner.sandbox.rooms import KEPT
from runner.sandbox.twiml import Element

if TYPE_CHECKING:
    from runner.sandbox.world import World


def enqueue(world: World, leg: Leg, verb: Element) -> None:
    """The verb: waits in the queue of this name, which is made if there is none."""
    if not verb.text:  # for a workflow, which the sandbox has not
        world.note(leg, "waits", "<Enqueue>")
        playing.hold(leg, "<Enqueue>")
        return
    queue = world.queues.named(verb.text) or open_queue(world, verb.text)
    if len(queue.tickets) >= queue.max_size:
        world.note(leg, "cut", f"queue {queue.name} is full")
        playing.go_on(world, leg, verb, {"QueueResult": "queue-full"})
        return
    queue.came += 1
    ticket = Ticket(leg, queue, verb, world.now, (-world.now, -queue.came))
    leg.stay = queue.tickets[ticket.sid] = ticket
    queue.updated = world.now
    world.note(leg, "waits", f"queue {queue.name}")
    if queue.wanting:
        first = queue.wanting.pop(0)
        first.serve(first)
    else:
        _music(world, ticket)


def open_queue(world: World, name: str) -> Queue:
    """A new, empty queue."""
    number = world.queues.count + 1
    queue = Queue(make_sid("QU", world.seed, number), name, (world.now, number), world.now)
    world.queues.add(queue)
    return queue


def _music(world: World, ticket: Ticket) -> None:
    """Plays the queue's document again and again; silence where the verb names none."""
    said = ticket.verb.attributes
    if not said.get("waitUrl"):
        return
    source = Source(url=said["waitUrl"], method=said.get("waitUrlMethod", "POST"))
    told = partial(_told, world, ticket)
    ended = partial(_music_ended, world, ticket)
    ticket.music = Aside(source, QUEUEING, ticket.ears, told, ended)
    announcing.begin(world, ticket.music, base=ticket.leg.url)


def _told(world: World, ticket: Ticket) -> dict[str, str]:
    queue, now = ticket.queue, world.now
    return playing.parameters(world, ticket.leg) | {
        "QueueSid": queue.sid,
        "QueuePosition": str(queue.position(ticket)),
        "QueueTime": str(ticket.waited(now)),
        "AvgQueueTime": str(queue.average_wait(now)),
        "CurrentQueueSize": str(len(queue.tickets)),
        "MaxQueueSize": str(queue.max_size),
    }


def _music_ended(world: World, ticket: Ticket, how: str) -> None:
    if how == LEAVE:
        take_out(world, ticket)
        playing.go_on(world, ticket.leg, ticket.verb, outcome(world, ticket, "leave"))
    elif how == HANGUP:
        world.end(ticket.leg, "completed")


def take_out(world: World, ticket: Ticket) -> None:
    """Ends a call's waiting, whatever comes next."""
    queue = ticket.queue
    del queue.tickets[ticket.sid]
    queue.gone[ticket.sid] = ticket.order
    if len(queue.gone) > KEPT:
        del queue.gone[next(iter(queue.gone))]
    queue.updated = world.now
    ticket.leg.stay = None
    ticket.leg.doing = ""
    announcing.stop(ticket.music)
    world.note(ticket.leg, "leaves", f"queue {queue.name}")


def leave(world: World, ticket: Ticket, *, redirected: bool) -> None:
    """Takes a call out that hung up, or was told to do something else; its action is told."""
    take_out(world, ticket)
    result = "redirected" if redirected else "hangup"
    playing.tell(world, ticket.leg, ticket.verb, outcome(world, ticket, result))


def outcome(world: World, ticket: Ticket, result: str) -> dict[str, str]:
    """What an `<Enqueue>`'s action is told."""
    return {
        "QueueResult": result,
        "QueueSid": ticket.queue.sid,
        "QueueTime": str(ticket.waited(world.now)),
    }
