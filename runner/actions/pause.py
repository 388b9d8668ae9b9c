"""`pause`: silence, in whole seconds, because that is all that TwiML's <Pause> takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions.base import ActionKind, Arguments, BadArgument, Verb
from runner.durations import parse_duration


def _prepare(value: Any, _defaults: Mapping[str, str]) -> Arguments:
    try:
        millis = parse_duration(value)
    except ValueError as error:
        raise BadArgument(str(error), code="bad-duration") from None
    if millis == 0 or millis % 1000:
        raise BadArgument(
            f"a pause of {value} is not possible: TwiML counts whole seconds from 1s up",
            code="bad-duration",
        )
    return {"seconds": millis // 1000}


def _verbs(arguments: Arguments) -> tuple[Verb, ...]:
    return (Verb("Pause", {"length": str(arguments["seconds"])}),)


PAUSE = ActionKind(name="pause", prepare=_prepare, verbs=_verbs, statuses=("in-progress",))
