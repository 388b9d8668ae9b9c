"""Checks that several actions share: text that XML can carry, and URLs that Twilio can fetch.

A template passes them by its literal parts; what it renders to passes them again, as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import TypeVar
from urllib.parse import quote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from runner.actions.base import BadArgument, Key
from runner.actions.templates import Placeholder, Template

#: Characters of a URL that a value may make it grow to; Twilio names no limit for it, and 4,000
#: for the others that it keeps with a call.
LONGEST_URL = 4_000

#: What XML 1.0 can't carry, even escaped: a document with one of these is not well formed.
#: Named one by one: as all but what it can carry, the expression would take long to compile.
_NOT_XML = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
_NOT_URL = (
    r"[\s<>\"{}|\\^`\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
#: A URL of which no more has to be asked than its scheme: `https://voice.example.com/…`.
_USUAL_URL = re.compile(
    r"([a-z]+)://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?:[/?#][!#-;=?-\[\]_a-z~]*)?\Z"
)
_FIXED_HOST = r"(?i)[a-z]+://[^/?#]+[/?#]"
_HALF_ESCAPE = r"%[0-9A-Fa-f]?\Z"
#: What clients take out of a path, with the segment before it: `..`, however it is written.
_DOTS = r"(?i)(?:\.|%2e){1,2}\Z"

Written = TypeVar("Written", str, Template)


class Reach(Struct, frozen=True):
    """What a URL is for: the schemes that it may have, and what is said where it can't serve."""

    schemes: tuple[str, ...]
    hint: str


FETCHED = Reach(("http", "https"), "Twilio fetches it from the internet: write https://host/path")


def spoken_text(value: Written, *, key: Key = None) -> Written:
    """Text for a TwiML verb, trimmed; refuses nothing-to-say and what XML can't carry."""
    if isinstance(value, Template):
        _fit_for_xml(value.literal, key)
        return replace(value, check=spoken_text)
    text = value.strip()
    if not text:
        raise BadArgument("there is nothing to say: the text is empty", key=key)
    _fit_for_xml(text, key)
    return text


def _fit_for_xml(text: str, key: Key) -> None:
    refuse_controls(text, key=key, where="in TwiML")


def refuse_controls(text: str, *, key: Key, where: str) -> None:
    """Raises `BadArgument` for the characters that no document can carry."""
    if text.isascii() and text.isprintable():  # as most of what is written is
        return
    bad = re.search(_NOT_XML, text)
    if bad:
        message = f"the character U+{ord(bad[0]):04X} can't stand {where}"
        raise BadArgument(message, key=key, hint="remove the control character")


def short_text(value: Written, *, key: Key, longest: int) -> Written:
    """Text for a form field; refuses what is blank, too long, or no text to anybody."""
    if isinstance(value, Template):
        refuse_controls(value.literal, key=key, where="here")
        return replace(value, check=partial(short_text, key=key, longest=longest))
    refuse_controls(value, key=key, where="here")
    if not value.strip():
        raise BadArgument("the text is empty", key=key)
    if len(value) > longest:
        message = f"the text is {len(value):,} characters long; {longest:,} is the limit"
        raise BadArgument(message, key=key)
    return value


def absolute_url(value: Written, *, key: Key = None, reach: Reach = FETCHED) -> Written:
    """A URL with a host, as Twilio needs it (relative ones fail there, error 21205).

    Placeholders may fill a path, the value of a parameter and what follows `#`: nothing that says
    whom the URL leads to, nor how it is made up.
    """
    if isinstance(value, Template):
        _check_places(value, key)
        plain = value.filled(lambda _: "x")
        absolute_url(plain, key=key, reach=reach)
        check = partial(_checked_url, dots=_dotted_segments(plain), reach=reach)
        return replace(value, context="url", check=check)
    if len(value) > LONGEST_URL:
        message = f"the URL is {len(value):,} characters long; {LONGEST_URL:,} is the limit"
        raise BadArgument(message, key=key, code="bad-url")
    usual = _USUAL_URL.match(value)
    if usual and usual[1] in reach.schemes:
        return value
    bad = re.search(_NOT_URL, value)
    if bad:
        raise BadArgument(
            f"the URL contains {bad[0]!r}, which must be percent-encoded",
            key=key,
            code="bad-url",
            hint=f"write {quote(bad[0], safe='', errors='replace')} instead",
        )
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadArgument(f"not a URL: {error}", key=key, code="bad-url") from None
    if parts.scheme not in reach.schemes or not host:
        message = f"{value!r} is not an absolute URL"
        if parts.scheme and host:
            message = f"a URL that begins with {parts.scheme}:// can't be used here"
        raise BadArgument(message, key=key, code="bad-url", hint=reach.hint)
    return value


def _check_places(template: Template, key: Key) -> None:
    for before in _before_each(template):
        query = before.partition("#")[0].partition("?")[2]
        if not re.match(_FIXED_HOST, before):
            message = "a placeholder can't stand in the scheme, host or port of a URL"
            hint = "write them out, up to the first `/`"
        elif "#" not in before and "?" in before and "=" not in query.rpartition("&")[2]:
            message = "a placeholder can't be the name of a parameter"
            hint = "give it a name: `?name={{ … }}`"
        elif re.search(_HALF_ESCAPE, before):
            message = "a placeholder can't go on with a percent-escape"
            hint = "write %25 for a percent sign"
        else:
            continue
        raise BadArgument(message, key=key, code="placeholder", hint=hint)


def _before_each(template: Template) -> Iterator[str]:
    """What stands before each placeholder, earlier ones as `x`."""
    before = ""
    for part in template.parts:
        if isinstance(part, Placeholder):
            yield before
        before += "x" if isinstance(part, Placeholder) else part


def _checked_url(value: str, *, dots: int, reach: Reach) -> str:
    """What a template rendered to; `dots` are the dotted segments that its author wrote."""
    if _dotted_segments(value) != dots:
        raise ValueError("a value would change the path of the URL: it is `.` or `..`")
    return absolute_url(value, reach=reach)


def _dotted_segments(url: str) -> int:
    return sum(re.match(_DOTS, segment) is not None for segment in urlsplit(url).path.split("/"))
