"""The Calls resource: calls are listed, made, read, told what to do, and their records removed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runner.model import Millis
from runner.sandbox import callbacks, changes
from runner.sandbox.errors import too_soon_to_delete, wrong_state
from runner.sandbox.exchange import GONE, Answer, Exchange
from runner.sandbox.listing import envelope, find_page, parse_query
from runner.sandbox.rows import Row
from runner.sandbox.world import World


def read_all(exchange: Exchange) -> Answer:
    """A page of calls, the newest first."""
    request, taken, world = exchange.request, exchange.taken, exchange.world
    query = parse_query(request.query)
    if taken.stale:
        moment: Millis = world.now - round(taken.stale * 1000)
        rows = world.shelf.as_of(moment, query.status)
    else:
        rows = world.shelf.rows(query.status)
    page = find_page(world.shelf, rows, query)
    around = msgspec.json.encode(envelope(request.path, query, page))
    calls = b",".join(_rendered(exchange, row) for row in page.rows)
    if taken.shrinks:
        _hang_up(world, page.rows)
    return Answer(200, around[:-1] + b',"calls":[' + calls + b"]}")


def _hang_up(world: World, rows: Sequence[Row]) -> None:
    """Their callers hang up, as soon as the page that shows them is written."""
    for row in rows:
        if world.has(row.sid):
            leg = world.leg(row.sid)
            answered = leg.row.status == "in-progress"
            world.end(leg, "completed" if answered else "no-answer")


def read_one(exchange: Exchange) -> Answer:
    """A call as it is."""
    return Answer(200, _rendered(exchange, exchange.leg().row))


def update(exchange: Exchange) -> Answer:
    """Tells a call something, and shows it as it is then."""
    leg = exchange.leg()
    if exchange.taken.too_early:
        raise wrong_state()
    changes.update(exchange.world, leg, exchange.form)
    return Answer(200, _rendered(exchange, leg.row))


def create(exchange: Exchange) -> Answer:
    """Calls somebody."""
    world, events = exchange.world, exchange.request.values("StatusCallbackEvent")
    row = world.add(changes.create(world, exchange.form, events))
    if exchange.form.get("StatusCallback") and callbacks.unknown(events):
        callbacks.refused(world, world.leg(row.sid), events)
    return Answer(201, _rendered(exchange, row))


def delete(exchange: Exchange) -> Answer:
    """Removes the record of a call that is over."""
    leg = exchange.leg()
    if leg.row.live:
        raise too_soon_to_delete()
    exchange.world.forget(leg.row.sid)
    return GONE


def _rendered(exchange: Exchange, row: Row) -> bytes:
    shelf = exchange.world.shelf
    # Rows of ended calls are rarely asked for again, and there may be very many of them.
    if not row.live or shelf.get(row.sid) is not row:
        return exchange.renderer.whole(row)
    head = shelf.heads.get(row.sid)
    if head is None:
        head = shelf.heads[row.sid] = exchange.renderer.head(row)
    return exchange.renderer.whole(row, head)
