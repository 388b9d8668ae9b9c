"""TwiML as timelines look at it: whether two documents are the same, and whether a call goes on."""

from __future__ import annotations

from xml.etree import ElementTree

#: Verbs after which somebody else says how the call goes on: another document, or a person.
_GO_ON = frozenset({"Redirect", "Dial", "Enqueue", "Connect", "Gather", "Record", "Refer", "Pay"})
_END = frozenset({"Hangup", "Reject"})


def same(one: str, other: str) -> bool:
    """Whether two sound documents say the same, however their XML is written."""
    return canonical(one) == canonical(other)


def canonical(text: str) -> str:
    """The one way to write a sound document: attributes sorted, no space around texts."""
    return ElementTree.canonicalize(text, strip_text=True)


def goes_on(text: str) -> bool:
    """Whether a call that is given this document is still there when its words have been said.

    It isn't where the document runs out, or hangs up.
    """
    for verb in ElementTree.fromstring(text):
        if verb.tag in _GO_ON or verb.get("loop") == "0":
            return True
        if verb.tag in _END:
            return False
    return False
