"""Memory that is bounded in time and number: callbacks that came before, and complaints made."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from runner.engine.clock import Clock
from runner.engine.ports import Event, Listener
from runner.model import Millis

#: Callbacks that are remembered: a busy account's of ten minutes.
MOST = 100_000
#: Of one kind, one complaint in so long.
APART: Millis = 60_000


class Seen:
    """Signatures that came within the last `lifetime`; of more than `most` the oldest go first.

    One that is forgotten early could come again. It would have the call looked at once more.
    """

    def __init__(self, lifetime: Millis, *, most: int = MOST) -> None:
        self._lifetime = lifetime
        self._most = most
        # In the order in which they came. A plain dict takes ever longer to find its first one,
        # and after a quiet night ten seconds to forget a busy day.
        self._until: OrderedDict[str, Millis] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def is_new(self, signature: str, now: Millis) -> bool:
        """Whether it comes for the first time, at `now` on the monotonic clock."""
        while self._until and self._until[next(iter(self._until))] <= now:
            self._until.popitem(last=False)
        if signature in self._until:
            return False
        if len(self._until) >= self._most:
            self._until.popitem(last=False)
        self._until[signature] = now + self._lifetime
        return True


@dataclass
class _Kept:
    """When a kind of refusal was told of last, and how many of it were not."""

    at: Millis
    untold: int = 0


@dataclass
class Complaints:
    """Tells of what is refused, each kind once in a while: a stranger must not fill the log.

    There are as many kinds as there are reasons and accounts.
    """

    tell: Listener
    clock: Clock
    _kept: dict[tuple[str, str], _Kept] = field(default_factory=dict)

    def make(self, reason: str, account: str, **fields: object) -> None:
        """Tells of one, or counts it."""
        now = self.clock.monotonic()
        kept = self._kept.get((reason, account))
        if kept is not None and now - kept.at < APART:
            kept.untold += 1
            return
        untold = 0 if kept is None else kept.untold
        self._kept[reason, account] = _Kept(now)
        told: dict[str, object] = {"reason": reason, **({"account": account} if account else {})}
        told |= {"untold": untold, **fields}
        self.tell(Event("push.refused", self.clock.now(), "warning", told))
