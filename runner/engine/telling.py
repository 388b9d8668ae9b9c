"""The events of one poll, by the names and keys of the command line's contract."""

from __future__ import annotations

from runner.decision.guarding import Trip
from runner.decision.planner import Step
from runner.engine.ports import Event, GatewayError
from runner.model import Millis


def poll_failed(account: str, error: GatewayError, now: Millis) -> Event:
    """The calls could not be seen, and nothing was decided."""
    fields = {"account": account, "error": str(error), "hint": error.hint}
    return Event("poll.failed", now, "error", fields)


def planned(account: str, step: Step, now: Millis) -> Event:
    """What a dry run would send."""
    fields = {
        "account": account,
        "call": step.call.sid,
        "flow": step.flow.name,
        "rule": step.rule.id,
        "then": list(step.then),
        "request": step.update.parameters(),
        "why": step.why,
    }
    return Event("action.planned", now, "info", fields)


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
    }
    return Event("rule.tripped", now, "error", fields)
