"""`restart`: the call begins again, with the voice URL of the number that was called.

The URL is looked up before: what is found stands in the arguments when the update is made. A
document has no place for the fallback URL, so that what follows speech goes without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions.base import ActionKind, Arguments, Verb
from runner.model import Update


def _prepare(_value: Any, _defaults: Mapping[str, str]) -> Arguments:
    return {}


def _verbs(arguments: Arguments) -> tuple[Verb, ...]:
    attributes = {"method": arguments["method"]} if "method" in arguments else {}
    return (Verb("Redirect", attributes, arguments.get("url", "")),)


def _alone(arguments: Arguments) -> Update:
    return Update(**arguments)


def _effects(_arguments: Arguments) -> tuple[str, ...]:
    return ("begins again with the voice URL of the number that was called",)


RESTART = ActionKind(
    name="restart",
    prepare=_prepare,
    verbs=_verbs,
    alone=_alone,
    statuses=("in-progress",),
    ends=True,
    refetches=True,
    lookup="voice",
    effects=_effects,
)
