"""What the loaded flows need to be listed at all: the narrowest query that misses nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runner.call import CallQuery
from runner.decision.truth import conjuncts
from runner.language.fields import FIELDS
from runner.language.operators import OPERATORS
from runner.model import LIVE_STATUSES, AllOf, AnyOf, Condition, Flow, FlowSet, Not, Test


@dataclass(frozen=True, slots=True)
class Scope:
    """What some rules need to be listed.

    Calls in these statuses, or all where any rule asks for the `others`; and of each field that
    narrows a list the values of which every rule needs a call to have exactly one.
    """

    statuses: frozenset[str]
    others: bool
    named: tuple[frozenset[str], ...]


#: The fields that narrow a list.
_SAME = ("to", "from", "parent_call_sid")


def needed_query(flow_set: FlowSet) -> CallQuery | None:
    """One query for all enabled rules, or None where no rule could match any live call.

    `To`, `From` and `ParentCallSid` go into it when every rule names the same single value.
    """
    return query_of(scope_of(flow) for flow in flow_set.flows)


def scope_of(flow: Flow) -> Scope | None:
    """Of the enabled rules of a flow; None where there are none."""
    conditions = [rule.match for rule in flow.rules if flow.enabled and rule.enabled]
    if not conditions:
        return None
    possible = (s for s in LIVE_STATUSES if any(_could_be(each, s)[0] for each in conditions))
    named = zip(*map(_single_values, conditions), strict=True)
    return Scope(
        frozenset(possible),
        any(map(asks_for_others, conditions)),
        tuple(frozenset.intersection(*each) for each in named),
    )


def query_of(scopes: Iterable[Scope | None]) -> CallQuery | None:
    """The query that serves all of these."""
    known = [scope for scope in scopes if scope is not None]
    statuses = frozenset[str]().union(*(scope.statuses for scope in known))
    if not statuses:
        return None
    if any(scope.others for scope in known):
        return CallQuery(statuses=LIVE_STATUSES)
    named = zip(*(scope.named for scope in known), strict=True)
    to, from_, parent = (min(frozenset.intersection(*each), default=None) for each in named)
    in_order = tuple(status for status in LIVE_STATUSES if status in statuses)
    return CallQuery(in_order, to=to, from_=from_, parent_call_sid=parent)


def is_for(flow: Flow, account: str, alias: str = "") -> bool:
    """Whether the flow is for this account, by SID or alias; a flow that names none is for all."""
    return not flow.accounts or account in flow.accounts or alias in flow.accounts


def asks_for_others(condition: Condition) -> bool:
    """Whether the condition depends on the other live calls, so that all must be listed."""
    if isinstance(condition, Test):
        return FIELDS[condition.field].others
    if isinstance(condition, Not):
        return asks_for_others(condition.item)
    return any(map(asks_for_others, condition.items))


def _could_be(condition: Condition, status: str) -> tuple[bool, bool]:
    """Whether the condition could be true, and could be false, for a call of this status."""
    match condition:
        case Test(field="status"):
            holds = OPERATORS[condition.operator].holds(status, condition.value)
            return holds, not holds
        case Test():
            return True, True
        case AllOf(items=items):
            each = [_could_be(item, status) for item in items]
            return all(true for true, _ in each), any(false for _, false in each)
        case AnyOf(items=items):
            each = [_could_be(item, status) for item in items]
            return any(true for true, _ in each), all(false for _, false in each)
        case Not(item=item):
            true, false = _could_be(item, status)
            return false, true


def _single_values(condition: Condition) -> list[frozenset[str]]:
    """Of each field that narrows a list, the values of which it must have exactly one."""
    found: dict[str, set[str]] = {field: set() for field in _SAME}
    for test in conjuncts(condition):
        if isinstance(test, Test) and test.field in found:
            if test.operator == "eq":
                found[test.field].add(test.value)
            elif test.operator == "in" and len(test.value) == 1:
                found[test.field].update(test.value)
    return [frozenset(values) for values in found.values()]
