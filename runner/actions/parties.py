"""Whom a call can be connected with: numbers, SIP addresses, clients, and rooms by their names."""

from __future__ import annotations

import re

from runner.actions.base import BadArgument, Key
from runner.actions.templates import clean
from runner.addresses import is_number, probable_number
from runner.emergency import is_emergency

SIP = "sip:"
CLIENT = "client:"

#: Characters of a SIP address, a client's identity or a conference's name that are taken.
_LONGEST_ADDRESS = 255
_LONGEST_NAME = 128
#: Characters of a queue's name.
LONGEST_QUEUE = 64
_SIP = (
    r"sip:(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+"  # the user, and nothing secret
    r"@(?:[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?"
    r"(?:[;?](?:[A-Za-z0-9\-_.!~*'()&=+$,;?/:\[\]]|%[0-9A-Fa-f]{2})*)?\Z"
)
_SIP_USER = r"[A-Za-z0-9\-_.+]{1,64}\Z"


def number(value: str, *, key: Key = None) -> str:
    """An E.164 number that is no emergency number."""
    refuse_emergency(value, key)
    if is_number(value):
        return value
    guess = probable_number(value)
    hint = f'did you mean "{guess}"?' if guess else "write +, the country code and the number"
    message = f"{_shown(value)} is no number in E.164 form, and no guess is dialled"
    raise BadArgument(message, key=key, code="bad-number", hint=hint)


def sip(value: str, *, key: Key = None) -> str:
    """A SIP address, as `sip:name@host`, with parameters after it or without."""
    refuse_emergency(value, key)
    if re.match(_SIP, value) and len(value) <= _LONGEST_ADDRESS:
        return value
    message = f"{_shown(value)} is no SIP address"
    hint = "write sip:name@host, other characters percent-encoded"
    if value.startswith("sips:"):
        hint = "write sip:name@host;transport=tls"
    elif len(value) > _LONGEST_ADDRESS:
        hint = f"it has {len(value):,} characters; {_LONGEST_ADDRESS} is the limit"
    raise BadArgument(message, key=key, code="bad-address", hint=hint)


def client(value: str, *, key: Key = None) -> str:
    """The identity of a client, written with `client:` before it or without."""
    return name(value.strip().removeprefix(CLIENT), key=key, what="identity", most=_LONGEST_ADDRESS)


def name(value: str, *, key: Key = None, what: str = "name", most: int = _LONGEST_NAME) -> str:
    """A name, trimmed, of which every character can be seen."""
    text = value.strip()
    if not text:
        raise BadArgument(f"the {what} is empty", key=key)
    hidden = next((char for char in text if clean(char) != char), "")
    if hidden:
        message = f"the character U+{ord(hidden):04X} can't stand in the {what}"
        raise BadArgument(message, key=key, hint="remove it: nobody sees that it is there")
    if len(text) > most:
        message = f"the {what} has {len(text):,} characters; {most} is the limit"
        raise BadArgument(message, key=key)
    return text


def caller(value: str, *, key: Key, noun: str) -> str:
    """What is shown to those who are called; who is on the phone network sees numbers alone."""
    refuse_emergency(value, key)
    if noun != "number" and value.startswith(CLIENT):
        return CLIENT + client(value, key=key)
    if noun == "sip" and re.match(_SIP_USER, value):
        return value
    return number(value, key=key)


def refuse_emergency(value: str, key: Key = None) -> None:
    """Raises `BadArgument` for an emergency number of any country, however it is written."""
    if is_emergency(value):
        message = f"{_shown(value)} is an emergency number, and no flow dials one"
        hint = "people call for help themselves, from where they are"
        raise BadArgument(message, key=key, code="emergency-number", hint=hint)


def _shown(value: str) -> str:
    text = value if len(value) <= 40 else f"{value[:39]}…"
    return ascii(text) if not text.isprintable() else f'"{text}"'
