"""`say`: speaks text into the call. The call ends afterwards unless something follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions.base import ActionKind, Arguments, Verb
from runner.actions.checks import spoken_text


def _prepare(value: Any, defaults: Mapping[str, str]) -> Arguments:
    given = {"text": value} if isinstance(value, str) else dict(value)
    given["text"] = spoken_text(given["text"], key=None if isinstance(value, str) else "text")
    return {**{k: defaults[k] for k in ("voice", "language") if k in defaults}, **given}


def _verbs(arguments: Arguments) -> tuple[Verb, ...]:
    attributes = {k: str(arguments[k]) for k in ("voice", "language", "loop") if k in arguments}
    return (Verb("Say", attributes, arguments["text"]),)


SAY = ActionKind(name="say", prepare=_prepare, verbs=_verbs, statuses=("in-progress",))
