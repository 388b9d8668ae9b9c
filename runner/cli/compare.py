"""What an edit of flows does to the calls that are live: gained, lost, changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from runner.cli.planned import Report, details, head, tripping
from runner.decision.explain import Scene, explain
from runner.decision.guarding import Trip
from runner.decision.planner import Plan, Step
from runner.language.words import counted
from runner.model import FlowSet


def compare(before: Plan, flow_set: FlowSet, scene: Scene, *, report: Report) -> dict[str, Any]:
    """The plan before the edit beside that of `scene`, which `flow_set` led to, as plain data.

    A call is changed where another rule acts on it, or the same with another request. What was
    lost says what the rule that acted before does now. `trips` are the guards that would trip
    `after` the edit alone, and those that would have tripped `before` it alone.
    """
    was_tripped, is_tripped = _trips(before), _trips(scene.plan)
    old = {step.call.sid: step for step in before.steps}
    new = {step.call.sid: step for step in scene.plan.steps}
    both = [(old[sid], new[sid]) for sid in new if sid in old]
    changed = [(was, now) for was, now in both if not _same(was, now)]
    return {
        "gained": [report.step(step) for sid, step in new.items() if sid not in old],
        "lost": [
            {**report.step(step), "now": _now(step, flow_set, scene, report)}
            for sid, step in old.items()
            if sid not in new
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
    calls = sum(len(shown[kind]) for kind in ("gained", "lost", "changed")) + shown["unchanged"]
    lines.append(
        f"of {counted(calls, 'call')} to change before or after the edit: "
        f"{', '.join(counts)}, {shown['unchanged']} as before"
    )
    return "\n".join(lines)


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
    for name, value in step["request"].items():
        yield f"    {word}: {name}={value}"
