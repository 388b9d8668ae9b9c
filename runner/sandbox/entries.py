"""Calls, people and numbers as data (of a scenario or the control API): plans, or complaints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias, TypeVar

from runner.durations import parse_duration
from runner.model import LIVE_STATUSES, Millis
from runner.sandbox.callbacks import EVENTS
from runner.sandbox.forms import METHODS, usable
from runner.sandbox.numbers import ApplicationPlan, NumberPlan, application_plan, number_plan
from runner.sandbox.plans import DIRECTIONS, OUTCOMES, CallPlan, Person

#: Statuses that a planned call can start in.
FIRST_STATUSES = (*LIVE_STATUSES, "completed")
ANSWERERS = (
    "human",
    "machine_start",
    "machine_end_beep",
    "machine_end_silence",
    "machine_end_other",
    "fax",
    "unknown",
)

Reader: TypeAlias = Callable[[Any], Any]
P = TypeVar("P", NumberPlan, ApplicationPlan)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with one key of an entry (`key` "" for the entry itself)."""

    key: str
    code: str
    message: str
    hint: str = ""


class _Bad(ValueError):
    """A value that can't be used."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _Bad(f"must be text, not {value!r}")
    return value


def _address(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        raise _Bad("must be text, not a number", f'put it in quotes: "+{abs(value)}"')
    return _text(value)


def _digits(value: Any) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)
    if set(text) - set("0123456789*#"):
        raise _Bad(f"{text!r} can't be typed on a phone", "use digits, * and #")
    return text


def _duration(value: Any) -> Millis:
    if not isinstance(value, str):
        raise _Bad(f"must be a duration, not {value!r}", "write it like 500ms, 45s or 5m")
    return parse_duration(value)


def _endless(value: Any) -> Millis | None:
    return None if value == "never" else _duration(value)


def _seconds(value: Any) -> int:
    return max(1, _duration(value) // 1000)


def _one_of(words: Sequence[str]) -> Reader:
    def read(value: Any) -> str:
        if value not in words:
            near = get_close_matches(str(value), words, 1)
            raise _Bad(
                f"{value!r} is none of {', '.join(words)}",
                f"did you mean {near[0]}?" if near else "",
            )
        return str(value)

    return read


def _url(value: Any) -> str:
    if not usable(_text(value)):
        raise _Bad(f"must be an http or https URL, not {value!r}")
    return str(value)


def _events(value: Any) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not words:
        raise _Bad(f"must be a list of events, not {value!r}", f"there are {', '.join(EVENTS)}")
    return tuple(_one_of(EVENTS)(word) for word in words)


PERSON: Mapping[str, tuple[str, Reader]] = {
    "ring": ("ring", _endless),
    "outcome": ("outcome", _one_of(OUTCOMES)),
    "talk": ("talk", _endless),
    "digits": ("digits", _digits),
}

#: Who is told of a call; a scenario's `defaults` may say it for all that don't.
TOLD: Mapping[str, tuple[str, Reader]] = {
    "status_callback": ("status_callback", _url),
    "status_callback_method": ("status_callback_method", _one_of(METHODS)),
    "status_callback_event": ("status_callback_event", _events),
}
CALL: Mapping[str, tuple[str, Reader]] = {
    "id": ("id", _text),
    "from": ("from_", _address),
    "to": ("to", _address),
    "direction": ("direction", _one_of(DIRECTIONS)),
    "status": ("status", _one_of(FIRST_STATUSES)),
    "at": ("at", _duration),
    "age": ("age", _duration),
    "parent": ("parent", _text),
    "twiml": ("twiml", _text),
    "url": ("url", _text),
    "fallback_url": ("fallback_url", _text),
    "time_limit": ("time_limit", _seconds),
    "caller_name": ("caller_name", _text),
    "forwarded_from": ("forwarded_from", _text),
    "answered_by": ("answered_by", _one_of(ANSWERERS)),
    "queue_time": ("queue_time", _duration),
    "account": ("account", _text),
    **TOLD,
}

APPLICATION: Mapping[str, tuple[str, Reader]] = {
    "voice_url": ("voice_url", _url),
    "voice_method": ("voice_method", _one_of(METHODS)),
    "voice_fallback_url": ("voice_fallback_url", _url),
    "voice_fallback_method": ("voice_fallback_method", _one_of(METHODS)),
    "status_callback": ("status_callback", _url),
    "status_callback_method": ("status_callback_method", _one_of(METHODS)),
    "account": ("account", _text),
}
NUMBER: Mapping[str, tuple[str, Reader]] = {
    "name": ("name", _text),
    **APPLICATION,
    "application": ("application", _text),
    "trunk": ("trunk", _text),
}


def read_call(
    entry: Any, defaults: Mapping[str, Any] | None = None
) -> tuple[CallPlan, list[Complaint]]:
    """One entry of `calls`. The plan is only good where there are no complaints."""
    if not isinstance(entry, dict):
        return CallPlan(), [_not_a_mapping("a call")]
    data = {**(defaults or {}), **entry}
    if "status_callback" not in data:
        data = entry
    complaints = _unknown(data, [*CALL, *PERSON])
    call = _read(data, CALL, complaints)
    person = _read(data, PERSON, complaints)
    plan = CallPlan(**call, person=Person(**person))
    return plan, complaints + _contradictions(plan, data)


def read_defaults(data: Any) -> tuple[dict[str, Any], list[Complaint]]:
    """The entry `defaults`: what can be used of it, as it was written."""
    if not isinstance(data, dict):
        return {}, [_not_a_mapping("what calls say by default")]
    complaints = _unknown(data, list(TOLD))
    fields = _read(data, TOLD, complaints)
    return {key: data[key] for key in fields}, complaints


def read_person(data: Any) -> tuple[Person, list[Complaint]]:
    """One entry of `people`. The person is only good where there are no complaints."""
    if not isinstance(data, dict):
        return Person(), [_not_a_mapping("a person")]
    table = {**PERSON, "answered_by": CALL["answered_by"]}
    complaints = _unknown(data, list(table))
    return Person(**_read(data, table, complaints)), complaints


def read_number(number: str, data: Any) -> tuple[NumberPlan | None, list[Complaint]]:
    """One entry of `numbers`, under its number; None where there are complaints."""
    return _planned(number_plan, number, data, NUMBER)


def read_application(name: str, data: Any) -> tuple[ApplicationPlan | None, list[Complaint]]:
    """One entry of `applications`, under its name; None where there are complaints."""
    return _planned(application_plan, name, data, APPLICATION)


def _planned(
    make: Callable[..., P], name: str, data: Any, table: Mapping[str, tuple[str, Reader]]
) -> tuple[P | None, list[Complaint]]:
    if data is not None and not isinstance(data, dict):
        return None, [_not_a_mapping(f"what {name} is")]
    complaints = _unknown(data or {}, list(table))
    fields = _read(data or {}, table, complaints)
    try:
        return (None if complaints else make(name, **fields)), complaints
    except ValueError as error:
        return None, [Complaint("", "bad-value", str(error))]


def _not_a_mapping(what: str) -> Complaint:
    return Complaint("", "wrong-type", f"{what} must be keys and values")


def _unknown(data: Mapping[str, Any], known: Sequence[str]) -> list[Complaint]:
    complaints = []
    for key in data:
        if key not in known:
            near = get_close_matches(str(key), known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            complaints.append(Complaint(str(key), "unknown-key", f"there is no key {key!r}", hint))
    return complaints


def _read(
    data: Mapping[str, Any], table: Mapping[str, tuple[str, Reader]], complaints: list[Complaint]
) -> dict[str, Any]:
    fields = {}
    for key, (name, reader) in table.items():
        if key not in data:
            continue
        try:
            fields[name] = reader(data[key])
        except ValueError as error:
            hint = error.hint if isinstance(error, _Bad) else ""
            complaints.append(Complaint(key, "bad-value", f"{key} {error}", hint))
    return fields


def _contradictions(plan: CallPlan, data: Mapping[str, Any]) -> list[Complaint]:
    complaints = []
    if plan.twiml is not None and plan.url is not None:
        complaints.append(
            Complaint("url", "exclusive", "a call has twiml or url, not both", "remove one of them")
        )
    if "status_callback" not in data:
        for key in sorted(set(data) & set(TOLD)):
            message = f"{key} says nothing without status_callback"
            complaints.append(Complaint(key, "contradiction", message, "add the URL"))
    length = {"ringing": "ring", "in-progress": "talk"}.get(plan.status, "")
    if length in data and "age" in data:
        lasts = getattr(plan.person, length)
        if lasts is not None and lasts <= plan.age:
            message = f"{length} is over before the call appears: its age is {data['age']}"
            hint = f"make {length} longer than age; it counts from the start"
            complaints.append(Complaint(length, "contradiction", message, hint))
    return complaints
