"""Which live calls belong together: a call and those that it has dialled, as far as listed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

from runner.call import Call
from runner.decision.turns import Turns, at_once, slices

#: So many calls in one turn: a millisecond or two.
TURN = 2_000


class Groups:
    """The leg groups of these calls, each known by the SID at its top; found when asked for."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls
        self._legs: defaultdict[str, list[Call]] | None = None

    def of(self, call: Call) -> str:
        """The SID at the top of the call's legs, as far as the listing shows it."""
        return self._top(call.sid, call.parent_call_sid)

    def of_sid(self, sid: str) -> str:
        """The same of a call that need not be listed."""
        return self._top(sid, self._parents.get(sid))

    @property
    def gathered(self) -> bool:
        """Whether the legs of every group are known."""
        return self._legs is not None

    def legs(self, group: str) -> Sequence[Call]:
        """The listed calls of the group, in their order; none where it is one call alone."""
        if self._legs is None:
            at_once(self.gather())
        assert self._legs is not None
        return self._legs.get(group, ())

    def gather(self) -> Turns[None]:
        """Finds the legs of every group."""
        legs = defaultdict[str, list[Call]](list)
        dialling = set(self._parents.values())
        for part in slices(self._calls, TURN):
            for call in part:
                if call.parent_call_sid or call.sid in dialling:
                    legs[self.of(call)].append(call)
            yield
        self._legs = legs

    @cached_property
    def _parents(self) -> dict[str, str]:
        """By the SID of each listed call that another has dialled, that other's."""
        return {call.sid: call.parent_call_sid for call in self._calls if call.parent_call_sid}

    def _top(self, sid: str, parent: str | None) -> str:
        seen = {sid}
        while parent and parent not in seen:
            sid = parent
            seen.add(sid)
            parent = self._parents.get(sid)
        return sid
