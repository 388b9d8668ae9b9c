"""The Calls API of one account without HTTP: a request record in, an answer out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from runner.model import Millis
from runner.sandbox import changes
from runner.sandbox.errors import (
    ApiError,
    not_found,
    too_soon_to_delete,
    wrong_state,
)
from runner.sandbox.faults import Taken
from runner.sandbox.identity import Account
from runner.sandbox.journal import Request
from runner.sandbox.legs import Leg
from runner.sandbox.listing import envelope, find_page, parse_query
from runner.sandbox.routes import ROOT as ROOT
from runner.sandbox.rows import Renderer, Row
from runner.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: HTTP status and JSON."""

    status: int
    body: bytes


class Api:
    """Answers requests from one world. Who may ask was settled before (see `front.py`)."""

    def __init__(self, account: Account, world: World) -> None:
        self._world = world
        self._renderer = Renderer(account.sid)
        self._deeds: dict[str, Callable[[Request, Taken], Answer]] = {
            "list": self._list,
            "create": self._create,
            "fetch": self._fetch,
            "update": self._update,
            "delete": self._delete,
        }

    def answer(self, request: Request, taken: Taken) -> Answer:
        """Does what is asked. Never raises `ApiError`: refusals are answers too."""
        try:
            if request.kind not in self._deeds:
                raise not_found(request.path)
            return self._deeds[request.kind](request, taken)
        except ApiError as error:
            return Answer(error.status, error.body())

    def _list(self, request: Request, taken: Taken) -> Answer:
        query = parse_query(request.query)
        shelf = self._world.shelf
        if taken.stale:
            moment: Millis = self._world.now - round(taken.stale * 1000)
            rows = shelf.as_of(moment, query.status)
        else:
            rows = shelf.rows(query.status)
        page = find_page(shelf, rows, query)
        around = msgspec.json.encode(envelope(request.path, query, page))
        calls = b",".join(map(self._rendered, page.rows))
        if taken.shrinks:
            self._hang_up(page.rows)
        return Answer(200, around[:-1] + b',"calls":[' + calls + b"]}")

    def _hang_up(self, rows: Sequence[Row]) -> None:
        """Their callers hang up, as soon as the page that shows them is written."""
        for row in rows:
            if self._world.has(row.sid):
                leg = self._world.leg(row.sid)
                answered = leg.row.status == "in-progress"
                self._world.end(leg, "completed" if answered else "no-answer")

    def _fetch(self, request: Request, taken: Taken) -> Answer:
        return Answer(200, self._rendered(self._leg(request).row))

    def _update(self, request: Request, taken: Taken) -> Answer:
        leg = self._leg(request)
        if taken.too_early:
            raise wrong_state()
        changes.update(self._world, leg, request.form)
        return Answer(200, self._rendered(leg.row))

    def _create(self, request: Request, taken: Taken) -> Answer:
        row = self._world.add(changes.create(self._world, request.form))
        return Answer(201, self._rendered(row))

    def _delete(self, request: Request, taken: Taken) -> Answer:
        leg = self._leg(request)
        if leg.row.live:
            raise too_soon_to_delete()
        self._world.forget(leg.row.sid)
        return Answer(204, b"")

    def _leg(self, request: Request) -> Leg:
        if not changes.is_call_sid(request.sid) or not self._world.has(request.sid):
            raise not_found(request.path)
        return self._world.leg(request.sid)

    def _rendered(self, row: Row) -> bytes:
        shelf = self._world.shelf
        # Rows of ended calls are rarely asked for again, and there may be very many of them.
        if not row.live or shelf.get(row.sid) is not row:
            return self._renderer.whole(row)
        head = shelf.heads.get(row.sid)
        if head is None:
            head = shelf.heads[row.sid] = self._renderer.head(row)
        return self._renderer.whole(row, head)
