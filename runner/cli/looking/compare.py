"""What an edit of flows does to the calls that are live: gained, lost, changed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from runner.cli.looking.planned import Report, details, head, tripping
from runner.cli.parted import part_lines
from runner.decision.explain import Scene, explain
from runner.decision.guarding import Trip
from runner.decision.planner import Plan, Step
from runner.language.words import counted
from runner.model import FlowSet


def compare(before: Plan, flow_set: FlowSet, scene: Scene, *, report: Report) -> dict[str, Any]:
    """The plan before the edit beside that of `scene`, which `flow_set` led to, as plain data.

    An act is changed where another rule changes the call, or the same rule sends something else.
    What was lost says what the rule that acted before does now. `trips` are the guards that would
    trip `after` the edit alone, and those that would have tripped `before` it alone.
    """
    was_tripped, is_tripped = _trips(before), _trips(scene.plan)
    both, lost, gained = _paired(before.steps, scene.plan.steps)
    changed = [(was, now) for was, now in both if not _same(was, now)]
    return {
        "gained": [report.step(step) for step in gained],
        "lost": [
            {**report.step(step), "now": _now(step, flow_set, scene, report)} for step in lost
        ],
        "changed": [
            {"before": report.step(was), "after": report.step(now)} for was, now in changed
        ],
        "unchanged": len(both) - len(changed),
        "trips": {
            "after": [report.trip(t) for k, t in is_tripped.items() if k not in was_tripped],
            "before": [report.trip(t) for k, t in was_tripped.items() if k not in is_tripped],
        },
    }


def differs(shown: dict[str, Any]) -> bool:
    """Whether the edit changes what is sent, or which guards trip."""
    trips = shown["trips"]["after"] or shown["trips"]["before"]
    return bool(shown["gained"] or shown["lost"] or shown["changed"] or trips)


def compare_text(shown: dict[str, Any]) -> str:
    """The same for people."""
    lines = [line for trip in shown["trips"]["after"] for line in tripping(trip)]
    for trip in shown["trips"]["before"]:
        name = f"{trip['flow']}/{trip['rule']}"
        lines.append(f"NO TRIP  {name}: its {trip['guard']} guard tripped before the edit")
    lines += [line for step in shown["gained"] for line in (f"+ {head(step)}", *details(step))]
    for step in shown["lost"]:
        lines += [f"- {head(step)}", *_sent(step, "sent")]
        lines.append(f"    now:  {step['now']['detail']} [{step['now']['fate']}]")
    for pair in shown["changed"]:
        was, now = pair["before"], pair["after"]
        lines += [f"~ {head(was)}", *_sent(was, "sent"), f"  {head(now)}", *details(now)]
    counts = [f"{len(shown[kind])} {kind}" for kind in ("gained", "lost", "changed")]
    acts = sum(len(shown[kind]) for kind in ("gained", "lost", "changed")) + shown["unchanged"]
    lines.append(
        f"of {counted(acts, 'act')} before or after the edit: "
        f"{', '.join(counts)}, {shown['unchanged']} as before"
    )
    return "\n".join(lines)


def _paired(
    old: Sequence[Step], new: Sequence[Step]
) -> tuple[list[tuple[Step, Step]], list[Step], list[Step]]:
    """Acts of the same rule on the same call; else those that change the same call."""
    pairs: list[tuple[Step, Step]] = []
    lost, gained = list(old), list(new)
    for key in (_rule_and_call, _changed_call):
        by_key = {key(step): step for step in lost if key(step) is not None}
        found = [(by_key[key(step)], step) for step in gained if key(step) in by_key]
        pairs += found
        met = {id(step) for pair in found for step in pair}
        lost = [step for step in lost if id(step) not in met]
        gained = [step for step in gained if id(step) not in met]
    return pairs, lost, gained


def _rule_and_call(step: Step) -> Hashable:
    return step.rule.key, step.call.sid


def _changed_call(step: Step) -> Hashable:
    """One rule at most changes a call in a poll."""
    return step.call.sid if step.changes_call else None


def _trips(plan: Plan) -> dict[tuple[str, str], Trip]:
    return {(trip.rule.key, trip.guard): trip for trip in plan.trips}


def _same(was: Step, now: Step) -> bool:
    return (was.rule.key, was.parts) == (now.rule.key, now.parts)


def _now(step: Step, flow_set: FlowSet, scene: Scene, report: Report) -> dict[str, str]:
    """What becomes of the rule that acted before."""
    for flow in flow_set.flows:
        if flow.name == step.flow.name:
            for found in explain(flow, step.call, scene):
                if found.rule.id == step.rule.id:
                    return {"fate": found.fate, "detail": report.hide(step.call)(found.detail)}
    return {"fate": "removed", "detail": f"there is no rule {step.rule.key}"}


def _sent(step: dict[str, Any], word: str) -> Iterable[str]:
    return (f"    {line}" for line in part_lines(step["parts"], word))
