"""`play`: plays an audio file, or DTMF digits, into the call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from runner.actions.base import ActionKind, Arguments, BadArgument, Verb
from runner.actions.checks import absolute_url

_DIGITS = r"[0-9A-Da-d#*wW]+\Z"


def _prepare(value: Any, _defaults: Mapping[str, str]) -> Arguments:
    if not isinstance(value, Mapping):
        return {"url": absolute_url(value)}
    given = dict(value)
    if ("url" in given) == ("digits" in given):
        raise BadArgument(
            "play needs either url or digits, and not both",
            hint="write play: https://host/sound.mp3, or play: {digits: ww1234#}",
        )
    if "url" in given:
        given["url"] = absolute_url(given["url"], key="url")
    elif not re.match(_DIGITS, given["digits"]):
        raise BadArgument(
            f"{given['digits']!r} has something that is no DTMF tone",
            key="digits",
            hint="digits are 0-9, A-D, #, * and w (a pause of half a second)",
        )
    return given


def _verbs(arguments: Arguments) -> tuple[Verb, ...]:
    attributes = {k: str(arguments[k]) for k in ("digits", "loop") if k in arguments}
    return (Verb("Play", attributes, arguments.get("url", "")),)


PLAY = ActionKind(
    name="play",
    prepare=_prepare,
    verbs=_verbs,
    statuses=("in-progress",),
    placeholders=("", "url"),
)
