"""Which rules might match a call: found by the call's values, not by asking every rule.

Each rule is filed under facts of which one holds wherever its condition is true
(`runner.decision.anchors`). A call's values lead to the facts that hold for it, and so to its
candidates: every rule that matches is among them, and what the facts leave open is asked of each.
So the index costs time where it guesses badly, and never a match.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress, repeat
from typing import Any

from runner.call import Call
from runner.decision.ages import LED_TO, Ages, Numbers
from runner.decision.anchors import Anchor, Kind, Question
from runner.decision.changes import UNCHANGING, Changes
from runner.decision.columns import COLUMNS
from runner.decision.patterns import Patterns
from runner.decision.truth import Predicate, predicate
from runner.decision.turns import Pace, Turns
from runner.language.fields import FIELDS, Field
from runner.model import Millis, Moment

#: Later than any moment.
NEVER: Millis = 1 << 62
MINUTE: Millis = 60_000
AGE = FIELDS["age"]
#: So many values of one attribute of calls are remembered, with what they lead to.
REMEMBERED = 65_536

#: To look for what a value leads to takes as long as to ask so many rules.
A_VALUE = 20
#: What a value leads to that was not looked for yet.
UNKNOWN: Numbers = (-1,)
# Looked up once: a reload files ten thousand rules, and members of an enumeration take their time.
_EXACT, _STARTS, _ENDS, _FITS, _LEAST, _MOST, _ = Kind
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
            if changes is not UNCHANGING:
                turning.update(changes.ages)
                self._by_minute |= changes.minute
            if anchors is None:
                self._always.append(number)
                continue
            for anchor in anchors:
                filed = facts.get(anchor.field.name)
                if filed is None:
                    filed = facts[anchor.field.name] = _Facts(anchor.field)
                filed.add(anchor, number)
        self._turning = sorted(turning | self._ages.turning())
        self._arrange(facts.values())

    def _arrange(self, facts: Iterable[_Facts]) -> None:
        columns: dict[str, list[_Facts]] = {}
        for each in facts:
            each.arrange()
            columns.setdefault(each.field.of, []).append(each)
        gates = [each for each in columns.pop("") if each is not self._ages]
        self._gates = _Gates(gates, self._always)
        self._columns = [_Column(name, found) for name, found in columns.items()]

    def at(self, moment: Moment) -> Lookup:
        """It at one moment, to be asked about any number of calls."""
        always = self._gates.open(moment)
        until = (moment.now // MINUTE + 1) * MINUTE if self._by_minute else NEVER
        ages = Ages(self._ages.bounded, self._turning, moment.now, until) if self._turning else None
        return Lookup(self._columns, always, ages, until)


class Lookup:
    """The index at one moment."""

    def __init__(
        self,
        columns: Sequence[_Column],
        always: Numbers,
        ages: Ages | None,
        until: Millis,
    ) -> None:
        self._columns = columns
        self._always = always
        self._ages = ages
        self._until = until

    def look_up(
        self, calls: Sequence[Call], pace: Pace
    ) -> Turns[tuple[list[Numbers], list[Millis]]]:
        """Of each call the candidates, in no order and some more than once; and until when nothing
        changes: neither who is among them nor what any of them says, unless it asks for the other
        live calls, while the call stays as it is, and the account of the moment.

        Many calls at a time, column by column: that takes half the steps. It pauses where a value
        is met that no table knows yet.
        """
        found = [self._always] * len(calls)
        places = range(len(calls))
        for column in self._columns:
            values = column.of(calls)
            hits = column.hits(values)
            for place in compress(places, hits):
                numbers = hits[place]
                if numbers is UNKNOWN:
                    numbers = column.find(values[place])
                    if pace.due(A_VALUE + column.to_ask + len(numbers)):
                        yield
                _add(found, place, numbers)
        if self._ages is None:
            return found, [self._until] * len(calls)
        hits, untils = self._ages.of(calls)
        for place in compress(places, hits):
            _add(found, place, hits[place])
        return found, untils


def _add(found: list[Numbers], place: int, numbers: Numbers) -> None:
    """To the candidates of the call in this place."""
    known = found[place]
    found[place] = (*known, *numbers) if known else numbers


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
        kind, value = anchor.kind, anchor.value
        if kind is _EXACT:
            self._exact.setdefault(value, []).append(number)
        elif kind is _STARTS:
            self._starts.setdefault(len(value), {}).setdefault(value, []).append(number)
        elif kind is _ENDS:
            self._ends.setdefault(len(value), {}).setdefault(value, []).append(number)
        elif kind is _FITS:
            self._fits.setdefault(value, []).append(number)
        elif kind is _LEAST:
            self._least.append((value, number))
        elif kind is _MOST:
            self._most.append((value, number))
        else:
            self._add_asked(value, number)

    def _add_asked(self, question: Question, number: int) -> None:
        test = question.test
        key = (test.operator, test.value, question.truth)
        if key not in self._asked:
            self._asked[key] = (predicate(test), question.truth, [])
        self._asked[key][2].append(number)

    def turning(self) -> set[int]:
        """Before an amount has come to one of these, and from then on, it leads to other rules."""
        return {bound for bound, _ in self._least} | {bound + 1 for bound, _ in self._most}

    def arrange(self) -> None:
        """To be called once, when all are filed."""
        self._patterns = Patterns(self._fits.items())
        self._least.sort()
        self._most.sort()
        self._bounds = [bound for bound, _ in self._least], [bound for bound, _ in self._most]
        self._bounded = [number for _, number in self._least], [n for _, n in self._most]

    def leading(self) -> Mapping[str | None, Numbers] | None:
        """The rules by the values of the attribute that lead to any, or None where those are not
        just the values that are compared with.
        """
        others = (self._starts, self._ends, self._fits, self._least, self._most, self._asked)
        if any(others) or not self.field.plain:
            return None
        return {value: tuple(numbers) for value, numbers in self._exact.items() if value}

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
    """What the values of one attribute of calls lead to; `UNKNOWN` until a value is looked for."""

    def __init__(self, attribute: str, facts: Sequence[_Facts]) -> None:
        super().__init__()
        self.of = COLUMNS[attribute]
        self._attribute = attribute
        self._facts = facts
        self._led_to = 0
        #: All that ever lead to any rule, where that is known beforehand.
        self._leading = facts[0].leading() if len(facts) == 1 else None

    def __missing__(self, _value: str | None) -> Numbers:
        return UNKNOWN

    def hits(self, values: Sequence[str | None]) -> list[Numbers]:
        """What each of the values leads to."""
        if self._leading is not None:
            return [*map(self._leading.get, values, repeat(()))]
        return [*map(self.__getitem__, values)]

    @property
    def to_ask(self) -> int:
        """How many facts are asked about each value that is looked for."""
        return sum(facts.to_ask for facts in self._facts)

    def find(self, value: str | None) -> Numbers:
        """Looks for what this value leads to, and remembers it."""
        # In one step: another thread that shares this may forget it in between.
        known = self.get(value)
        if known is not None:
            return known
        if len(self) >= REMEMBERED or self._led_to >= LED_TO:
            self.clear()
            self._led_to = 0
        # All that the facts read is this value.
        call = Call(**{"sid": "", self._attribute: value})  # type: ignore[arg-type]
        found = {number for facts in self._facts for number in facts.all_of(call, _NO_MOMENT)}
        self[value] = numbers = tuple(found)
        self._led_to += len(numbers)
        return numbers


class _Gates:
    """Facts that no call decides, but the clock on the wall and the account."""

    def __init__(self, facts: Sequence[_Facts], always: Numbers) -> None:
        self._facts = facts
        self._always = always
        self._last: tuple[tuple[Millis, str], Numbers] | None = None

    def open(self, moment: Moment) -> Numbers:
        """The rules under those that hold at a moment, and those that are `always` asked."""
        if not self._facts:
            return self._always
        key, last = (moment.now // MINUTE, moment.account), self._last
        if last is None or last[0] != key:
            numbers = [n for facts in self._facts for n in facts.all_of(_NOBODY, moment)]
            # In one step: threads may share an index.
            self._last = last = key, (*self._always, *numbers)
        return last[1]
