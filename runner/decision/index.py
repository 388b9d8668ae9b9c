"""Which rules might match a call: found by the call's values, not by asking every rule.

Each rule is filed under facts of which one holds wherever its condition is true
(`runner.decision.anchors`). A call's values lead to the facts that hold for it, and so to its
candidates: every rule that matches is among them, and what the facts leave open is asked of each.
So the index costs time where it guesses badly, and never a match.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeAlias

from runner.call import Call
from runner.decision.anchors import Anchor, Kind, Question
from runner.decision.changes import Changes
from runner.decision.patterns import Patterns
from runner.decision.truth import Predicate, predicate
from runner.language.dates import age_of
from runner.language.fields import FIELDS, Field
from runner.model import Millis, Moment

#: Later than any moment.
NEVER: Millis = 1 << 62
MINUTE: Millis = 60_000
AGE = FIELDS["age"]
#: So many values of one attribute of calls are remembered, with what they lead to.
REMEMBERED = 65_536
#: And no more of them than lead to so many rules together: eight megabytes.
LED_TO = 1 << 20

Numbers: TypeAlias = Sequence[int]

_NOBODY = Call(sid="")
_NO_MOMENT = Moment(0)


class Index:
    """Rules by number: each with its facts, and when what it says of a call may change by itself.

    None for the facts of a rule that must be asked about every call.
    """

    def __init__(self, rules: Iterable[tuple[Sequence[Anchor] | None, Changes]]) -> None:
        self._always: list[int] = []
        self._ages = _Facts(AGE)
        facts, turning = {AGE.name: self._ages}, set[Millis]()
        self._by_minute = False
        for number, (anchors, changes) in enumerate(rules):
            turning.update(changes.ages)
            self._by_minute |= changes.minute
            if anchors is None:
                self._always.append(number)
            for anchor in anchors or ():
                name = anchor.field.name
                if name not in facts:
                    facts[name] = _Facts(anchor.field)
                facts[name].add(anchor, number)
        self._turning = sorted(turning)
        self._arrange(facts.values())

    def _arrange(self, facts: Iterable[_Facts]) -> None:
        columns: dict[str, list[_Facts]] = {}
        for each in facts:
            each.arrange()
            columns.setdefault(each.field.of, []).append(each)
        gates = [each for each in columns.pop("") if each is not self._ages]
        self._gates = _Gates(gates) if gates else None
        self.tally = Tally()
        self._columns = [_Column(name, found, self.tally) for name, found in columns.items()]
        self._values = _reader([*columns])

    def look_up(self, call: Call, moment: Moment) -> tuple[list[int], Millis]:
        """The candidates, in no order and some more than once; and until when nothing changes.

        That is: neither who is among them, nor what any of them says, unless it asks for the other
        live calls, while the call stays as it is, and `moment.account`.
        """
        found = self._always.copy()
        for column, value in zip(self._columns, self._values(call), strict=True):
            if numbers := column[value]:
                found += numbers
        if self._gates is not None:
            found += self._gates.open(moment)
        until = (moment.now // MINUTE + 1) * MINUTE if self._by_minute else NEVER
        if self._turning and (age := age_of(call, moment)) is not None:
            if age >= self._ages.lowest:
                found += self._ages.bounded(age)
            if age < self._turning[-1]:
                turn = self._turning[bisect_right(self._turning, age)]
                until = min(until, moment.now - age + turn)
        return found, until


@dataclass(slots=True)
class Tally:
    """How many facts no table could find so far, so that they were asked one by one."""

    asked: int = 0


class _Facts:
    """The facts on one field, each with the rules that are filed under it."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self._exact: dict[Any, list[int]] = {}
        self._starts: dict[int, dict[str, list[int]]] = {}  # by length
        self._ends: dict[int, dict[str, list[int]]] = {}
        self._fits: dict[Any, list[int]] = {}
        self._least: list[tuple[int, int]] = []
        self._most: list[tuple[int, int]] = []
        self._asked: dict[Any, tuple[Predicate, bool, list[int]]] = {}

    def add(self, anchor: Anchor, number: int) -> None:
        """Files a rule under a fact."""
        value = anchor.value
        match anchor.kind:
            case Kind.EXACT:
                self._exact.setdefault(value, []).append(number)
            case Kind.STARTS:
                self._starts.setdefault(len(value), {}).setdefault(value, []).append(number)
            case Kind.ENDS:
                self._ends.setdefault(len(value), {}).setdefault(value, []).append(number)
            case Kind.FITS:
                self._fits.setdefault(value, []).append(number)
            case Kind.LEAST:
                self._least.append((value, number))
            case Kind.MOST:
                self._most.append((value, number))
            case Kind.ASKED:
                self._add_asked(value, number)

    def _add_asked(self, question: Question, number: int) -> None:
        test = question.test
        key = (test.operator, test.value, question.truth)
        if key not in self._asked:
            self._asked[key] = (predicate(test), question.truth, [])
        self._asked[key][2].append(number)

    def arrange(self) -> None:
        """To be called once, when all are filed."""
        self._patterns = Patterns(self._fits.items())
        self._least.sort()
        self._most.sort()
        self._bounds = [bound for bound, _ in self._least], [bound for bound, _ in self._most]
        self._bounded = [number for _, number in self._least], [n for _, n in self._most]
        #: No lower amount keeps any bound.
        self.lowest = 0 if self._most or not self._least else self._least[0][0]

    @property
    def to_ask(self) -> int:
        """How many of them are asked about each value that is met."""
        return len(self._asked) + self._patterns.loose

    def of(self, value: Any) -> list[int]:
        """The rules under the facts that hold for a value; those that must be asked left out."""
        found = [*self._exact.get(value, ())]
        for length, table in self._starts.items():
            found += table.get(value[:length], ())
        for length, table in self._ends.items():
            found += table.get(value[-length:], ())
        if self._fits:
            found += self._patterns.hits(value)
        if self._least or self._most:
            found += self.bounded(value)
        return found

    def bounded(self, amount: int) -> list[int]:
        """The rules whose bounds an amount keeps."""
        least, most = self._bounds
        found = self._bounded[0][: bisect_right(least, amount)]
        if most:
            found += self._bounded[1][bisect_left(most, amount) :]
        return found

    def asked(self, call: Call, moment: Moment) -> list[int]:
        """The rules under the facts that hold as asking tells."""
        found: list[int] = []
        for asks, truth, numbers in self._asked.values():
            if asks(call, moment) is truth:
                found += numbers
        return found

    def all_of(self, call: Call, moment: Moment) -> list[int]:
        """The rules under the facts that hold for a call."""
        value = self.field.read(call, moment)
        found = self.asked(call, moment)
        return found if value is None else found + self.of(value)


class _Column(dict[str | None, Numbers]):
    """What the values of one attribute of calls lead to; found out when a value is first met."""

    def __init__(self, attribute: str, facts: Sequence[_Facts], tally: Tally) -> None:
        super().__init__()
        self._attribute = attribute
        self._facts = facts
        self._tally = tally
        self._led_to = 0

    def __missing__(self, value: str | None) -> Numbers:
        if len(self) >= REMEMBERED or self._led_to >= LED_TO:
            self.clear()
            self._led_to = 0
        # All that the facts read is this value.
        call = Call(**{"sid": "", self._attribute: value})  # type: ignore[arg-type]
        found = {number for facts in self._facts for number in facts.all_of(call, _NO_MOMENT)}
        self[value] = numbers = tuple(found)
        self._led_to += len(numbers)
        self._tally.asked += sum(facts.to_ask for facts in self._facts)
        return numbers


class _Gates:
    """Facts that no call decides, but the clock on the wall and the account."""

    def __init__(self, facts: Sequence[_Facts]) -> None:
        self._facts = facts
        self._last: tuple[tuple[Millis, str], Numbers] | None = None

    def open(self, moment: Moment) -> Numbers:
        """The rules under those that hold at a moment."""
        key, last = (moment.now // MINUTE, moment.account), self._last
        if last is None or last[0] != key:
            numbers = [n for facts in self._facts for n in facts.all_of(_NOBODY, moment)]
            self._last = last = key, numbers  # in one step: threads may share an index
        return last[1]


def _reader(attributes: Sequence[str]) -> Callable[[Call], Sequence[str | None]]:
    """Reads all these attributes of a call at once."""
    if len(attributes) > 1:
        return attrgetter(*attributes)
    return lambda call: [getattr(call, attribute) for attribute in attributes]
