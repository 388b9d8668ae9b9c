"""What listens to a call beside it, started and stopped by name: streams, SIPREC, transcriptions.

They differ in what a start takes; the rest of their rows in the action table is made here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from runner.actions.base import ActionKind, Arguments, BadArgument, Key
from runner.actions.checks import absolute_url, refuse_controls
from runner.actions.forms import CALLBACK, START, STOP, fields_of, form_of, starts, written
from runner.actions.templates import Template
from runner.sides import Side

#: What one is called that its author gave no name, so that a bare `stop` finds it.
UNNAMED = "callflow"
#: As the flow has it, and as Twilio has it.
TRACKS = {"inbound": "inbound_track", "outbound": "outbound_track", "both": "both_tracks"}

_LONGEST_NAME = 100
#: What could lead a path elsewhere, however often somebody decodes it on its way.
_NOT_IN_PATH = r"[/\\?#%]"
_DOTS = r"\.+\Z"
#: So many pairs have names in Twilio's API.
_MOST_PARAMETERS = 99
#: Characters of a parameter, its name and its value together.
_LONGEST_PARAMETER = 500


class Fork(Struct, frozen=True):
    """One kind of them: the action's name, its place below the call, what people call it.

    `fields` says what Twilio calls the options of a start; `check` looks at them, and may add to
    them; `placeholders` names those that may differ from call to call.
    """

    name: str
    target: str
    noun: str
    fields: Mapping[str, str]
    check: Callable[[dict[str, Any]], dict[str, Any]]
    placeholders: tuple[str, ...]


def kind_of(fork: Fork) -> ActionKind:
    """Its row of the action table."""
    return ActionKind(
        name=fork.name,
        prepare=partial(_prepare, fork),
        statuses=("in-progress",),
        changes_call=False,
        placeholders=tuple(f"{START}.{option}" for option in fork.placeholders),
        effects=partial(_effects, fork),
        side=partial(_side, fork),
        undone=starts,
        takes_back=_takes_back,
    )


def _prepare(fork: Fork, value: Any, _defaults: Mapping[str, str]) -> Arguments:
    form, details = form_of(value)
    if form == STOP:
        return {STOP: _name(details or UNNAMED, key=STOP)}
    given = {"name": UNNAMED, **(details or {})}
    given["name"] = _name(given["name"], key=(START, "name"))
    if CALLBACK in given:
        given[CALLBACK] = absolute_url(given[CALLBACK], key=(START, CALLBACK))
    return {START: fork.check(given)}


def _name(name: str, *, key: Key) -> str:
    """A name that stays one segment of a path."""
    refuse_controls(name, key=key, where="in a name")
    bad = re.search(_NOT_IN_PATH, name)
    if bad:
        message = f"a name with {bad[0]!r} could lead to something else on the call"
        raise BadArgument(message, key=key, hint="use letters, digits, spaces, - and _")
    if len(name) > _LONGEST_NAME:
        message = f"the name is {len(name):,} characters long; {_LONGEST_NAME} is the limit"
        raise BadArgument(message, key=key)
    if not name.isprintable() or name != name.strip() or re.match(_DOTS, name):
        hint = "use letters, digits, spaces, - and _, and no space at either end"
        raise BadArgument(f"{name!a} is not fit to be a name", key=key, hint=hint)
    return name


def _side(fork: Fork, arguments: Arguments) -> Side:
    form, details = written(arguments)
    if form == STOP:
        return Side("call", f"{fork.target}/{quote(details, safe='')}", {"Status": "stopped"})
    fields = fields_of(details, fork.fields)
    if "track" in details:
        fields["Track"] = TRACKS[details["track"]]
    for number, (name, value) in enumerate(details.get("parameters", {}).items(), 1):
        fields[f"Parameter{number}.Name"] = name
        fields[f"Parameter{number}.Value"] = value
    return Side("call", fork.target, fields)


def _effects(fork: Fork, arguments: Arguments) -> tuple[str, ...]:
    form, details = written(arguments)
    name = details if form == STOP else details["name"]
    named = "" if name == UNNAMED else f" {name}"
    return (f"{'starts' if form == START else 'ends'} the {fork.noun}{named}",)


def _takes_back(earlier: Arguments, arguments: Arguments) -> bool:
    (begun, details), (form, name) = written(earlier), written(arguments)
    return (begun, form) == (START, STOP) and details["name"] == name


# ---- parameters -----------------------------------------------------------------------------


def checked_parameters(given: dict[str, Any]) -> dict[str, Any]:
    """The options of a start, with parameters that Twilio can pass on."""
    found = given.get("parameters", {})
    if len(found) > _MOST_PARAMETERS:
        message = f"{len(found)} parameters; Twilio passes on {_MOST_PARAMETERS}"
        raise BadArgument(message, key=(START, "parameters"))
    checked = {name: _parameter(name, value) for name, value in found.items()}
    return {**given, "parameters": checked} if found else given


def _parameter(name: str, value: str | Template) -> str | Template:
    key = (START, "parameters", name)
    refuse_controls(name, key=key, where="in the name of a parameter")
    if not name.strip():
        raise BadArgument("a parameter needs a name", key=key)
    if "{{" in name:
        message = "a placeholder can't stand in the name of a parameter"
        raise BadArgument(message, key=key, code="placeholder", hint="write the name out")
    fits = partial(_fitting, name)
    if isinstance(value, Template):
        _checked_value(value.literal, name=name, key=key)
        return replace(value, context="data", check=fits)
    return _checked_value(value, name=name, key=key)


def _fitting(name: str, value: str) -> str:
    return _checked_value(value, name=name, key=None)


def _checked_value(value: str, *, name: str, key: Key) -> str:
    refuse_controls(value, key=key, where="in a parameter")
    size = len(name) + len(value)
    if size > _LONGEST_PARAMETER:
        message = f"a parameter of {size:,} characters; Twilio takes {_LONGEST_PARAMETER}"
        hint = "its name and its value count together"
        raise BadArgument(message, key=key, hint=hint)
    return value
