"""TwiML documents to verbs, and how long their words take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree

from runner.model import Millis

#: A fetched document may be this long (an inline one less, which the API checks).
MAX_BYTES = 65_536
DEEPEST = 50
#: 150 words a minute, the pace of an unhurried voice.
WORD: Millis = 400


class BadTwiml(Exception):
    """A document that can't be played. `code` is Twilio's error code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Element:
    """One verb or noun of a document."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    children: tuple[Element, ...] = ()

    def number(self, attribute: str, default: int, *, most: int = 86_400) -> int:
        """An attribute as a whole number from 0 to `most`; the default where it is none."""
        value = self.attributes.get(attribute, "")
        return min(int(value), most) if value.isascii() and value.isdigit() else default


def parse(text: str) -> tuple[Element, ...]:
    """The verbs of a document. Raises `BadTwiml`."""
    if len(text.encode()) > MAX_BYTES:
        raise BadTwiml(11750, f"the document is longer than {MAX_BYTES} bytes")
    if "<!DOCTYPE" in text:
        # Entities of a document type can make a small text endlessly large.
        raise BadTwiml(12100, "the document declares a document type")
    try:
        root = ElementTree.fromstring(text.strip())
    except ElementTree.ParseError as error:
        raise BadTwiml(12100, f"the document is not XML: {error}") from None
    if root.tag != "Response":
        raise BadTwiml(12102, f"the document's root is <{root.tag}>, not <Response>")
    return tuple(_element(child) for child in root)


def _element(node: ElementTree.Element, depth: int = 1) -> Element:
    if depth > DEEPEST:
        raise BadTwiml(12100, f"the document is nested more than {DEEPEST} levels deep")
    return Element(
        name=node.tag,
        attributes=dict(node.attrib),
        text=" ".join("".join(_own_text(node)).split()),
        children=tuple(_element(child, depth + 1) for child in node),
    )


def _own_text(node: ElementTree.Element) -> list[str]:
    """The text of a node; for `<Say>` with speech markup inside, all that will be spoken."""
    return list(node.itertext()) if node.tag == "Say" else [node.text or ""]


def speech_time(text: str) -> Millis:
    """How long it takes to say this: a word is 400 ms, and nothing at all takes no time."""
    return len(text.split()) * WORD
