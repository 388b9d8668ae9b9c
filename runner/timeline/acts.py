"""Acts as tests compare them: what the ledger has of one, part by part, put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from runner.actions.sequence import keyed
from runner.engine.ports import Entry
from runner.model import Action, FlowSet, Millis
from runner.timeline.records import Act, SideAct

#: Of several parts without an update, the one that ended worst says how the act did.
_WORST_FIRST = (
    *("failed", "unknown", "retrying", "intended"),
    *("skipped", "withdrawn", "gone", "shadowed", "done"),
)


def acts_of(
    history: Sequence[Entry], flow_set: FlowSet, names: Mapping[str, str], *, start: Millis
) -> tuple[Act, ...]:
    """The acts in the order in which they were decided, on a timeline that begins at `start`.

    Parts that a later poll goes on with make an act of their own. `names` are the calls' by SID.
    """
    rules = {rule.key: rule.then for rule in flow_set.rules}
    parts: dict[tuple[object, ...], list[Entry]] = {}
    for entry in history:
        parts.setdefault((*entry.intent.act, entry.intent.at), []).append(entry)
    return tuple(_act(each, rules, names, start=start) for each in parts.values())


def _act(
    entries: Sequence[Entry],
    rules: Mapping[str, Sequence[Action]],
    names: Mapping[str, str],
    *,
    start: Millis,
) -> Act:
    updates = [entry for entry in entries if not entry.intent.route]
    told = updates[0] if updates else min(entries, key=_rank)
    intent = told.intent
    return Act(
        at=intent.at - start,
        call=names[intent.call_sid],
        rule=intent.rule_key,
        then=_then(entries, rules[intent.rule_key]),
        request=updates[0].intent.request if updates else {},
        outcome=told.outcome,
        why=intent.why,
        detail=told.detail,
        shadow=intent.number == 0,
        sides=tuple(_side(entry) for entry in entries if entry.intent.route),
    )


def _rank(entry: Entry) -> int:
    return _WORST_FIRST.index(entry.outcome)


def _then(entries: Iterable[Entry], then: Sequence[Action]) -> tuple[str, ...]:
    keys = {entry.intent.part for entry in entries}
    return tuple(action.name for key, action in keyed(then) if key in keys)


def _side(entry: Entry) -> SideAct:
    intent = entry.intent
    (name,) = intent.then
    return SideAct(name, intent.route, intent.target, intent.request, entry.outcome, entry.detail)
