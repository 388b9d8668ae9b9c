"""`beep`: tones into the call, a second apart, as phone systems warn of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions.base import ActionKind, Arguments, Verb


def _prepare(value: Any, _defaults: Mapping[str, str]) -> Arguments:
    return {"times": value}


def _verbs(arguments: Arguments) -> tuple[Verb, ...]:
    return (Verb("Play", {"digits": "ww".join("1" * arguments["times"])}),)


BEEP = ActionKind(name="beep", prepare=_prepare, verbs=_verbs, statuses=("in-progress",))
