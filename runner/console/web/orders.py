"""What an operator may order: to pause, to resume, to stop everything. Each is told of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from aiohttp import web

from runner.console.answers import answer
from runner.console.desk import Desk, Order, Scope
from runner.console.doors.visitors import current_visitor
from runner.console.picture.board import Board
from runner.console.picture.pictures import pause_of
from runner.console.web.asked import Form, bad, body_of
from runner.engine.ports import Event, Listener, Pause

_REASON = 'say why, for whoever finds it stopped: {"reason": "cuts off agents"}'
#: What is kept of a reason, and of the name that somebody gives.
_LONGEST = 500
_NAME = 60


class Orders:
    """Each method answers one path, with what stands then."""

    def __init__(self, desk: Desk, board: Board, tell: Listener) -> None:
        self._desk = desk
        self._board = board
        self._tell = tell

    async def pause(self, request: web.Request) -> web.Response:
        """Keeps a rule, a flow or an account from acting."""
        form = await body_of(request, ("flow", "rule", "account", "reason", "for", "by"))
        scope = _scope(form)
        if scope == Scope():
            raise bad(
                "nothing is named", "name a flow, a rule or an account; POST /api/kill stops all"
            )
        made = await self._desk.pause(scope, self._order(form))
        self._told("pause", [made])
        return answer({"paused": pause_of(made, self._board)})

    async def kill(self, request: web.Request) -> web.Response:
        """Stops everything."""
        form = await body_of(request, ("reason", "for", "by"))
        order = self._order(form)
        # Before it is done: it stops this process at once, whatever else goes wrong with it.
        self._told("kill", [Pause(reason=order.reason, by=order.by)])
        made = await self._desk.kill(order)
        return answer({"killed": pause_of(made, self._board)})

    async def resume(self, request: web.Request) -> web.Response:
        """Lifts the pauses of a scope, or the kill switch."""
        form = await body_of(request, ("flow", "rule", "account", "all", "by"))
        scope, everything = _scope(form), form.flag("all")
        if everything == (scope != Scope()):
            hint = 'name a flow, a rule or an account; {"all": true} lifts the kill switch'
            raise bad("either a scope or all is to be named", hint)
        by = _by(form)
        lifted = await (self._desk.lift(by=by) if everything else self._desk.resume(scope, by=by))
        self._told("resume", lifted, by=by)
        return answer({"resumed": [pause_of(pause, self._board) for pause in lifted]})

    def _order(self, form: Form) -> Order:
        reason = form.needed("reason", _REASON, _LONGEST)
        lasting = form.lasting("for", self._board.clock.now())
        return Order(reason, _by(form), lasting)

    def _told(self, action: str, pauses: Sequence[Pause], *, by: str = "") -> None:
        """One line for each scope; lifting what was not there is told of, too."""
        for pause in pauses or [Pause(by=by)]:
            fields = {
                "action": action,
                "scope": pause.scope if pauses else "nothing",
                **({"reason": pause.reason} if pause.reason and not by else {}),
                "by": by or pause.by,
                "peer": current_visitor().peer,
            }
            level: Literal["info", "warning"] = "info" if action == "resume" else "warning"
            self._tell(Event("operator", self._board.clock.now(), level, fields))


def _scope(form: Form) -> Scope:
    return Scope(form.text("flow"), form.text("rule"), form.text("account"))


def _by(form: Form) -> str:
    """The name that was given can be anybody's; what the connection shows stands beside it."""
    name, who = form.text("by", _NAME), current_visitor().name
    return f"{name} ({who})" if name else who
