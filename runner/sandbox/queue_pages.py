"""Queues and who waits in them as the API has them: listed, read, taken out."""

from __future__ import annotations

from typing import Any

from runner.sandbox.dates import rfc2822
from runner.sandbox.errors import ApiError, not_found
from runner.sandbox.exchange import Answer, Exchange, shown
from runner.sandbox.forms import method_of, needed, usable
from runner.sandbox.legs import Source
from runner.sandbox.pages import Listing, page
from runner.sandbox.queues import Queue, Ticket

#: Stands for whoever waits longest, in the place of a call's SID.
FRONT = "Front"


def read_all(exchange: Exchange) -> Answer:
    """A page of queues, the newest first."""

    def render(queue: Queue) -> dict[str, Any]:
        return _render(exchange, queue)

    return page(exchange, Listing("queues", exchange.world.queues.rows, render))


def read_one(exchange: Exchange) -> Answer:
    """A queue as it is."""
    return shown(_render(exchange, _queue(exchange)))


def read_members(exchange: Exchange) -> Answer:
    """A page of who waits, from the front."""
    queue = _queue(exchange)
    # A page shows its rows from the last one, and who waits longest comes first.
    rows = dict(reversed(queue.tickets.items()))

    def render(ticket: Ticket) -> dict[str, Any]:
        return _member(exchange, ticket)

    return page(exchange, Listing("queue_members", rows, render, gone=queue.gone))


def read_member(exchange: Exchange) -> Answer:
    """One who waits."""
    return shown(_member(exchange, _ticket(exchange)))


def dequeue(exchange: Exchange) -> Answer:
    """Takes a call out of its queue: it goes on with the document at a URL."""
    ticket = _ticket(exchange)
    url = needed(exchange.form, "Url")
    method = method_of(exchange.form, "Method")
    if not usable(url):
        raise ApiError(400, 21205, f"Url is not a valid URL: {url}")
    exchange.world.redirect(ticket.leg, Source(url=url, method=method))
    return shown(_member(exchange, ticket))


def _queue(exchange: Exchange) -> Queue:
    queue = exchange.world.queues.rows.get(exchange.request.sid)
    if queue is None:
        raise not_found(exchange.request.path)
    return queue


def _ticket(exchange: Exchange) -> Ticket:
    tickets, name = _queue(exchange).tickets, exchange.request.below
    ticket = next(iter(tickets.values()), None) if name == FRONT else tickets.get(name)
    if ticket is None:
        raise not_found(exchange.request.path)
    return ticket


def _render(exchange: Exchange, queue: Queue) -> dict[str, Any]:
    return {
        "date_updated": rfc2822(queue.updated),
        "current_size": len(queue.tickets),
        "friendly_name": queue.name,
        "uri": f"{exchange.base}/Queues/{queue.sid}.json",
        "account_sid": exchange.world.account_sid,
        "average_wait_time": queue.average_wait(exchange.world.now),
        "sid": queue.sid,
        "date_created": rfc2822(queue.order[0]),
        "max_size": queue.max_size,
    }


def _member(exchange: Exchange, ticket: Ticket) -> dict[str, Any]:
    queue = ticket.queue
    return {
        "call_sid": ticket.sid,
        "date_enqueued": rfc2822(ticket.since),
        "position": queue.position(ticket),
        "uri": f"{exchange.base}/Queues/{queue.sid}/Members/{ticket.sid}.json",
        "wait_time": ticket.waited(exchange.world.now),
        "queue_sid": queue.sid,
    }
