"""How long it takes from a match to what was done about it, act by act.

The time begins with the poll that first saw the rule match the call: from when its calls were asked
for. It goes on while the verdict is held back, and through retries, and ends when the far side has
confirmed the first request of the act. The `for` of a rule is not in it, nor the time until its
`once` lets it act again: until then there is nothing to do. An act that no poll has seen coming was
set off by a push.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from runner.console.measuring.tallies import Histogram
from runner.console.summing import SLICE
from runner.decision.steps import Held, Step
from runner.decision.turns import Turns, slices
from runner.engine.clock import Clock
from runner.engine.poll import Show
from runner.engine.ports import Event
from runner.model import Millis

#: (call SID, flow, rule).
Match: TypeAlias = tuple[str, str, str]
#: What set an act off.
TRIGGERS = ("poll", "push")
#: Acts that never come to an end (a fault) are forgotten, the oldest first, beyond so many.
UNDER_WAY = 10_000
#: Routes of parts that tell of a call and do nothing to it.
_TELLING = ("web", "history")


@dataclass(slots=True)
class _Account:
    """What is to be done in one account, and since when, on the monotonic clock."""

    waiting: dict[Match, Millis] = field(default_factory=dict)  # no act has begun
    under_way: dict[Match, tuple[Millis, str]] = field(default_factory=dict)  # with what set it off


class Lags:
    """One histogram for polls and one for pushes; `hear` takes the events of acts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[str, _Account] = {}
        self.by_trigger = {trigger: Histogram() for trigger in TRIGGERS}

    def see(self, account: str, to_do: Sequence[Step | Held], *, asked: Millis) -> Turns[Show]:
        """Takes what a poll does, or would do were it not held back.

        It counts when what is returned is called.
        """
        known = self._accounts.setdefault(account, _Account())
        due, new, gone = set[Match](), list[Match](), list[Match]()
        for part in slices(to_do, SLICE):
            matches = {(each.call.sid, each.rule.flow, each.rule.id) for each in part}
            new += matches.difference(known.waiting)
            due |= matches
            yield
        for waiting in slices([*known.waiting], SLICE):
            gone += {*waiting} - due
            yield
        return partial(_wait_for, known, new, gone, asked)

    def hear(self, event: Event, outcome: str) -> None:
        """Takes how one part of an act stands."""
        fields = event.fields
        if fields.get("route") in _TELLING or outcome in ("retrying", "shadowed", "planned"):
            return
        account = self._accounts.setdefault(str(fields.get("account", "")), _Account())
        match = (str(fields.get("call")), str(fields.get("flow")), str(fields.get("rule")))
        if outcome == "intended":
            self._begin(account, match)
        else:
            self._end(account, match, outcome)

    def forget(self) -> None:
        """The term is over: another runner may act on what was seen."""
        self._accounts.clear()

    def _begin(self, account: _Account, match: Match) -> None:
        if match in account.under_way:
            return  # another part of the same act
        since = account.waiting.pop(match, None)
        begun = (self._clock.monotonic(), "push") if since is None else (since, "poll")
        account.under_way[match] = begun
        if len(account.under_way) > UNDER_WAY:
            del account.under_way[next(iter(account.under_way))]

    def _end(self, account: _Account, match: Match, outcome: str) -> None:
        since, trigger = account.under_way.pop(match, (None, ""))
        if since is None:
            return  # begun before this term; or a further part, whose act is counted already
        if outcome == "done":
            self.by_trigger[trigger].observe(self._clock.monotonic() - since)
        elif outcome == "withdrawn":
            account.waiting[match] = since  # the next poll decides anew, and the time goes on


def _wait_for(known: _Account, new: Sequence[Match], gone: Sequence[Match], since: Millis) -> None:
    for match in gone:
        known.waiting.pop(match, None)
    for match in new:
        if match not in known.under_way:
            known.waiting.setdefault(match, since)
