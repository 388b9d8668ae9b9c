"""The events of one poll, by the names and keys of the command line's contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runner.decision.guarding import Trip
from runner.decision.planner import Step
from runner.engine.ports import Event, GatewayError, Intent, StoreError
from runner.masking import shown_request, shown_target
from runner.model import Millis
from runner.sides import Part


def polled(account: str, calls: int, now: Millis, *, took: Millis, requests: int) -> Event:
    """The calls were seen."""
    fields = {"account": account, "calls": calls, "took_ms": took, "requests": requests}
    return Event("poll", now, "info", fields)


def undated() -> GatewayError:
    """What a list is refused with that doesn't say when it was made."""
    hint = (
        "ages are measured by it, because this machine's clock may be wrong: look at what stands "
        "in between, which may drop its Date header"
    )
    return GatewayError("the far side doesn't say what time it is", hint=hint)


def clock_told(account: str, ahead: Millis, now: Millis, *, is_off: bool) -> Event:
    """This machine's clock and the far side's have come to differ, or agree again."""
    fields: dict[str, object] = {"account": account, "ahead_ms": ahead}
    if is_off:
        fields["hint"] = "set this machine's clock; the history, pauses and rate guards go by it"
    return Event(
        "clock.off" if is_off else "clock.ok", now, "warning" if is_off else "info", fields
    )


def poll_failed(account: str, error: GatewayError, now: Millis) -> Event:
    """The calls could not be seen, and nothing was decided."""
    fields = {"account": account, "error": str(error), "hint": error.hint}
    return Event("poll.failed", now, "error", fields)


def look_failed(account: str, sid: str, error: BaseException, now: Millis) -> Event:
    """A call that somebody told of could not be decided on; the next poll does."""
    hint = error.hint if isinstance(error, StoreError) else "please report it: a fault in callflow"
    said = str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
    fields = {"account": account, "call": sid, "error": said, "hint": hint}
    return Event("push.failed", now, "error", fields)


def planned(account: str, step: Step, now: Millis) -> Event:
    """What a dry run would send: `request` is the update's, `parts` is all of it, in order."""
    fields = {
        "account": account,
        "call": step.call.sid,
        "flow": step.flow.name,
        "rule": step.rule.id,
        "then": list(step.then),
        "request": {} if step.update is None else shown_request("", step.update.parameters()),
        "parts": parts_told(step.parts),
        "why": step.why,
    }
    return Event("action.planned", now, "info", fields)


def parts_told(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """The parts of an act in the order of sending, without what may be secret in them.

    One with a `fault` is not sent and fails; what would be sent after an update of that kind is
    not sent either, and has the reason as `skipped`.
    """
    found: list[dict[str, Any]] = []
    failing = ""
    for part in parts:
        found.append(_part(part) | ({"skipped": f"{failing} before it fails"} if failing else {}))
        if part.key == "" and part.fault:
            failing = ", ".join(part.then)
    return found


def _part(part: Part) -> dict[str, Any]:
    route, target = ("", "") if part.side is None else (part.side.route, part.side.target)
    return {
        "part": part.key,
        "then": list(part.then),
        "route": route,
        "target": shown_target(route, target),
        "request": shown_request(route, part.request),
        **({"fault": part.fault} if part.fault else {}),
    }


def part_told(intent: Intent) -> dict[str, object]:
    """Which part of an act an event is about; nothing for the update of the call."""
    if not intent.part:
        return {}
    told: dict[str, object] = {"part": intent.part, "route": intent.route}
    target = shown_target(intent.route, intent.target)
    return told | ({"target": target} if target else {})


def tripped(account: str, trip: Trip, now: Millis) -> Event:
    """A guard would have been passed: nothing of the rule's batch is sent."""
    fields = {
        "account": account,
        "flow": trip.flow.name,
        "rule": trip.rule.id,
        "guard": trip.guard,
        "calls": trip.calls,
        "allowed": trip.allowed,
        "detail": trip.detail,
        "hint": f"nothing of it is sent; look at `callflow plan`, then `callflow resume "
        f"{trip.rule.key}`, with a `guard` on the rule where so many are meant",
    }
    return Event("rule.tripped", now, "error", fields)
