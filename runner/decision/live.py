"""The live calls of one poll, counted and ranked by the fields that rules ask about."""

from __future__ import annotations

from collections.abc import Sequence

from runner.call import Call
from runner.language.fields import FIELDS
from runner.model import Millis, Moment


class LiveSet:
    """Implements `runner.model.Live`. Counts a field when it is first asked for."""

    def __init__(self, calls: Sequence[Call], now: Millis) -> None:
        self._calls = calls
        self._bare = Moment(now)
        self._by: dict[str, dict[str, dict[str, int]]] = {}  # field → value → SID → rank
        self._parents = {call.parent_call_sid for call in calls if call.parent_call_sid}

    def count(self, by: str, value: str) -> int:
        """How many live calls have this value in this field."""
        return len(self._ranks(by).get(value, ()))

    def rank(self, by: str, value: str, sid: str) -> int | None:
        """How many live calls with this value are older than this one."""
        return self._ranks(by).get(value, {}).get(sid)

    def has_child(self, sid: str) -> bool:
        """Whether another live call was dialled from this one."""
        return sid in self._parents

    def _ranks(self, by: str) -> dict[str, dict[str, int]]:
        if by not in self._by:
            groups: dict[str, dict[str, int]] = {}
            for call in sorted(self._calls, key=self._oldest_first):
                value = FIELDS[by].read(call, self._bare)
                if isinstance(value, str):
                    group = groups.setdefault(value, {})
                    group[call.sid] = len(group)
            self._by[by] = groups
        return self._by[by]

    def _oldest_first(self, call: Call) -> tuple[Millis, str]:
        age = FIELDS["age"].read(call, self._bare)
        # A call without any date counts as the newest; the SID makes equal ages reproducible.
        return (-age if isinstance(age, int) else 1, call.sid)
