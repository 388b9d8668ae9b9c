"""What `callflow why` found, as plain data: rules, conditions, ledger; numbers masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runner.call import Call
from runner.cli.exits import USAGE, Failure
from runner.cli.hiding import Hide
from runner.cli.looking.planned import Report
from runner.cli.looking.snapshot import Act
from runner.cli.parted import intent_data
from runner.decision.explain import Explanation
from runner.decision.limits import Use
from runner.decision.once import Turn
from runner.decision.tree import Node, Seen
from runner.durations import rfc3339
from runner.engine.ports import Entry
from runner.guards import Burst, Rate
from runner.language.fields import FIELDS
from runner.language.words import shown, suggestion
from runner.model import FlowSet, Millis, Moment


@dataclass(frozen=True, slots=True)
class Case:
    """One call, looked into.

    `source` is a stable word: `live`, `over` (Twilio still has it), `ledger` (nobody else does),
    `snapshot`, `pasted`. `call` is None where only the ledger knows it. `acts` is what a snapshot
    knows of the ledger; `live` are the calls in which its legs are looked for, `conferences` those
    that calls are in; `notes` say what the reader must know to read the rest right.
    """

    sid: str
    source: str
    moment: Millis
    call: Call | None = None
    found: Sequence[Explanation] = ()
    entries: Sequence[Entry] = ()
    acts: Sequence[Act] = ()
    live: tuple[Call, ...] = ()
    conferences: Mapping[str, str | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def check_rule(wanted: str | None, flow_set: FlowSet) -> None:
    """Refuses the name of a rule or flow that isn't there. Raises `Failure`."""
    known = [flow.name for flow in flow_set.flows] + [rule.key for rule in flow_set.rules]
    if wanted is not None and wanted not in known:
        hint = suggestion(wanted, known, "rules")
        raise Failure(f"there is no rule or flow {shown(wanted)}", hint=hint, code=USAGE)


def narrowed(case: Case, wanted: str | None) -> Case:
    """Only what is about the rule, or the flow."""
    if wanted is None:
        return case
    return replace(
        case,
        found=[each for each in case.found if wanted in (each.rule.key, each.flow.name)],
        entries=[e for e in case.entries if wanted in (e.intent.rule_key, e.intent.flow)],
        acts=[act for act in case.acts if wanted in (act.rule, act.rule.partition("/")[0])],
    )


def as_data(case: Case, report: Report) -> dict[str, Any]:
    """The case as JSON shows it, and the text is made of."""
    hide = report.hide(case.call)
    entries = [_entry(entry, hide) for entry in case.entries]
    return {
        "call": case.sid,
        "source": case.source,
        "at": rfc3339(case.moment),
        **_call(case, hide),
        "notes": [hide(note) for note in case.notes],
        "would_act": [each.rule.key for each in case.found if each.would_act],
        "rules": [_rule(each, report) for each in case.found],
        "ledger": entries or [_act(act) for act in case.acts],
    }


def _call(case: Case, hide: Hide) -> dict[str, Any]:
    call = case.call
    if call is None:
        return {}
    age = FIELDS["age"].read(call, Moment(case.moment))
    return {
        "from": hide(call.from_ or ""),
        "to": hide(call.to or ""),
        "status": call.status,
        "direction": call.direction,
        "parent_call_sid": call.parent_call_sid,
        "age_ms": age,
    }


def _rule(found: Explanation, report: Report) -> dict[str, Any]:
    rule, hide = found.rule, report.hide(found.call)
    needed = None if found.needs is None else [hide(str(need)) for need in found.needs]
    sent = None if found.step is None else report.step(found.step)
    return {
        "flow": rule.flow,
        "rule": rule.id,
        "position": str(rule.position),
        "then": [action.name for action in rule.then],
        "fate": found.fate,
        "detail": hide(found.detail),
        "matches": found.matches,
        "match": _node(found.match, hide),
        "needs": needed,
        "behind": found.behind or None,
        "hold": None if found.held is None else {"held_ms": found.held, "wanted_ms": rule.hold},
        "once": _once(found, hide),
        "guards": [_use(use) for use in found.limits],
        "pause": found.pause and report.pause(found.pause),
        "protected": hide(found.protection) or None,
        "mode": {"name": rule.mode.name, "share": rule.mode.share, "in_cohort": found.in_cohort},
        "request": sent and sent["request"],
        "parts": sent["parts"] if sent else [],
        "continued": bool(sent and sent["continued"]),
        "effects": sent["effects"] if sent else [],
    }


def _once(found: Explanation, hide: Hide) -> dict[str, Any]:
    if isinstance(found.once, Turn):
        return {"may_act": True, "number": found.once.number, "value": hide(found.once.value)}
    return {"may_act": False, "reason": hide(found.once)}


def _use(use: Use) -> dict[str, Any]:
    """One limit. `used` of `allowed` are used up; `allowed` is null where there is no limit."""
    limit = use.limit
    said: dict[str, Any] = {}
    if isinstance(limit, Burst):
        said = {"max_share": limit.max_share, "at_least": limit.at_least}
    elif isinstance(limit, Rate):
        said = {"per_ms": limit.per}
    return {
        "guard": use.guard,
        "together": use.together,
        "from": use.origin,
        "used": use.used,
        "allowed": use.allowed,
        **said,
    }


def _node(node: Node, hide: Hide) -> dict[str, Any]:
    if not isinstance(node, Seen):
        items = [_node(item, hide) for item in node.items]
        return {"group": node.kind, "truth": node.truth, "items": items}
    value = node.value
    return {
        "field": node.test.field,
        **({"by": node.test.by} if node.test.by else {}),
        "operator": node.test.operator,
        "wanted": hide(node.wanted),
        "words": hide(node.words),
        "value": hide(value) if isinstance(value, str) else value,
        "shown": hide(node.shown),
        "missing": node.missing,
        "truth": node.truth,
        "implicit": node.test.implicit,
        "position": str(node.position),
    }


def _entry(entry: Entry, hide: Hide) -> dict[str, Any]:
    intent = entry.intent
    return {
        "time": rfc3339(intent.at),
        "rule": intent.rule_key,
        "then": list(intent.then),
        **intent_data(intent, hide),
        "why": hide(intent.why),
        "outcome": entry.outcome,
        "detail": hide(entry.detail),
    }


def _act(act: Act) -> dict[str, Any]:
    return {
        "time": rfc3339(act.last),
        "rule": act.rule,
        "count": act.count,
        "shadowed": act.shadowed,
    }
