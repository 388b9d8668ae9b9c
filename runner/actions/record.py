"""`record`: starts a recording of the call; pauses, resumes and stops the one that is running."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from runner.actions.base import ActionKind, Arguments
from runner.actions.checks import absolute_url
from runner.actions.forms import CALLBACK, METHOD, START, STOP, fields_of, form_of, starts, written
from runner.sides import Side

_PAUSE, _RESUME = "pause", "resume"
#: Twilio's word for the recording that is running, in the place of its SID.
_CURRENT = "Recordings/Twilio.CURRENT"
_EVENTS = "status_callback_events"
_FIELDS = {
    "channels": "RecordingChannels",
    "track": "RecordingTrack",
    "trim": "Trim",
    CALLBACK: "RecordingStatusCallback",
    METHOD: "RecordingStatusCallbackMethod",
    _EVENTS: "RecordingStatusCallbackEvent",
}
_DOES = {_PAUSE: "pauses", _RESUME: "resumes", STOP: "stops"}
_STATUSES = {_PAUSE: "paused", _RESUME: "in-progress", STOP: "stopped"}


def _prepare(value: Any, _defaults: Mapping[str, str]) -> Arguments:
    form, details = form_of(value)
    if form != START:
        return {form: details or ""}
    given = dict(details or {})
    if CALLBACK in given:
        given[CALLBACK] = absolute_url(given[CALLBACK], key=(START, CALLBACK))
    if _EVENTS in given:
        given[_EVENTS] = " ".join(given[_EVENTS])
    return {START: given}


def _side(arguments: Arguments) -> Side:
    form, details = written(arguments)
    if form == START:
        return Side("call", "Recordings", fields_of(details, _FIELDS))
    fields = {"Status": _STATUSES[form]}
    if details:
        fields["PauseBehavior"] = details
    # Not repeatable: by the time of a second try, another recording may be the current one.
    return Side("call", _CURRENT, fields)


def _effects(arguments: Arguments) -> tuple[str, ...]:
    form, details = written(arguments)
    if form == START:
        kinds = [details[option] for option in ("channels", "track") if option in details]
        return (f"starts a recording{_aside(', '.join(kinds))}",)
    return (f"{_DOES[form]} the recording{_aside(details)}",)


def _takes_back(earlier: Arguments, arguments: Arguments) -> bool:
    return (written(earlier)[0], written(arguments)[0]) in ((START, STOP), (_PAUSE, _RESUME))


def _aside(text: str) -> str:
    return f" ({text})" if text else ""


RECORD = ActionKind(
    name="record",
    prepare=_prepare,
    statuses=("in-progress",),
    changes_call=False,
    placeholders=(f"{START}.{CALLBACK}",),
    effects=_effects,
    side=_side,
    undone=starts,
    takes_back=_takes_back,
)
