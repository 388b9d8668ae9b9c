"""The loaded flows, asked about calls: what each flow says about each call."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from runner.call import Call
from runner.decision.holds import Holds
from runner.decision.rulebook import Rulebooks
from runner.decision.truth import Predicate, Truth
from runner.model import Flow, Millis, Moment, Rule

#: Priority, turned around, and the flow's place among those that are loaded.
Rank: TypeAlias = tuple[int, int]


class Verdict(NamedTuple):
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


#: What is remembered of a call: as it was, in which account, from when and until just before when
#: this holds, and the rules that match. Plain: such tuples cost the garbage collector nothing.
_Standing: TypeAlias = tuple[Call, str, Millis, Millis, Sequence[int]]


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
        #: What all that took, in rules and facts that were asked, and rules that were gone through.
        self.effort = 0

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
            _rank(prepared.flow, order)
            for prepared, order in self.book.asking
            if any(ready.may_match(call, moment) for ready in prepared.ready)
        )
        return min(waiting, default=None)

    def acts(self, key: str, sid: str) -> bool:
        """Whether the rule `flow/rule` is in force, and acts on calls such as this one."""
        rule = self.book.in_force(key)
        return rule is not None and in_cohort(rule, sid)

    def verdicts(self, call: Call, moment: Moment, holds: Holds) -> list[Verdict]:
        """What each flow says about the call, in file order.

        The first rule that matches is the flow's verdict, whether or not it has acted already. A
        rule with `continue: true`, and one that only shadows this call, let the flow look further.
        """
        numbers = self._matching(call, moment)
        if not numbers:
            return []
        self.effort += len(numbers)
        found: list[Verdict] = []
        taken = -1  # the place of the flow that has its verdict
        for number in numbers:
            ready, flow, order = self.book.rules[number]
            rule = ready.rule
            # A hold is about the rule's own conditions: it goes on behind another's verdict.
            if ready.hold_key and holds.keep(call.sid, ready.hold_key) < rule.hold:
                continue
            if order != taken:
                shadow = not (ready.enforced or in_cohort(rule, call.sid))
                found.append(Verdict(call, flow, rule, order, shadow))
                if not (rule.proceed or shadow):
                    taken = order
        return found

    def _matching(self, call: Call, moment: Moment) -> Sequence[int]:
        """The rules that the call fits, in file order, but for those that no flow gets to."""
        self._met += 1
        sid, now, account = call.sid, moment.now, moment.account
        known = self._standing.get(sid)
        if known is None:
            known = self._earlier.get(sid)
        if known is not None:
            row, at, since, until, numbers = known
            if since <= now < until and at == account and (row is call or row == call):
                # Of equal rows the newer: the older need not be kept.
                if row is not call or self._earlier:
                    self._standing[sid] = call, account, since, until, numbers
                return numbers
        tally = self.book.index.tally
        before = self.asked + tally.asked
        numbers, until = self._look_up(call, moment)
        self.effort += self.asked + tally.asked - before
        self._standing[sid] = call, account, now, until, numbers
        return numbers

    def _look_up(self, call: Call, moment: Moment) -> tuple[Sequence[int], Millis]:
        self.looked_up += 1
        candidates, until = self.book.index.look_up(call, moment)
        if not candidates:
            return (), until
        rules = self.book.rules
        matching, ended = [], -1
        said: dict[Predicate, Truth] = {}  # many rules ask the same
        for number in candidates if len(candidates) == 1 else sorted({*candidates}):
            ready, _, order = rules[number]
            if order == ended and not ready.hold_key:
                continue
            self.asked += 1
            if ready.others:
                until = moment.now  # and so never believed again
            for part in ready.rest:
                if part not in said:
                    said[part] = part(call, moment)
                if not said[part]:
                    break
            else:
                matching.append(number)
                if ready.ends:
                    ended = order
        return tuple(matching), until


def in_cohort(rule: Rule, sid: str) -> bool:
    """Whether the rule acts on this call. Sticky: the SID decides, and always the same way."""
    share = rule.mode.share
    if share in (0.0, 1.0):
        return share == 1.0
    digest = hashlib.sha256(f"{rule.key}:{sid}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 < share


def _rank(flow: Flow, order: int) -> Rank:
    return -flow.priority, order
