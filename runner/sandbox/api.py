"""The API of one account without HTTP: a request record in, an answer out."""

from __future__ import annotations

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
        if request.kind in ("update", "side"):
            self._remember(request, answer)
        return answer

    def _remember(self, request: Request, answer: Answer) -> None:
        """Writes what a call was told into its trace."""
        if self._world.has(request.sid):
            told = (request.method, request.path, request.form)
            trace.asked(
                self._world, self._world.leg(request.sid), told, (answer.status, answer.body)
            )
