"""One request and all that answering it takes: what every resource's functions are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from runner.sandbox.errors import not_found, wrong_state
from runner.sandbox.faults import Taken
from runner.sandbox.identity import is_sid
from runner.sandbox.legs import Leg
from runner.sandbox.paths import ROOT
from runner.sandbox.rows import Renderer
from runner.sandbox.world import World

if TYPE_CHECKING:
    from runner.sandbox.journal import Request


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: HTTP status and JSON."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request to one account, its world, and the faults that hit it."""

    request: Request
    world: World
    renderer: Renderer
    taken: Taken

    @property
    def form(self) -> Mapping[str, str]:
        """What was sent."""
        return self.request.form

    @property
    def base(self) -> str:
        """The account's path, without a slash at the end: `/2010-04-01/Accounts/AC…`."""
        return ROOT + self.world.account_sid

    def leg(self) -> Leg:
        """The call that the path names. Raises `ApiError`."""
        sid = self.request.sid
        if not is_sid(sid, "CA") or not self.world.has(sid):
            raise not_found(self.request.path)
        return self.world.leg(sid)

    def spoken(self, refusal: str = "Call is not in-progress.") -> Leg:
        """The same for what needs a conversation. Raises `ApiError` for any other call."""
        leg = self.leg()
        if self.taken.too_early or leg.row.status != "in-progress":
            raise wrong_state(refusal)
        return leg


#: Answers one kind of request. Raises `ApiError`.
Deed: TypeAlias = Callable[[Exchange], Answer]


def shown(data: Mapping[str, Any], status: int = 200) -> Answer:
    """An answer of this JSON."""
    return Answer(status, msgspec.json.encode(data))


GONE = Answer(204, b"")
