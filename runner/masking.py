"""Hides phone numbers in everything that people and log stores get to read."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

#: `+` and digits, whatever stands around them; or a run of at least nine digits with the usual
#: separators, standing alone: not part of a SID, a version or a date.
_NUMBER = re.compile(r"\+\d[\d\-. ()]{5,}\d|(?<![\w./:-])\(?\d[\d\- ()]{8,}\d(?![\w:])")
#: A part of a URL in which something is percent-encoded, as values of calls are.
_ENCODED = re.compile(r"[\w.~-]*%[0-9A-Fa-f]{2}[\w.~%-]*")
_ADDRESS = re.compile(r"\b(sips?|client|sim):([^@;\s\"'<>]+)")


def mask_numbers(text: str) -> str:
    """`+14155550199` → `+1415***0199`; the user part of SIP and client addresses likewise.

    So too where they stand percent-encoded in a URL.
    """
    if "%" in text:
        text = _ENCODED.sub(_decoded, text)
    masked = _ADDRESS.sub(lambda m: f"{m[1]}:{_hide(m[2])}", text)
    return _NUMBER.sub(lambda m: _hide(m[0]), masked)


def _decoded(part: re.Match[str]) -> str:
    value = unquote(part[0])
    masked = mask_numbers(value) if "%" not in value else value
    return part[0] if masked == value else quote(masked, safe="*")


def _hide(value: str) -> str:
    if len(value) < 8:
        return value[:1] + "***"
    return f"{value[:5]}***{value[-4:]}"
