"""Text from outside, made safe to print: a caller's name must not move anybody's cursor."""

from __future__ import annotations

import re

#: C0 and C1 controls but tab and line feed, and what turns the direction of writing around.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with `\\ufffd` for every character that acts on a terminal instead of showing."""
    return _CONTROLS.sub("\ufffd", text)
