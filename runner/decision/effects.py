"""What a step does to a call and to its other legs, in words, before it is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runner.actions.effects import Effects, effects_of
from runner.call import Call
from runner.decision.planner import Step


@dataclass(frozen=True, slots=True)
class Effect:
    """One consequence. `kind` is a stable word: `ends-call`, `ends-call-after`, `drops-child`,
    `ends-dial`; `call` is the SID of the call that it happens to.
    """

    kind: str
    call: str
    words: str


def legs_of(calls: Iterable[Call]) -> dict[str, list[Call]]:
    """Which of these calls each of them has dialled, by SID."""
    legs: dict[str, list[Call]] = {}
    for call in calls:
        if call.parent_call_sid:
            legs.setdefault(call.parent_call_sid, []).append(call)
    return legs


def effects(step: Step, legs: Mapping[str, Iterable[Call]]) -> tuple[Effect, ...]:
    """What the step leads to, as far as `legs`, those of all live calls, show it."""
    known = effects_of(step.rule.then)
    found = [_ending(step, known)] if known.ends else []
    if known.interrupts:
        found += [
            Effect("drops-child", leg.sid, f"drops the child leg {leg.sid} ({leg.status})")
            for leg in legs.get(step.call.sid, ())
        ]
        if step.call.parent_call_sid:
            found.append(_end_of_dial(step.call.parent_call_sid))
    return tuple(found)


def _ending(step: Step, known: Effects) -> Effect:
    if known.ends == "now":
        return Effect("ends-call", step.call.sid, "ends the call")
    words = f"the call ends after {', '.join(known.first)}"
    return Effect("ends-call-after", step.call.sid, words)


def _end_of_dial(parent: str) -> Effect:
    return Effect("ends-dial", parent, f"ends the dial of its parent {parent}, which goes on")
