"""What phone numbers and addresses look like, and which number was probably meant."""

from __future__ import annotations

import re

SCHEMES = ("sip:", "sips:", "client:", "sim:")

_E164 = re.compile(r"\+[1-9]\d{6,14}\Z", re.ASCII)
_E164_START = r"(?a)\+([1-9]\d{0,14})?\Z"
_SIP_BARE = r"[^@\s]+@[^@\s]+\Z"  # how Twilio lists SIP parties
_DECORATION = r"[\s().\-/\u00a0\u2010-\u2015]+"
_TRUNK_ZERO = r"(\+\d{1,3})\s*\(0\)"
_NORTH_AMERICAN = r"(?a)[2-9]\d{2}[2-9]\d{6}\Z"


def is_number(text: str) -> bool:
    """True for E.164: `+`, the country code and the number, without spaces."""
    return bool(_E164.match(text))


def is_address(text: str) -> bool:
    """True for E.164, for `sip:`, `client:` and `sim:` addresses, and for `name@host`."""
    if text.startswith(SCHEMES):
        return len(text) > text.index(":") + 1
    return is_number(text) or bool(re.match(_SIP_BARE, text))


def begins_address(text: str) -> bool:
    """True for what an address can begin with: `+1415`, `+`, `sip:`, `client:agent-`, `sip`."""
    if re.match(_E164_START, text) or text.startswith(SCHEMES):
        return True
    return any(scheme.startswith(text) for scheme in SCHEMES)


def probable_number(text: str) -> str | None:
    """The E.164 number behind another way of writing it, `(415) 555-0100` → `+14155550100`.

    Ten digits are read as a North American number; None where no guess is safe.
    """
    bare = text.removeprefix("tel:")
    digits = re.sub(_DECORATION, "", re.sub(_TRUNK_ZERO, r"\1", bare))
    if re.match(_NORTH_AMERICAN, digits):
        return "+1" + digits
    guess = _with_plus(digits)
    return guess if _E164.match(guess) else None


def probable_start(text: str) -> str | None:
    """What a prefix was probably meant to be, `1 415` → `+1415`; None where no guess is safe."""
    guess = _with_plus(re.sub(_DECORATION, "", text.removeprefix("tel:")))
    return guess if re.match(_E164_START, guess) and guess != text else None


def _with_plus(digits: str) -> str:
    if digits.startswith("00"):
        return "+" + digits[2:]
    if digits.startswith("011"):  # how North America dials abroad
        return "+" + digits[3:]
    if digits.startswith("1"):
        return "+" + digits
    return digits
