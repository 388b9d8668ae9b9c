"""`enqueue`: puts the call into a queue, where it waits until somebody takes it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions import parties
from runner.actions.base import ActionKind, Arguments, Verb
from runner.actions.checks import absolute_url

#: What an argument is called in TwiML.
_NAMES = {
    "wait_url": "waitUrl",
    "wait_method": "waitUrlMethod",
    "action": "action",
    "method": "method",
}


def _prepare(value: Any, _defaults: Mapping[str, str]) -> Arguments:
    if not isinstance(value, Mapping):
        return {"queue": parties.name(value, most=parties.LONGEST_QUEUE)}
    given = dict(value)
    given["queue"] = parties.name(given["queue"], key="queue", most=parties.LONGEST_QUEUE)
    for key in ("wait_url", "action"):
        if key in given:
            given[key] = absolute_url(given[key], key=key)
    return given


def _verbs(arguments: Arguments) -> tuple[Verb, ...]:
    attributes = {name: arguments[key] for key, name in _NAMES.items() if key in arguments}
    return (Verb("Enqueue", attributes, arguments["queue"]),)


def _effects(arguments: Arguments) -> tuple[str, ...]:
    return (f"puts it into the queue {arguments['queue']}",)


ENQUEUE = ActionKind(
    name="enqueue",
    prepare=_prepare,
    verbs=_verbs,
    statuses=("in-progress",),
    goes_on=True,
    ends_with=("action",),
    placeholders=("wait_url", "action"),
    effects=_effects,
)
