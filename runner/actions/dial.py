"""`dial`: connects the call with somebody else, a conference, or whoever waits in a queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runner.actions import parties
from runner.actions.base import ActionKind, Arguments, BadArgument, Verb
from runner.actions.checks import absolute_url
from runner.actions.spans import whole_seconds

#: How each noun's own text is checked; of these several may ring at once.
_CALLED: Mapping[str, Callable[..., str]] = {
    "number": parties.number,
    "sip": parties.sip,
    "client": parties.client,
}
_NOUNS = (*_CALLED, "conference", "queue")

#: What an argument is called in TwiML.
_ON_DIAL = {
    "caller_id": "callerId",
    "timeout": "timeout",
    "time_limit": "timeLimit",
    "record": "record",
    "answer_on_bridge": "answerOnBridge",
    "action": "action",
    "method": "method",
}
_ON_CONFERENCE = {
    "muted": "muted",
    "beep": "beep",
    "start_on_enter": "startConferenceOnEnter",
    "end_on_exit": "endConferenceOnExit",
    "wait_url": "waitUrl",
    "wait_method": "waitMethod",
    "max_participants": "maxParticipants",
    "record": "record",
}
#: What has no effect where nobody is called, and what to write instead.
_POINTLESS = {
    "conference": {
        "caller_id": "nobody is called",
        "timeout": "nobody is called",
        "answer_on_bridge": "nobody is called",
        "whisper": "nobody is called",
        "record": "write `conference: {name: …, record: record-from-start}`",
    },
    "queue": {"caller_id": "nobody is called", "answer_on_bridge": "nobody is called"},
}


def _prepare(value: Any, _defaults: Mapping[str, str]) -> Arguments:
    if not isinstance(value, Mapping):
        return _party(value)
    given = dict(value)
    noun = _noun(given)
    _refuse_pointless(given, noun)
    given[noun] = _TARGETS[noun](given[noun])
    if "caller_id" in given:
        given["caller_id"] = parties.caller(given["caller_id"], key="caller_id", noun=noun)
    if "timeout" in given:
        given["timeout"] = whole_seconds(
            given["timeout"], key="timeout", what="a timeout", least=5, most=600
        )
    if "time_limit" in given:
        given["time_limit"] = whole_seconds(
            given["time_limit"], key="time_limit", what="a time limit"
        )
    for key in ("whisper", "action"):
        if key in given:
            given[key] = absolute_url(given[key], key=key)
    return given


def _party(text: str) -> Arguments:
    """A number or address that is the action's whole value."""
    if text.startswith((parties.SIP, "sips:")):
        return {"sip": [parties.sip(text)]}
    if text.startswith(parties.CLIENT):
        return {"client": [parties.client(text)]}
    return {"number": [parties.number(text)]}


def _noun(given: Mapping[str, Any]) -> str:
    found = [key for key in given if key in _NOUNS]
    if len(found) == 1:
        return found[0]
    raise BadArgument(
        f"dial needs one of {', '.join(_NOUNS[:-1])} and {_NOUNS[-1]}, and only one",
        key=found[1] if found else None,
        hint='write dial: "+14155550100", or dial: {conference: support}',
    )


def _refuse_pointless(given: Mapping[str, Any], noun: str) -> None:
    for key, hint in _POINTLESS.get(noun, {}).items():
        if key in given:
            raise BadArgument(f"{key} has no effect on a {noun}", key=key, hint=hint)


def _several(noun: str, value: str | Sequence[str]) -> list[str]:
    """Those who ring at once."""
    if isinstance(value, str):
        return [_CALLED[noun](value, key=noun)]
    found: list[str] = []
    for index, each in enumerate(value):
        party = _CALLED[noun](each, key=(noun, index))
        if party in found:
            raise BadArgument(f"{party} stands there twice", key=(noun, index))
        found.append(party)
    return found


def _conference(value: str | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(value, str):
        return {"name": parties.name(value, key="conference")}
    given = dict(value)
    given["name"] = parties.name(given["name"], key=("conference", "name"))
    if "wait_url" in given:
        given["wait_url"] = absolute_url(given["wait_url"], key=("conference", "wait_url"))
    return given


_TARGETS: Mapping[str, Callable[[Any], Any]] = {
    "number": lambda value: _several("number", value),
    "sip": lambda value: _several("sip", value),
    "client": lambda value: _several("client", value),
    "conference": _conference,
    "queue": lambda value: parties.name(value, key="queue", most=parties.LONGEST_QUEUE),
}


def _verbs(arguments: Arguments) -> tuple[Verb, ...]:
    return (Verb("Dial", _attributes(arguments, _ON_DIAL), children=_nouns(arguments)),)


def _nouns(arguments: Arguments) -> tuple[Verb, ...]:
    if "conference" in arguments:
        room = arguments["conference"]
        return (Verb("Conference", _attributes(room, _ON_CONFERENCE), room["name"]),)
    attributes = _attributes(arguments, {"whisper": "url"})
    if "queue" in arguments:
        return (Verb("Queue", attributes, arguments["queue"]),)
    return tuple(
        Verb(noun.capitalize(), attributes, each)
        for noun in _CALLED
        for each in arguments.get(noun, ())
    )


def _attributes(given: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    return {names[key]: _text(given[key]) for key in names if key in given}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _effects(arguments: Arguments) -> tuple[str, ...]:
    if "conference" in arguments:
        return (f"takes it into the conference {arguments['conference']['name']}",)
    if "queue" in arguments:
        return (f"connects it with whoever has waited longest in queue {arguments['queue']}",)
    called = [each for noun in _CALLED for each in arguments.get(noun, ())]
    if len(called) == 1:
        return (f"connects it with {called[0]}",)
    return (f"connects it with the first to answer of {', '.join(called)}",)


DIAL = ActionKind(
    name="dial",
    prepare=_prepare,
    verbs=_verbs,
    statuses=("in-progress",),
    goes_on=True,
    ends_with=("action",),
    placeholders=("whisper", "action", "conference.wait_url"),
    effects=_effects,
)
