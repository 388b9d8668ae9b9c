"""`twiml`: a whole <Response> document, sent as it is after the checks that all TwiML passes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runner.actions.base import ActionKind, Arguments, BadArgument, Speech
from runner.actions.parties import refuse_emergency
from runner.actions.twiml import fault_of
from runner.model import Update

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: What names a number or address that is called.
_CALLING = ("Dial", "Number", "Sip")


def _prepare(value: Any, _defaults: Mapping[str, str]) -> Arguments:
    text = value.strip()
    fault = fault_of(text)
    if fault:
        raise BadArgument(fault, code="bad-twiml")
    for verb in _CALLING:
        for each in _verbs(text, verb):
            refuse_emergency((each.text or "").strip())
    return {"text": text}


def _verbs(text: str, name: str) -> Iterator[Element]:
    from xml.etree import ElementTree  # few flows have a document of their own

    return ElementTree.fromstring(text).iter(name)


def _alone(arguments: Arguments) -> Update:
    return Update(twiml=arguments["text"])


def _speech(arguments: Arguments) -> tuple[Speech, ...]:
    verbs = _verbs(arguments["text"], "Say")
    return tuple(Speech("".join(verb.itertext()), verb.get("voice", "")) for verb in verbs)


TWIML = ActionKind(
    name="twiml",
    prepare=_prepare,
    alone=_alone,
    statuses=("in-progress",),
    speech=_speech,
    ends=True,
    exclusive=True,
)
