"""`announce`: speaks to one party of a conference, without taking the call out of it.

Twilio fetches what it speaks: text becomes a document that the runner serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from runner.actions import twiml
from runner.actions.base import ActionKind, Arguments, BadArgument, Key
from runner.actions.checks import Written, absolute_url, spoken_text
from runner.actions.forms import fields_of
from runner.actions.speaking import say_verb, speech_of, voice_of
from runner.actions.templates import Template
from runner.sides import SERVED, Side

#: Characters of text: more than any of Twilio's voices takes.
_LONGEST = 5_000


def _prepare(value: Any, defaults: Mapping[str, str]) -> Arguments:
    if not isinstance(value, Mapping):
        return _spoken({"text": value}, defaults, key=None)
    given = dict(value)
    if ("url" in given) == ("text" in given):
        hint = "write announce: Five minutes are left., or announce: {url: https://host/path}"
        raise BadArgument("announce needs either a text or a url, and not both", hint=hint)
    if "text" in given:
        _only(given, ("text", "voice", "language"), "a url")
        return _spoken(given, defaults, key="text")
    _only(given, ("url", "method"), "a text")
    return {**given, "url": absolute_url(given["url"], key="url")}


def _only(given: Mapping[str, Any], known: tuple[str, ...], of: str) -> None:
    for key in given:
        if key not in known:
            raise BadArgument(f"{key} goes with {of}, and there is none", key=key)


def _spoken(given: Mapping[str, Any], defaults: Mapping[str, str], *, key: Key) -> Arguments:
    return {**voice_of(defaults), **given, "text": _bounded(given["text"], key=key)}


def _bounded(value: Written, *, key: Key = None) -> Written:
    text = spoken_text(value, key=key)
    if isinstance(text, Template):
        _bound(text.literal, key)
        return replace(text, check=_bounded)
    _bound(text, key)
    return text


def _bound(text: str, key: Key) -> None:
    if len(text) > _LONGEST:
        message = f"the text is {len(text):,} characters long; no voice takes over {_LONGEST:,}"
        raise BadArgument(message, key=key)


def _side(arguments: Arguments) -> Side:
    if "url" in arguments:
        names = {"url": "AnnounceUrl", "method": "AnnounceMethod"}
        return Side("conference", fields=fields_of(arguments, names))
    return Side("conference", fields={SERVED: twiml.build((say_verb(arguments),))})


def _effects(_arguments: Arguments) -> tuple[str, ...]:
    return ("speaks to it in its conference, and leaves it there",)


def _always(_arguments: Arguments) -> bool:
    return True


ANNOUNCE = ActionKind(
    name="announce",
    prepare=_prepare,
    statuses=("in-progress",),
    changes_call=False,
    speech=speech_of,
    placeholders=("", "text", "url"),
    effects=_effects,
    side=_side,
    stays=_always,
)
