"""Never: calls that no flow may change, whatever its rules say."""

from __future__ import annotations

import re
from urllib.parse import unquote

from msgspec import Struct

_SCHEME = re.compile(r"(?:sips?|tel):")
_PORT = re.compile(r":\d+\Z")
_SEPARATORS = re.compile(r"[\s().-]+")
_DIGITS = re.compile(r"\+?\d+\Z", re.ASCII)
_WITHOUT_PLUS = 8  # digits; what is shorter may be an extension, and no country is added to it


class Never(Struct, frozen=True):
    """What the configuration protects beside emergency numbers, which always are protected.

    `numbers`, `prefixes` and `lists` are compared with every number and address of a call, and
    are held as `plain` gives them; `lists` are pairs of a file's name and what stands in it.
    `accounts` are aliases and SIDs.
    """

    numbers: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    lists: tuple[tuple[str, frozenset[str]], ...] = ()
    accounts: frozenset[str] = frozenset()
    directions: frozenset[str] = frozenset()


def plain(value: str) -> str:
    """A number or address without what may be written in several ways.

    `sip:Alice@PBX.example:5060;transport=tls` → `alice@pbx.example`. Whoever protects too much
    by that loses nothing; whoever protects too little does.
    """
    text = _SCHEME.sub("", value.strip().casefold(), count=1)
    user, at, host = text.rpartition("@")
    if not at:
        return text.partition(";")[0]
    host = _PORT.sub("", host.partition(";")[0].partition("?")[0])
    return f"{_user(user)}@{host}"


def spellings(value: str) -> tuple[str, ...]:
    """Everything that this number or address may stand as in a list.

    The user of a SIP address may be a number, with or without its `+`.
    """
    text = plain(value)
    found = [text]
    if "@" in text:
        found.append(text.partition("@")[0])
    digits = _SEPARATORS.sub("", found[-1])
    if _DIGITS.match(digits):
        found += [digits, *_with_plus(digits)]
    return tuple(dict.fromkeys(found))


def _user(text: str) -> str:
    """The user of a SIP address without parameters and password."""
    return unquote(text).partition(";")[0].partition(":")[0]


def _with_plus(digits: str) -> list[str]:
    if digits.startswith("+") or len(digits) < _WITHOUT_PLUS:
        return []
    # 00 is how most of the world dials abroad.
    return [f"+{digits}", *([f"+{digits[2:]}"] if digits.startswith("00") else [])]
