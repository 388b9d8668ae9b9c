"""`say`: speaks text into the call. The call ends afterwards unless something follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions.base import ActionKind, Arguments, Speech, Verb
from runner.actions.checks import spoken_text
from runner.actions.templates import Template


def _prepare(value: Any, defaults: Mapping[str, str]) -> Arguments:
    whole = not isinstance(value, Mapping)
    given = {"text": value} if whole else dict(value)
    given["text"] = spoken_text(given["text"], key=None if whole else "text")
    return {**{k: defaults[k] for k in ("voice", "language") if k in defaults}, **given}


def _verbs(arguments: Arguments) -> tuple[Verb, ...]:
    attributes = {k: str(arguments[k]) for k in ("voice", "language", "loop") if k in arguments}
    return (Verb("Say", attributes, arguments["text"]),)


def _speech(arguments: Arguments) -> tuple[Speech, ...]:
    text = arguments["text"]
    literal = text.literal if isinstance(text, Template) else text
    return (Speech(literal, arguments.get("voice", "")),)


SAY = ActionKind(
    name="say",
    prepare=_prepare,
    verbs=_verbs,
    statuses=("in-progress",),
    speech=_speech,
    placeholders=("", "text"),
)
