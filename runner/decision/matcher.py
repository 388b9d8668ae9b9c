"""The loaded flows, asked about calls: what each flow says about each call."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import compress, repeat
from typing import TypeAlias

import msgspec

from runner.call import Call
from runner.decision.ages import Numbers
from runner.decision.holds import Holds
from runner.decision.index import Lookup
from runner.decision.kinds import UNASKED, kind_of
from runner.decision.rulebook import Rulebooks
from runner.decision.truth import Predicate, Truth
from runner.decision.turns import Pace, Turns, at_once, slices
from runner.model import Flow, Millis, Moment, Rule

#: So many calls are looked up together.
TOGETHER = 100
#: So many calls are decided on, and rules asked and told about them, before others have their turn:
#: a millisecond or two. A poll of theirs needs a dozen such turns.
SLICE = 1_000
#: Priority, turned around, and the flow's place among those that are loaded.
Rank: TypeAlias = tuple[int, int]


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """A rule that a call fits, and so what its flow says about that call.

    `order` is the flow's place among the loaded flows. `shadow` says that the call is outside the
    rule's cohort: what it would do is recorded, nothing is sent, and the flow looked further.
    """

    call: Call
    flow: Flow
    rule: Rule
    order: int
    shadow: bool = False

    @property
    def rank(self) -> Rank:
        """Of two on one call, or on its legs, the one of the lower rank goes first."""
        return _rank(self.flow, self.order)


class _Standing(msgspec.Struct, gc=False):
    """What is remembered of a call: as it was, in which account, from when and until just before
    when this holds, and the rules that match.
    """

    row: Call
    account: str
    since: Millis
    until: Millis
    numbers: Numbers


class Matcher:
    """Flows in force together for one account.

    What it says of a call is remembered for as long as nothing changes that it depends on. `books`
    are those of the process; a matcher that takes another's place is given that one's.
    """

    def __init__(self, flows: Sequence[Flow], books: Rulebooks | None = None) -> None:
        self.books = books or Rulebooks()
        self.book = self.books.of(flows)
        self._standing: dict[str, _Standing] = {}
        self._earlier: dict[str, _Standing] = {}
        self._met = 0  # how many calls were asked about in this poll
        #: How many rules were asked in full, and how many calls were looked up in the index.
        self.asked = 0
        self.looked_up = 0

    def next_poll(self) -> None:
        """Forgets calls that nobody has asked about for long; changes nothing that is said."""
        if len(self._standing) > 2 * self._met:
            self._standing, self._earlier = {}, self._standing
        else:
            self._earlier = {}
        self._met = 0

    def undecided(self, call: Call, moment: Moment) -> Rank | None:
        """The first flow that may have a verdict only once the other live calls are listed.

        None where no flow waits for them. By its rank, that of `rank`: all before it are decided.
        """
        waiting = (
            _rank(prepared.flow, prepared.order)
            for prepared in self.book.asking
            if any(ready.may_match(call, moment) for ready in prepared.ready)
        )
        return min(waiting, default=None)

    def acts(self, key: str, sid: str) -> bool:
        """Whether the rule `flow/rule` is in force, and acts on calls such as this one."""
        rule = self.book.in_force(key)
        return rule is not None and in_cohort(rule, sid)

    def verdicts(self, call: Call, moment: Moment, holds: Holds) -> list[Verdict]:
        """What `decide` says about one call."""
        return at_once(self.decide((call,), moment, holds))

    def decide(self, calls: Sequence[Call], moment: Moment, holds: Holds) -> Turns[list[Verdict]]:
        """What each flow says about each call, in file order; pauses after each `SLICE` of work.

        The first rule that matches is the flow's verdict, whether or not it has acted already. A
        rule with `continue: true`, and one that only shadows this call, let the flow look further.
        """
        found: list[Verdict] = []
        self._met += len(calls)
        pace, lookup = Pace(SLICE), self.book.index.at(moment)
        for part in slices(calls, TOGETHER):
            matching = yield from self._matching(part, moment, lookup, pace)
            for call, numbers in compress(zip(part, matching, strict=True), matching):
                self._tell(call, numbers, holds, found)
                if pace.due(len(numbers)):
                    yield
            if pace.due(len(part)):
                yield
        return found

    def _tell(self, call: Call, numbers: Numbers, holds: Holds, found: list[Verdict]) -> None:
        """Adds the verdicts of the rules that match."""
        rows = self.book.rows
        taken = -1  # the place of the flow that has its verdict
        for number in numbers:
            row = rows[number]
            # A hold is about the rule's own conditions: it goes on behind another's verdict.
            if row.hold_key and holds.keep(call.sid, row.hold_key) < row.rule.hold:
                continue
            order = row.order
            if order == taken:
                continue
            if row.ends:
                found.append(Verdict(call, row.flow, row.rule, order))
                taken = order
                continue
            rule = row.rule
            shadow = not (row.enforced or in_cohort(rule, call.sid))
            found.append(Verdict(call, row.flow, rule, order, shadow))
            if not (rule.proceed or shadow):
                taken = order

    def _matching(
        self, calls: Sequence[Call], moment: Moment, lookup: Lookup, pace: Pace
    ) -> Turns[Sequence[Numbers]]:
        """The rules that each call fits, in file order, but for those that no flow gets to."""
        now, account, earlier = moment.now, moment.account, self._earlier
        remembered = [*map(self._standing.get, [call.sid for call in calls])]
        if not earlier and not any(remembered):
            return (yield from self._look_up(calls, moment, lookup, pace))
        found: list[Numbers] = []
        unknown: list[int] = []
        for call, known in zip(calls, remembered, strict=True):
            if known is None and (known := earlier.get(call.sid)) is not None:
                self._standing[call.sid] = known
            if (
                known is not None
                and known.since <= now < known.until
                and known.account == account
                and (known.row is call or known.row == call)
            ):
                if known.row is not call:  # of equal rows the newer: the older need not be kept
                    known.row = call
                found.append(known.numbers)
            else:
                unknown.append(len(found))
                found.append(())
        if unknown:
            asked = [calls[place] for place in unknown]
            fitting = yield from self._look_up(asked, moment, lookup, pace)
            for place, numbers in zip(unknown, fitting, strict=True):
                found[place] = numbers
        return found

    def _look_up(
        self, calls: Sequence[Call], moment: Moment, lookup: Lookup, pace: Pace
    ) -> Turns[Sequence[Numbers]]:
        """The same of calls of which nothing is remembered; from now on it is."""
        self.looked_up += len(calls)
        each, untils = yield from lookup.look_up(calls, pace)
        found: list[Numbers] = [()] * len(calls)
        for place in compress(range(len(calls)), each):
            candidates = each[place]
            found[place], others = self._ask(calls[place], moment, candidates)
            if others:
                untils[place] = moment.now  # and so never believed again
            if pace.due(len(candidates)):
                yield
        account, since = repeat(moment.account), repeat(moment.now)
        standing = map(_Standing, calls, account, since, untils, found)
        self._standing.update(zip([call.sid for call in calls], standing, strict=True))
        return found

    def _ask(self, call: Call, moment: Moment, candidates: Numbers) -> tuple[Numbers, bool]:
        """Those that the call fits, and whether one that was asked asks for the other calls."""
        rows, fitting = self.book.rows, self.book.kinds[kind_of(call)]
        numbers = [number for number in candidates if fitting[number]]
        if not numbers:
            return (), False
        if len(numbers) > 1:
            numbers = sorted({*numbers})
        truths: dict[Predicate, Truth] = {}
        matching: list[int] = []
        ended, others, passed_over = -1, False, 0
        for number in numbers:
            row = rows[number]
            order = row.order
            if order == ended and not row.hold_key:
                passed_over += 1
                continue
            if fitting[number] == UNASKED:
                fitting[number] = row.gist(call, moment) is True
                if not fitting[number]:
                    passed_over += 1
                    continue
            if row.others:
                others = True
            if row.rest and not _all_true(row.rest, call, moment, truths):
                continue
            matching.append(number)
            if row.ends:
                ended = order
        self.asked += len(numbers) - passed_over
        return tuple(matching), others


def _all_true(
    parts: Sequence[Predicate], call: Call, moment: Moment, truths: dict[Predicate, Truth]
) -> bool:
    """Whether they are; each is asked once, as many rules ask the same, and `truths` holds it."""
    for part in parts:
        if part not in truths:
            truths[part] = part(call, moment)
        if not truths[part]:
            return False
    return True


def in_cohort(rule: Rule, sid: str) -> bool:
    """Whether the rule acts on this call. Sticky: the SID decides, and always the same way."""
    share = rule.mode.share
    if share in (0.0, 1.0):
        return share == 1.0
    digest = hashlib.sha256(f"{rule.key}:{sid}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 < share


def _rank(flow: Flow, order: int) -> Rank:
    return -flow.priority, order
