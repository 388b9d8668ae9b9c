"""A plan as plain data and as text: each call, the rule, the request, and what it leads to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runner.call import Call
from runner.cli.hiding import Hide, hider
from runner.cli.parted import part_lines, parts_data
from runner.decision.bounds import reason_of
from runner.decision.effects import effects
from runner.decision.explain import Scene
from runner.decision.guarding import Trip
from runner.decision.planner import Held, Step
from runner.durations import rfc3339
from runner.language.words import counted
from runner.masking import shown_request
from runner.pauses import Pause
from runner.sides import touches_call

#: What is told above the calls, once for all of them: the guards that would trip, and the pauses.
ABOVE = frozenset({"guard", "paused", "tripped"})


@dataclass(frozen=True, slots=True)
class Report:
    """How acts are shown.

    `legs` are those that live calls have dialled, by the caller's SID; `conferences` the names of
    those that calls are in, None for none, for the calls of which that is known.
    """

    legs: Mapping[str, Sequence[Call]]
    show_numbers: bool = False
    conferences: Mapping[str, str | None] = field(default_factory=dict)

    def hide(self, call: Call | None = None) -> Hide:
        """Makes text about a call safe to print, and masks what is personal in it unless wanted."""
        return hider(call, show_numbers=self.show_numbers)

    def plan(self, scene: Scene) -> dict[str, Any]:
        """A plan as plain data: `trips`, `pauses`, `calls` (how many were listed), and the acts."""
        plan, bounds = scene.plan, scene.bounds
        return {
            "trips": [self.trip(trip) for trip in plan.trips],
            "pauses": [self.pause(p) for p in bounds.pauses if p.stands(bounds.now)],
            "calls": len(scene.calls),
            "steps": [self.step(step) for step in plan.steps],
            "held": [self.held(held) for held in plan.held],
            "shadows": [self.step(step) for step in plan.shadows],
        }

    def trip(self, trip: Trip) -> dict[str, Any]:
        """A guard that would be passed, so that nothing of its rule would be sent."""
        return {
            "flow": trip.flow.name,
            "rule": trip.rule.id,
            "guard": trip.guard,
            "together": trip.together,
            "calls": trip.calls,
            "allowed": trip.allowed,
            "detail": trip.detail,
        }

    def pause(self, pause: Pause) -> dict[str, Any]:
        """Something that must not act now; `text` says it in words."""
        hide, words = self.hide(), reason_of(pause)[1]
        return {
            "scope": pause.scope,
            "reason": hide(pause.reason),
            "by": hide(pause.by),
            "at": rfc3339(pause.at),
            "until": None if pause.until is None else rfc3339(pause.until),
            "tripped": pause.tripped,
            "text": hide(f"{pause.scope}: {words}" if pause.tripped else words),
        }

    def step(self, step: Step) -> dict[str, Any]:
        """One act: what is sent, why, and what it does to the call and its legs.

        `request` is the update's alone, `parts` is all that is sent. `continued` says that an
        earlier poll began it, and that these are the parts that it still lacks.
        """
        hide = self.hide(step.call)
        update = {} if step.update is None else shown_request("", step.update.parameters())
        found = effects(step, self.legs, self.conferences)
        return {
            **self._act(step),
            "request": {name: hide(value) for name, value in update.items()},
            "parts": parts_data(step.parts, hide),
            "continued": bool(step.turn.only),
            "why": hide(step.why),
            "effects": [{"kind": e.kind, "call": e.call, "text": hide(e.words)} for e in found],
        }

    def held(self, held: Held) -> dict[str, Any]:
        """One verdict that leads to nothing now."""
        detail = self.hide(held.call)(held.detail)
        return {**self._act(held), "reason": held.reason, "detail": detail}

    def _act(self, act: Step | Held) -> dict[str, Any]:
        call, hide = act.call, self.hide(act.call)
        return {
            "call": call.sid,
            "from": hide(call.from_ or ""),
            "to": hide(call.to or ""),
            "status": call.status,
            "direction": call.direction,
            "flow": act.flow.name,
            "rule": act.rule.id,
            "then": list(act.then)
            if isinstance(act, Step)
            else [action.name for action in act.rule.then],
        }


def plan_text(shown: dict[str, Any]) -> str:
    """The same for people."""
    lines = [line for trip in shown["trips"] for line in tripping(trip)]
    lines += [f"PAUSED  {pause['text']}" for pause in shown["pauses"]]
    lines += [line for step in shown["steps"] for line in (head(step), *details(step))]
    for step in shown["shadows"]:
        lines += [f"{head(step)}  [shadow: recorded, not sent]", *details(step, sent="would send")]
    for held in shown["held"]:
        lines.append(f"{head(held)}  [held: {held['reason']}]")
        if held["reason"] not in ABOVE:
            lines.append(f"    {held['detail']}")
    counts = _counts(shown)
    if shown["trips"]:
        counts += f", {counted(len(shown['trips']), 'rule')} would trip"
    if shown["shadows"]:
        counts += f", {counted(len(shown['shadows']), 'shadow')}"
    lines.append(f"{counted(shown['calls'], 'call')} listed: {counts}")
    return "\n".join(lines)


def _counts(shown: dict[str, Any]) -> str:
    """How many acts do something to a call, how many only tell of one, how many are held."""
    telling = sum(is_telling(step) for step in shown["steps"])
    told = f", {telling} to tell of" if telling else ""
    return f"{len(shown['steps']) - telling} to change{told}, {len(shown['held'])} held back"


def is_telling(step: dict[str, Any]) -> bool:
    """Whether the act does nothing to a call."""
    return not any(touches_call(part["route"]) for part in step["parts"])


def tripping(trip: dict[str, Any]) -> Iterable[str]:
    """Which guard would trip, and what that leads to."""
    name = f"{trip['flow']}/{trip['rule']}"
    whose = "over all flows together" if trip["together"] else "of this rule"
    detail = trip["detail"].removeprefix("all flows together: ")
    yield f"TRIP  {name}: the {trip['guard']} guard {whose} would trip"
    yield f"    {detail}"
    yield (
        f"    nothing of it would be sent; the rule would be paused until `callflow resume {name}`"
    )


def head(act: dict[str, Any]) -> str:
    """The call, the rule and its actions on one line."""
    return (
        f"{act['call']} {act['from'] or '-'} -> {act['to'] or '-'}  "
        f"{act['flow']}/{act['rule']}: {', '.join(act['then'])}"
    )


def details(step: dict[str, Any], *, sent: str = "send") -> Iterable[str]:
    """Why, everything that is sent, and what follows from it."""
    yield f"    why:  {step['why']}"
    if step["continued"]:
        yield "    rest: an earlier poll began this act; these are the parts that it lacks"
    yield from (f"    {line}" for line in part_lines(step["parts"], sent))
    if step["effects"]:
        yield "    then: " + "; ".join(effect["text"] for effect in step["effects"])
