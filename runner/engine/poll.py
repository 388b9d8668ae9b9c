"""What one poll came to, for whoever paces, shows or counts polls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from runner.decision.planner import Plan
from runner.decision.turns import Turns
from runner.engine.brain import Sight
from runner.engine.ports import Event, GatewayError
from runner.model import Millis


@dataclass(frozen=True, slots=True)
class Poll:
    """What one poll came to. `sight` is None, and `error` set, where it failed.

    `asked` is when the calls were asked for, on the monotonic clock: no row is older. `heard` is
    when the list was there.
    """

    calls: int
    sight: Sight | None = None
    error: GatewayError | None = None
    asked: Millis = 0
    heard: Millis = 0
    #: Whether the far side wanted fewer updates since the poll before.
    throttled: bool = False
    #: What is told of a good one.
    event: Event | None = None

    @property
    def plan(self) -> Plan | None:
        """What the poll led to."""
        return None if self.sight is None else self.sight.plan


#: Shows what was seen.
Show: TypeAlias = Callable[[], None]


def nothing_to_show(*_seen: object) -> Turns[Show]:
    """Nobody watches."""
    yield from ()
    return _nothing


def _nothing() -> None:
    """There is nothing to show."""
