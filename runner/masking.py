"""Hides phone numbers in everything that people and log stores get to read."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?<![\w/])\+?\d[\d\-. ()]{5,}\d(?!\w)")
_ADDRESS = re.compile(r"\b(sips?|client|sim):([^@;\s\"'<>]+)")


def mask_numbers(text: str) -> str:
    """`+14155550199` → `+1415***0199`; the user part of SIP and client addresses likewise."""
    masked = _ADDRESS.sub(lambda m: f"{m[1]}:{_hide(m[2])}", text)
    return _NUMBER.sub(lambda m: _hide(m[0]), masked)


def _hide(value: str) -> str:
    digits = value.strip()
    if len(digits) < 8:
        return digits[:1] + "***"
    return f"{digits[:5]}***{digits[-4:]}"
