"""What spans are made of: of an event or a request no more than may leave the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from runner.engine.far_side import Request
from runner.engine.ports import Event
from runner.masking import mask_numbers
from runner.model import Millis

#: The longest text of an error or detail.
_LONGEST = 300
#: Parts of Twilio's paths that are no names: whatever else stands in one is left out.
_WORDS = frozenset(
    {
        *("2010-04-01", "Accounts", "IncomingPhoneNumbers"),
        *("Calls", "Events", "Notifications", "UserDefinedMessages"),
        *("Recordings", "Siprec", "Streams", "Transcriptions"),
        *("Conferences", "Participants"),
    }
)

Attributes: TypeAlias = Mapping[str, str | int | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened during a span."""

    name: str
    at: Millis
    attributes: Attributes


@dataclass(slots=True, eq=False)
class Span:
    """Something that is over. `error` is None where it went well.

    `context` is the identity that the sender gives it, for those that name it as their parent.
    """

    name: str
    began: Millis
    ended: Millis
    attributes: Attributes
    error: str | None = None
    parent: Span | None = None
    is_request: bool = False
    notes: Sequence[Note] = ()
    context: object = None


def kept(event: Event, names: Sequence[str]) -> Attributes:
    """These fields of an event, and whose account it is about."""
    found: dict[str, str | int | tuple[str, ...]] = {}
    for name in ("account", "alias", *names):
        value = event.fields.get(name)
        if isinstance(value, int):
            found[f"callflow.{name}"] = value
        elif isinstance(value, (list, tuple)):
            found[f"callflow.{name}"] = tuple(_clean(str(each)) for each in value)
        elif value:
            found[f"callflow.{name}"] = _clean(str(value))
    return found


def act_attributes(event: Event, outcome: str) -> Attributes:
    """What is said of a part of an act that is over."""
    said = dict(kept(event, ("flow", "rule", "call", "then", "part", "route")))
    said["callflow.outcome"] = outcome
    attempts = event.fields.get("attempt")
    if isinstance(attempts, int):
        said["callflow.attempts"] = attempts
    if event.fields.get("detail"):
        said["callflow.detail"] = text_of(event.fields["detail"])
    return said


def error_of(event: Event) -> str:
    """What went wrong, without numbers."""
    return text_of(event.fields.get("detail") or event.fields.get("error"))


def text_of(value: object) -> str:
    """A text for people, without numbers, and not too long."""
    return _clean(mask_numbers(str(value or "")))[:_LONGEST]


def request_span(account: str, request: Request, now: Millis) -> Span:
    """A request that is over now."""
    template = "/".join(_shown(part) for part in request.path.split("/"))
    said: dict[str, str | int | tuple[str, ...]] = {
        "http.request.method": request.method,
        "url.template": template,
        "callflow.account": account,
    }
    error = None
    if request.status is not None:
        said["http.response.status_code"] = request.status
    if request.status is None or request.status >= 400:
        said["error.type"] = str(request.status or "no answer")
        error = ""
    name = f"{request.method} {template}"
    return Span(name, now - request.took, now, said, error, is_request=True)


def _shown(part: str) -> str:
    word = part.removesuffix(".json")
    return part if word in _WORDS or not word else part.replace(word, "{Sid}")


def _clean(text: str) -> str:
    """Half a surrogate pair would keep the whole batch from being encoded."""
    return text.encode("utf-8", "replace").decode()
