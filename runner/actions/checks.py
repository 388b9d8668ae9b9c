"""Checks that several actions share: text that XML can carry, and URLs that Twilio can fetch."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from runner.actions.base import BadArgument

#: What XML 1.0 can't carry, even escaped: a document with one of these is not well formed.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_URL = re.compile(r"[\s<>\"{}|\\^`\x00-\x1f\x7f]")


def spoken_text(value: str, *, key: str | None = None) -> str:
    """Text for a TwiML verb, trimmed; refuses nothing-to-say and what XML can't carry."""
    text = value.strip()
    if not text:
        raise BadArgument("there is nothing to say: the text is empty", key=key)
    bad = _NOT_XML.search(text)
    if bad:
        raise BadArgument(
            f"the character U+{ord(bad[0]):04X} can't stand in TwiML",
            key=key,
            hint="remove the control character",
        )
    return text


def absolute_url(value: str, *, key: str | None = None) -> str:
    """An http(s) URL with a host, as Twilio needs it (relative ones fail there, error 21205)."""
    bad = _NOT_URL.search(value)
    if bad:
        raise BadArgument(
            f"the URL contains {bad[0]!r}, which must be percent-encoded",
            key=key,
            code="bad-url",
            hint=f"write %{ord(bad[0]):02X} instead",
        )
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise BadArgument(f"not a URL: {error}", key=key, code="bad-url") from None
    if parts.scheme not in ("http", "https") or not host:
        raise BadArgument(
            f"{value!r} is not an absolute URL",
            key=key,
            code="bad-url",
            hint="Twilio fetches it from the internet: write https://host/path",
        )
    return value
