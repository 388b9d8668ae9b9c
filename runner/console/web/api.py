"""The console's JSON API: what it shows, and the paths of everything that it does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from aiohttp import web

from runner.console.answers import answer, answer_in_turns, encoded
from runner.console.desk import Desk
from runner.console.doors.access import Access, Kind
from runner.console.doors.disclosure import Disclosure
from runner.console.doors.visitors import Visitor, current_visitor
from runner.console.picture.board import Board
from runner.console.picture.livecalls import calls_in_turns
from runner.console.picture.pictures import acts_of, chart_of, status_of
from runner.console.picture.tables import Page, held_of, rules_of
from runner.console.web.asked import Query, bad, body_of, refuse_unknown
from runner.console.web.health import Health
from runner.console.web.orders import Orders
from runner.console.web.stream import News, Streams
from runner.engine.ports import HistoryQuery, Listener, Outcome
from runner.engine.tasks import in_turns
from runner.model import LIVE_STATUSES

_CALL = re.compile(r"CA[0-9a-fA-F]{32}")
_COLUMNS = ("age", "from", "to", "status", "rule", "outcome")
_RULE_COLUMNS = ("file", "name", "matches", "matched", "acts", "held", "trips")
_STATES = ("paused", "tripped", "acting")

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Console:
    """What the console is made of."""

    board: Board
    desk: Desk
    health: Health
    access: Access
    tell: Listener


class Views:
    """What can be looked at. Each method answers one path."""

    def __init__(self, console: Console) -> None:
        self._board = console.board
        self._desk = console.desk
        self._health = console.health
        self._access = console.access
        self._one_at_a_time = asyncio.Lock()
        self._disclosure = Disclosure(console.desk, console.board.clock, console.tell)

    def status(self, visitor: Visitor) -> Document:
        """The status as this visitor gets it."""
        ready, _ = self._health.report(self._board.clock.now())
        operates = visitor.role == "operator"
        access = {
            "role": visitor.role,
            "numbers": operates,
            "session": visitor.session is not None,
        }
        return {**status_of(self._board), "ready": ready, "access": access}

    async def get_status(self, request: web.Request) -> web.Response:
        Query(request, ())
        return answer(self.status(current_visitor()))

    async def calls(self, request: web.Request) -> web.Response:
        known = ("limit", "offset", "sort", "q", "status", "account", "rule", "held")
        query = Query(request, (*known, "show_numbers"))
        page = Page(
            limit=query.number("limit", 100, least=1, most=500),
            offset=query.number("offset", 0, least=0, most=10_000_000),
            sort=query.choice("sort", _orders(_COLUMNS), "-age"),
            q=query.text("q", 100),
            status=query.choice("status", LIVE_STATUSES),
            account=self._account(query),
            rule=self._rule(query),
            held=query.flag("held"),
            show_numbers=await self._disclosure.allows(request, wanted=query.flag("show_numbers")),
        )
        async with self._one_at_a_time:
            return answer(await in_turns(calls_in_turns(self._board, page)))

    async def rules(self, request: web.Request) -> web.Response:
        query = Query(request, ("limit", "offset", "sort", "q", "state"))
        page = Page(
            limit=query.number("limit", 100, least=1, most=500),
            offset=query.number("offset", 0, least=0, most=10_000_000),
            sort=query.choice("sort", _orders(_RULE_COLUMNS), "file"),
            q=query.text("q", 100),
            state=query.choice("state", _STATES),
        )
        return answer(rules_of(self._board, page))

    async def held(self, request: web.Request) -> web.Response:
        query = Query(request, ("limit", "offset", "show_numbers"))
        page = Page(
            limit=query.number("limit", 100, least=1, most=500),
            offset=query.number("offset", 0, least=0, most=10_000_000),
            show_numbers=await self._disclosure.allows(request, wanted=query.flag("show_numbers")),
        )
        return answer(held_of(self._board, page))

    async def acts(self, request: web.Request) -> web.Response:
        limit = Query(request, ("limit",)).number("limit", 50, least=1, most=500)
        return answer(acts_of(self._board, limit=limit))

    async def chart(self, request: web.Request) -> web.Response:
        Query(request, ())
        return answer(chart_of(self._board))

    async def history(self, request: web.Request) -> web.Response:
        names = ("call", "rule", "outcome", "since", "limit", "show_numbers")
        query = Query(request, names)
        outcome: Any = query.choice("outcome", get_args(Outcome)) or None
        asked = HistoryQuery(
            call_sid=_sid(query.text("call")) or None,
            rule=query.text("rule") or None,
            outcome=outcome,
            since=query.since("since", self._board.clock.now()),
            limit=query.number("limit", 100, least=1, most=1_000),
        )
        shown = await self._disclosure.allows(request, wanted=query.flag("show_numbers"))
        entries = await self._desk.history(asked, show_numbers=shown)
        return await answer_in_turns({"entries": entries})

    async def why(self, request: web.Request) -> web.Response:
        query = Query(request, ("rule", "show_numbers"))
        sid, rule = _sid(request.match_info["sid"]), query.text("rule")
        shown = await self._disclosure.allows(request, wanted=query.flag("show_numbers"))
        return await answer_in_turns(await self._desk.why(sid, rule=rule, show_numbers=shown))

    def _account(self, query: Query) -> str:
        named = query.text("account")
        accounts = self._board.accounts.values()
        refuse_unknown(
            "account",
            named,
            lambda: [name for each in accounts for name in (each.alias, each.sid) if name],
        )
        return named

    def _rule(self, query: Query) -> str:
        named = query.text("rule")
        rules = self._board.flows().flow_set.rules
        refuse_unknown("rule", named, lambda: [rule.key for rule in rules])
        return named


class Doors:
    """Logging in and out."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def log_in(self, request: web.Request) -> web.Response:
        """Gives a session for a token."""
        form = await body_of(request, ("token",))
        token = form.needed("token", 'send {"token": "…"}', 512)
        response = web.Response(content_type="application/json")
        role = self._access.log_in(request, token, response)
        response.body = encoded({"role": role})
        return response

    async def log_out(self, request: web.Request) -> web.Response:
        """Ends the session, if there is one."""
        response = web.Response(body=encoded({"role": None}), content_type="application/json")
        self._access.log_out(request, response)
        return response


def routes(console: Console, streams: Streams) -> Mapping[Kind, Sequence[web.RouteDef]]:
    """Every path, by what it asks of who comes."""
    views, doors = Views(console), Doors(console.access)
    orders = Orders(console.desk, console.board, console.tell)
    stream = partial(streams.follow, News(console.board, views.status), console.access)
    return {
        "login": [web.post("/api/login", doors.log_in)],
        "any": [web.post("/api/logout", doors.log_out)],
        "read": [
            web.get("/api/status", views.get_status),
            web.get("/api/calls", views.calls),
            web.get("/api/rules", views.rules),
            web.get("/api/held", views.held),
            web.get("/api/acts", views.acts),
            web.get("/api/chart", views.chart),
            web.get("/api/history", views.history),
            web.get("/api/why/{sid}", views.why),
            web.get("/api/stream", stream, allow_head=False),
        ],
        "operate": [
            web.post("/api/pause", orders.pause),
            web.post("/api/resume", orders.resume),
            web.post("/api/kill", orders.kill),
        ],
    }


def _orders(columns: Sequence[str]) -> list[str]:
    return [name for column in columns for name in (column, f"-{column}")]


def _sid(text: str) -> str:
    if text and not _CALL.fullmatch(text):
        raise bad("that is no call's SID", "it is CA and 32 hexadecimal digits")
    return text
