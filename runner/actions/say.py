"""`say`: speaks text into the call. The call ends afterwards unless something follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions.base import ActionKind, Arguments, Verb
from runner.actions.checks import spoken_text
from runner.actions.speaking import say_verb, speech_of, voice_of


def _prepare(value: Any, defaults: Mapping[str, str]) -> Arguments:
    whole = not isinstance(value, Mapping)
    given = {"text": value} if whole else dict(value)
    given["text"] = spoken_text(given["text"], key=None if whole else "text")
    return {**voice_of(defaults), **given}


def _verbs(arguments: Arguments) -> tuple[Verb, ...]:
    return (say_verb(arguments, "loop"),)


SAY = ActionKind(
    name="say",
    prepare=_prepare,
    verbs=_verbs,
    statuses=("in-progress",),
    speech=speech_of,
    placeholders=("", "text"),
)
