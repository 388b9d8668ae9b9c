"""`limit`: how old the call may become; then Twilio ends it, whatever it is doing.

It is added to whatever else is sent, and alone it disturbs nothing. Twilio's document calls it the
maximum duration of the call, in seconds: that it counts from the call's beginning, also when it
comes later, is assumed, and so is that no call lasts longer than 24 hours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions.base import ActionKind, Arguments
from runner.actions.spans import whole_seconds


def _prepare(value: Any, _defaults: Mapping[str, str]) -> Arguments:
    return {"seconds": whole_seconds(value, what="a limit")}


def _extra(arguments: Arguments) -> Mapping[str, Any]:
    return {"time_limit": arguments["seconds"]}


LIMIT = ActionKind(
    name="limit",
    prepare=_prepare,
    statuses=("in-progress",),
    hangs_up=True,
    interrupts=False,
    extra=_extra,
)
