"""What the loaded flows need to be listed at all: the narrowest query that misses nothing."""

from __future__ import annotations

from collections.abc import Iterator

from runner.call import CallQuery
from runner.language.fields import FIELDS
from runner.language.operators import OPERATORS
from runner.model import LIVE_STATUSES, AllOf, AnyOf, Condition, Flow, FlowSet, Not, Rule, Test


def needed_query(flow_set: FlowSet, *, others: bool | None = None) -> CallQuery | None:
    """One query for all enabled rules, or None where no rule could match any live call.

    `To`, `From` and `ParentCallSid` go into it when every rule names the same single value.
    `others` says whether any of them asks for the other live calls; None: that is found out.
    """
    rules = [r for flow in flow_set.flows if flow.enabled for r in flow.rules if r.enabled]
    statuses = tuple(s for s in LIVE_STATUSES if any(_could_be(r.match, s)[0] for r in rules))
    if not statuses:
        return None
    if others is None:
        others = any(asks_for_others(rule.match) for rule in rules)
    if others:
        return CallQuery(statuses=LIVE_STATUSES)
    return CallQuery(
        statuses=statuses,
        to=_common_value(rules, "to"),
        from_=_common_value(rules, "from"),
        parent_call_sid=_common_value(rules, "parent_call_sid"),
    )


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


def _common_value(rules: list[Rule], field: str) -> str | None:
    common: frozenset[str] | None = None
    for rule in rules:
        named = _single_values(rule.match, field)
        common = named if common is None else common & named
        if not common:
            return None
    return min(common) if common else None


def _single_values(condition: Condition, field: str) -> frozenset[str]:
    """The values of which the field must have exactly one for the condition to hold."""
    return frozenset(
        test.value if test.operator == "eq" else next(iter(test.value))
        for test in _conjuncts(condition)
        if test.field == field
        and (test.operator == "eq" or (test.operator == "in" and len(test.value) == 1))
    )


def _conjuncts(condition: Condition) -> Iterator[Test]:
    """The comparisons that must all hold."""
    match condition:
        case Test():
            yield condition
        case AllOf(items=items):
            for item in items:
                yield from _conjuncts(item)
        case _:
            return
