"""TwiML documents: built with the SDK's builder, and checked before anything is sent.

Twilio answers 200 to an update and finds out later that its TwiML is malformed: the call then
ends. So every document is parsed here first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from runner.actions.base import Verb

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: Characters of TwiML that one request may carry (Twilio error 32018 above it).
MAX_LENGTH = 4_000
_LONGEST_ESCAPE = len("&quot;")


def build(verbs: Sequence[Verb]) -> str:
    """One `<Response>` document, without an XML declaration, which would cost 38 characters."""
    from twilio.twiml.voice_response import VoiceResponse  # not at import: validate stays lean

    response = VoiceResponse()
    for verb in verbs:
        _nest(response, verb)
    text: str = response.to_xml(xml_declaration=False)
    return text


def _nest(parent: object, verb: Verb) -> None:
    node = parent.add_child(verb.name, verb.text or None, **verb.attributes)  # type: ignore[attr-defined]
    for child in verb.children:
        _nest(node, child)


def fits(verbs: Sequence[Verb]) -> bool:
    """Whether `build` gives no more characters than one request may carry."""
    return _at_most(verbs) <= MAX_LENGTH or length(verbs) <= MAX_LENGTH


def _at_most(verbs: Sequence[Verb]) -> int:
    """No fewer than `length`, without making the document: with every character escaped."""
    most = len("<Response></Response>")
    for verb in verbs:
        most += 2 * len(verb.name) + len("<></>") + _LONGEST_ESCAPE * len(verb.text)
        for name, value in verb.attributes.items():
            most += len(name) + len(' =""') + _LONGEST_ESCAPE * len(value)
        if verb.children:
            most += _at_most(verb.children)
    return most


def length(verbs: Sequence[Verb]) -> int:
    """How many characters `build` will give, without importing the SDK."""
    from xml.etree import ElementTree  # few documents are long enough to ask

    root = ElementTree.Element("Response")
    for verb in verbs:
        _append(root, verb)
    return len(ElementTree.tostring(root, encoding="unicode"))


def _append(parent: Element, verb: Verb) -> None:
    element = parent.makeelement(verb.name, dict(verb.attributes))
    parent.append(element)
    element.text = verb.text or None
    for child in verb.children:
        _append(element, child)


def fault_of(text: str) -> str:
    """What is wrong with a TwiML document, in one sentence; empty where nothing is."""
    from xml.parsers import expat  # for a `twiml` alone, and for what is about to be sent

    if len(text) > MAX_LENGTH:
        return f"the TwiML is {len(text)} characters long; Twilio takes {MAX_LENGTH:,}"
    root: list[str] = []

    def start(name: str, _attributes: object) -> None:
        root.append(name)

    def doctype(*_: object) -> None:
        raise _Doctype

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text.encode(), True)
    except _Doctype:
        return "a DOCTYPE is not allowed in TwiML"
    except expat.ExpatError as error:
        return f"not well-formed XML: {error}"
    except UnicodeEncodeError as error:
        return f"not valid text: {error.reason}"
    if root[0] != "Response":
        return f"the outermost element is <{root[0]}>; TwiML needs <Response>"
    return ""


class _Doctype(Exception):
    """Ends the parse: entities could make a small document unbounded."""
