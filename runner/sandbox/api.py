"""The API of one account without HTTP: a request record in, an answer out."""

from __future__ import annotations

import msgspec

from runner.sandbox import trace
from runner.sandbox.errors import ApiError, not_found
from runner.sandbox.exchange import Answer, Exchange
from runner.sandbox.faults import Taken
from runner.sandbox.identity import Account
from runner.sandbox.journal import Request
from runner.sandbox.rows import Renderer
from runner.sandbox.world import World


class Api:
    """Answers requests from one world. Who may ask was settled before (see `front.py`)."""

    def __init__(self, account: Account, world: World) -> None:
        self._world = world
        self._renderer = Renderer(account.sid)

    def answer(self, request: Request, taken: Taken) -> Answer:
        """Does what is asked. Never raises `ApiError`: refusals are answers too."""
        try:
            if request.deed is None:
                raise not_found(request.path)
            answer = request.deed(Exchange(request, self._world, self._renderer, taken))
        except ApiError as error:
            answer = Answer(error.status, error.body())
        if request.kind in ("create", "update", "side"):
            self._remember(request, answer)
        return answer

    def _remember(self, request: Request, answer: Answer) -> None:
        """Writes what a call was told into its trace."""
        sid, body = request.sid, answer.body
        if answer.status < 300 and request.kind != "side":
            # A call's own answer is long, and all that it said that is new is the SID.
            sid = sid or msgspec.json.decode(body)["sid"]
            body = msgspec.json.encode({"sid": sid})
        if self._world.has(sid):
            told = (request.method, request.path, request.form)
            trace.asked(self._world, self._world.leg(sid), told, (answer.status, body))
