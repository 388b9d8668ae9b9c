"""The live calls of one poll, counted and ranked by the fields that rules ask about."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cached_property

from runner.call import Call
from runner.decision.turns import Turns, at_once, slices
from runner.language.fields import FIELDS
from runner.model import Millis, Moment

#: So many calls in one turn: a millisecond or two.
TURN = 2_000


class LiveSet:
    """Implements `runner.model.Live`. Goes through the calls by a field when first asked for it."""

    def __init__(self, calls: Sequence[Call], now: Millis) -> None:
        """Of each SID there is one call."""
        self._calls = calls
        self._bare = Moment(now)
        self._counts: dict[str, Counter[str]] = {}  # field → value → how many
        self._groups: dict[str, _Groups] = {}
        self._ranks: dict[tuple[str, str], dict[str, int]] = {}  # field, value → SID → rank

    def count(self, by: str, value: str) -> int:
        """How many live calls have this value in this field."""
        if by not in self._counts:
            at_once(self._count(by))
        return self._counts[by][value]

    def rank(self, by: str, value: str, sid: str) -> int | None:
        """How many live calls with this value are older than this one."""
        if by not in self._groups:
            at_once(self._group(by))
        groups = self._groups[by]
        if value not in groups.several:
            return 0 if groups.alone.get(value) == sid else None
        if (by, value) not in self._ranks:
            at_once(self._rank(by, value))
        return self._ranks[by, value].get(sid)

    def has_child(self, sid: str) -> bool:
        """Whether another live call was dialled from this one."""
        return sid in self._parents

    def prepare(self, before: LiveSet) -> Turns[None]:
        """Works out what an earlier live set was asked for, with pauses in between.

        What is not prepared is worked out at once by the first question, however long that takes.
        """
        # Before the first pause: in each it may be asked for more, by an act that looks again.
        groups, ranks = {*before._groups}, {*before._ranks}
        for by in before._counts.keys() - self._counts.keys():
            yield from self._count(by)
        for by in groups - self._groups.keys():
            yield from self._group(by)
        for by, value in ranks - self._ranks.keys():
            if len(self._groups[by].several.get(value, ())) > TURN:
                yield from self._rank(by, value)

    @cached_property
    def _parents(self) -> set[str]:
        return {call.parent_call_sid for call in self._calls if call.parent_call_sid}

    def _count(self, by: str) -> Turns[None]:
        counts, read = Counter[str](), FIELDS[by].read
        for part in slices(self._calls, TURN):
            values = (read(call, self._bare) for call in part)
            counts.update(value for value in values if isinstance(value, str))
            yield
        self._counts[by] = counts

    def _group(self, by: str) -> Turns[None]:
        if by not in self._counts:
            yield from self._count(by)
        counts, read = self._counts[by], FIELDS[by].read
        groups = _Groups()
        for part in slices(self._calls, TURN):
            for call in part:
                value = read(call, self._bare)
                if not isinstance(value, str):
                    continue
                if counts[value] > 1:
                    groups.several[value].append(call)
                else:
                    groups.alone[value] = call.sid
            yield
        self._groups[by] = groups

    def _rank(self, by: str, value: str) -> Turns[None]:
        """By age, then by SID. A call without any date counts as the newest."""
        age = FIELDS["age"].read
        by_age = defaultdict[Millis, list[str]](list)
        for part in slices(self._groups[by].several[value], TURN):
            for call in part:
                old = age(call, self._bare)
                by_age[old if isinstance(old, int) else -1].append(call.sid)
            yield
        ranks: dict[str, int] = {}
        paused_at = 0
        for old in sorted(by_age, reverse=True):
            for sid in sorted(by_age[old]):
                ranks[sid] = len(ranks)
            if len(ranks) - paused_at > TURN:
                paused_at = len(ranks)
                yield
        self._ranks[by, value] = ranks


class _Groups:
    """The calls by their value of one field: SIDs of those alone with theirs, and the others."""

    def __init__(self) -> None:
        self.alone: dict[str, str] = {}
        self.several = defaultdict[str, list[Call]](list)
