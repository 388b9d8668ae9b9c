"""A plan as plain data and as text: each call, the rule, the request, and what it leads to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runner.call import Call
from runner.cli.terminal import printable
from runner.decision.effects import effects
from runner.decision.planner import Held, Plan, Step
from runner.language.words import counted
from runner.masking import mask_numbers


@dataclass(frozen=True, slots=True)
class Report:
    """How acts are shown. `legs` are those that live calls have dialled, by the caller's SID."""

    legs: Mapping[str, Sequence[Call]]
    show_numbers: bool = False

    @property
    def hide(self) -> Callable[[str], str]:
        """Makes text safe to print, and masks phone numbers unless they are wanted."""
        if self.show_numbers:
            return printable
        return lambda text: mask_numbers(printable(text))

    def plan(self, plan: Plan, listed: int) -> dict[str, Any]:
        """A plan as plain data: `calls` (how many were listed), `steps`, `held`, `shadows`."""
        return {
            "calls": listed,
            "steps": [self.step(step) for step in plan.steps],
            "held": [self.held(held) for held in plan.held],
            "shadows": [self.step(step) for step in plan.shadows],
        }

    def step(self, step: Step) -> dict[str, Any]:
        """One update: what is sent, why, and what it does to the call and its legs."""
        request = step.update.parameters()
        found = effects(step, self.legs)
        return {
            **self._act(step),
            "request": {name: self.hide(value) for name, value in request.items()},
            "why": self.hide(step.why),
            "effects": [{"kind": e.kind, "call": e.call, "text": e.words} for e in found],
        }

    def held(self, held: Held) -> dict[str, Any]:
        """One verdict that leads to nothing now."""
        return {**self._act(held), "reason": held.reason, "detail": self.hide(held.detail)}

    def _act(self, act: Step | Held) -> dict[str, Any]:
        call = act.call
        return {
            "call": call.sid,
            "from": self.hide(call.from_ or ""),
            "to": self.hide(call.to or ""),
            "status": call.status,
            "direction": call.direction,
            "flow": act.flow.name,
            "rule": act.rule.id,
            "then": [action.name for action in act.rule.then],
        }


def plan_text(shown: dict[str, Any]) -> str:
    """The same for people."""
    lines = [line for step in shown["steps"] for line in (head(step), *details(step))]
    for step in shown["shadows"]:
        lines += [f"{head(step)}  [shadow: recorded, not sent]", *details(step, sent="would send")]
    for held in shown["held"]:
        lines += [f"{head(held)}  [held: {held['reason']}]", f"    {held['detail']}"]
    counts = f"{len(shown['steps'])} to change, {len(shown['held'])} held back"
    if shown["shadows"]:
        counts += f", {counted(len(shown['shadows']), 'shadow')}"
    lines.append(f"{shown['calls']} calls listed: {counts}")
    return "\n".join(lines)


def head(act: dict[str, Any]) -> str:
    """The call, the rule and its actions on one line."""
    return (
        f"{act['call']} {act['from'] or '-'} -> {act['to'] or '-'}  "
        f"{act['flow']}/{act['rule']}: {', '.join(act['then'])}"
    )


def details(step: dict[str, Any], *, sent: str = "send") -> Iterable[str]:
    """Why, the exact request, and what follows from it."""
    yield f"    why:  {step['why']}"
    for name, value in step["request"].items():
        yield f"    {sent}: {name}={value}"
    if step["effects"]:
        yield "    then: " + "; ".join(effect["text"] for effect in step["effects"])
