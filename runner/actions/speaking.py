"""What actions that speak have in common: whose voice it is, and what is said."""

from __future__ import annotations

from collections.abc import Mapping

from runner.actions.base import Arguments, Speech, Verb
from runner.actions.templates import Template

_VOICE = ("voice", "language")


def voice_of(defaults: Mapping[str, str]) -> dict[str, str]:
    """The voice and language that the flow speaks with, as far as it names them."""
    return {key: defaults[key] for key in _VOICE if key in defaults}


def say_verb(arguments: Arguments, *more: str) -> Verb:
    """The words as TwiML speaks them; `more` are further attributes, where they are given."""
    attributes = {key: str(arguments[key]) for key in (*_VOICE, *more) if key in arguments}
    return Verb("Say", attributes, arguments["text"])


def speech_of(arguments: Arguments) -> tuple[Speech, ...]:
    """See `ActionKind.speech`; nothing where there is no text."""
    text = arguments.get("text")
    if text is None:
        return ()
    literal = text.literal if isinstance(text, Template) else text
    return (Speech(literal, arguments.get("voice", "")),)
