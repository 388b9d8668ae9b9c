"""Flows prepared for being asked: conditions as functions, the index over them, and who shares it.

Preparing costs more than asking. What one edit leaves alone is not prepared again, and accounts
for which the same flows are in force share one rulebook.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter
from weakref import WeakValueDictionary

import msgspec

from runner.call import Call
from runner.decision.anchors import Anchor, filing
from runner.decision.changes import Changes, changes_of
from runner.decision.holds import hold_key
from runner.decision.index import Index
from runner.decision.kinds import Kinds, is_of_kind
from runner.decision.scope import Scope, asks_for_others, query_of, scope_of
from runner.decision.truth import Predicate, Shared, conjuncts, every_of, predicate
from runner.model import Flow, Moment, Rule


@dataclass(frozen=True, slots=True)
class Ready:
    """A rule, ready to be asked: it matches where all `parts` are true.

    Where one of its facts holds, `gist` and `rest` are what may still not be; `gist` is decided by
    the call's kind. `others` says that it asks for the other live calls. `hold_key` is empty where
    it has no `for`. `enforced` says that it acts on every call, and `ends` that where it matches,
    the flow's rules behind it have nothing to say, whatever the call and the time.
    """

    rule: Rule
    key: str
    parts: Sequence[Predicate]
    anchors: Sequence[Anchor] | None
    gist: Predicate
    rest: Sequence[Predicate]
    changes: Changes
    others: bool
    hold_key: str
    enforced: bool
    ends: bool

    def may_match(self, call: Call, moment: Moment) -> bool:
        """Whether it matches, or might if more were known."""
        return all(part(call, moment) is not False for part in self.parts)

    def row(self, flow: Flow, order: int) -> Row:
        """It, in a flow that is in this place."""
        gist, rest, hold_key, rule = self.gist, self.rest, self.hold_key, self.rule
        return Row(gist, rest, order, hold_key, self.others, self.ends, self.enforced, rule, flow)


class Row(msgspec.Struct, frozen=True, gc=False):
    """What is asked and told of a rule when calls are decided on, in as little memory as can be.

    Of ten thousand rules each row is met once in a while, and has to be fetched from afar.
    """

    gist: Predicate
    rest: Sequence[Predicate]
    order: int
    hold_key: str
    others: bool
    ends: bool
    enforced: bool
    rule: Rule
    flow: Flow


@dataclass(frozen=True, slots=True)
class Prepared:
    """A flow in its place: its enabled rules, all its rules by `flow/rule`, what must be listed."""

    flow: Flow
    order: int
    ready: Sequence[Ready]
    rows: Sequence[Row]
    rules: Mapping[str, Rule]
    scope: Scope | None
    has_holds: bool

    def at(self, order: int) -> Prepared:
        """It, in this place."""
        if order == self.order:
            return self
        rows = [msgspec.structs.replace(row, order=order) for row in self.rows]
        return replace(self, order=order, rows=rows)

    @property
    def asks_for_others(self) -> bool:
        """Whether a rule asks for the other live calls."""
        return self.scope is not None and self.scope.others


class Gists(dict[tuple[Predicate, ...], Predicate]):
    """Several predicates as one, the same one for the same several."""

    def of(self, parts: tuple[Predicate, ...]) -> Predicate:
        """What is true where all of them are."""
        return self.setdefault(parts, every_of(parts))


class Rulebook:
    """Flows in force together. Rules are numbered in file order."""

    def __init__(self, flows: Sequence[Flow], known: Sequence[Rulebook] = ()) -> None:
        shared, gists = Shared(), Gists()
        #: By the identity of each flow, which no other can take as long as this one is kept.
        self.prepared: dict[int, Prepared] = {}
        #: By number.
        self.rows: list[Row] = []
        #: The flows that ask for the other live calls.
        self.asking: list[Prepared] = []
        #: Every rule by `flow/rule`, those too that are not enabled.
        self.named: dict[str, Rule] = {}
        ready: list[Ready] = []
        for order, flow in enumerate(flows):
            found = (book.prepared[id(flow)] for book in known if id(flow) in book.prepared)
            prepared = next(found, None) or _prepare(flow, order, shared, gists)
            self.prepared[id(flow)] = prepared = prepared.at(order)
            ready += prepared.ready
            self.rows += prepared.rows
            self.named |= prepared.rules
            if prepared.asks_for_others:
                self.asking.append(prepared)
        self.index = Index(map(attrgetter("anchors", "changes"), ready))
        self.kinds = Kinds(len(ready))
        #: What must be listed.
        self.query = query_of(each.scope for each in self.prepared.values())
        self.has_holds = any(each.has_holds for each in self.prepared.values())

    @cached_property
    def _enabled(self) -> Set[str]:
        return {each.key for prepared in self.prepared.values() for each in prepared.ready}

    def in_force(self, key: str) -> Rule | None:
        """The rule `flow/rule`, where it is enabled."""
        return self.named[key] if key in self._enabled else None


class Rulebooks:
    """The rulebooks of one process, for as long as anybody uses them; threads may share them."""

    def __init__(self) -> None:
        self._books: WeakValueDictionary[tuple[int, ...], Rulebook] = WeakValueDictionary()

    def of(self, flows: Sequence[Flow]) -> Rulebook:
        """The rulebook of these very flows; a new one takes over what others have prepared."""
        key = tuple(id(flow) for flow in flows)
        book = self._books.get(key)
        if book is None:
            # A list that is made in one step, whatever another thread does meanwhile.
            others = [other for each in self._books.valuerefs() if (other := each()) is not None]
            book = self._books[key] = Rulebook(flows, others)
        return book


def _prepare(flow: Flow, order: int, shared: Shared, gists: Gists) -> Prepared:
    rules = {rule.key: rule for rule in flow.rules}
    enabled = [(key, rule) for key, rule in rules.items() if flow.enabled and rule.enabled]
    ready = [_ready(key, rule, shared, gists) for key, rule in enabled]
    rows = [each.row(flow, order) for each in ready]
    has_holds = any(each.hold_key for each in ready)
    return Prepared(flow, order, ready, rows, rules, scope_of(flow), has_holds)


def _ready(key: str, rule: Rule, shared: Shared, gists: Gists) -> Ready:
    enforced = rule.mode.share == 1.0
    conditions = conjuncts(rule.match)
    parts = [predicate(each, shared) for each in conditions]
    facts = [filing(each) for each in conditions]
    rarest = min(range(len(facts)), key=lambda place: facts[place].share, default=None)
    known = rarest is not None and facts[rarest].whole
    left = [place for place in range(len(parts)) if not (known and place == rarest)]
    of_kind = {place for place in left if is_of_kind(conditions[place])}
    return Ready(
        rule,
        key,
        parts,
        anchors=None if rarest is None else facts[rarest].anchors,
        gist=gists.of(tuple(parts[place] for place in left if place in of_kind)),
        rest=tuple(parts[place] for place in left if place not in of_kind),
        changes=changes_of(rule.match),
        others=asks_for_others(rule.match),
        hold_key=hold_key(rule) if rule.hold else "",
        enforced=enforced,
        ends=enforced and not (rule.hold or rule.proceed),
    )
