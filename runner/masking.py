"""Hides phone numbers and secrets in everything that people and log stores get to read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import quote, quote_plus, unquote, urlsplit

#: `+` and digits, whatever stands around them; or a run of at least nine digits with the usual
#: separators, standing alone: not part of a SID, a version or a date.
_NUMBER = re.compile(r"\+\d[\d\-. ()]{5,}\d|(?<![\w./:-])\(?\d[\d\- ()]{8,}\d(?![\w:])")
#: A part of a URL in which something is percent-encoded, as values of calls are.
_ENCODED = re.compile(r"[\w.~-]*%[0-9A-Fa-f]{2}[\w.~%-]*")
#: A caller's name in the body of a post, where it stands by itself.
_NAME = re.compile(r'("caller_name"\s*:\s*")(?:[^"\\]|\\.)+(?=")')
#: What stands in a URL before its host: a name, and often a password.
_LOGIN = re.compile(r"(?<=://)[^\s/?#\\\"'<>]*@")
_ADDRESS = re.compile(r"\b(sips?|client|sim):([^@;\s\"'<>]+)")


def mask_numbers(text: str) -> str:
    """`+14155550199` → `+1415***0199`; the user part of SIP and client addresses likewise.

    So too where they stand percent-encoded in a URL. A `caller_name` in JSON becomes `***`.
    """
    if "%" in text:
        text = _ENCODED.sub(_decoded, text)
    if '"caller_name"' in text:
        text = _NAME.sub(r"\1***", text)
    masked = _ADDRESS.sub(lambda m: f"{m[1]}:{_hide(m[2])}", text)
    return _NUMBER.sub(lambda m: _hide(m[0]), masked)


def name_masker(name: str) -> Callable[[str], str]:
    """Hides a caller's name, as a word of its own: as it is, in XML, in a URL, in any case."""
    in_urls = {quote(name, safe=""), quote_plus(name)}
    spellings = sorted({name, escape(name, quote=False), *in_urls}, key=len, reverse=True)
    folded = [each.casefold() for each in spellings]
    either = "|".join(map(re.escape, spellings))

    def mask(text: str) -> str:
        within = text.casefold()
        if not any(each in within for each in folded):
            return text  # as in most texts: a pattern is made for those alone that need it
        return re.sub(rf"(?<!\w)(?:{either})(?!\w)", "***", text, flags=re.IGNORECASE)

    return mask


def _decoded(part: re.Match[str]) -> str:
    value = unquote(part[0])
    masked = mask_numbers(value) if "%" not in value else value
    return part[0] if masked == value else quote(masked, safe="*")


def _hide(value: str) -> str:
    if len(value) < 8:
        return value[:1] + "***"
    return f"{value[:5]}***{value[-4:]}"


def shown_target(route: str, target: str) -> str:
    """Where a part of an act goes; of a URL of the user's the host alone.

    Many services that are posted to know their caller by the path: it is a password.
    """
    return host_url(target) if route == "web" else target


def written_target(route: str, target: str) -> str:
    """The same for those who have the flow before them: without login, query and fragment."""
    return bare_url(target) if route == "web" else target


def shown_request(route: str, fields: Mapping[str, str]) -> dict[str, str]:
    """What a part of an act sends: of headers, which may be secrets, the names alone, no logins."""
    shown = {name: hide_logins(value) for name, value in fields.items()}
    if route == "web" and "headers" in shown:
        shown["headers"] = ", ".join(_names(shown["headers"]))
    return shown


def hide_logins(text: str) -> str:
    """`https://me:secret@host/` → `https://***@host/`, wherever it stands in the text."""
    return _LOGIN.sub("***@", text) if "@" in text else text


def bare_url(url: str) -> str:
    """A URL without login, query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def host_url(url: str) -> str:
    """A URL down to its host; `/…` stands for a path."""
    bare = bare_url(url)
    parts = urlsplit(bare)
    return f"{parts.scheme}://{parts.netloc}/…" if parts.path.strip("/") else bare


def _names(headers: str) -> list[str]:
    try:
        known = json.loads(headers)
    except ValueError:
        return []
    return list(known) if isinstance(known, dict) else []
