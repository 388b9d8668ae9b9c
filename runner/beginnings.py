"""How a call to one of the account's numbers begins, by what stands at the number.

Both Twilio's rows and those of a test file are read here, so that a test and a run agree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

from runner.call import Call

#: `url`, `method`, `fallback_url`, `fallback_method`, unset ones left out; a text says why there is
#: no URL that a live call can be sent to.
Beginning: TypeAlias = Mapping[str, str] | str

_NUMBER = re.compile(r"\+[0-9]{2,15}")
_NUMBER_SID = re.compile(r"PN[0-9a-fA-F]{32}")
_STUDIO = re.compile(r"/v1/Accounts/[^/]+/Flows/", re.IGNORECASE)
_METHODS = ("GET", "POST")


def reason_not_to_ask(call: Call) -> str:
    """Why no number of the account can have begun this call; "" where one can."""
    if call.direction != "inbound":
        kind = call.direction or "of unknown direction"
        return f"the call is {kind}: only a call that came in was begun by a number's voice URL"
    named = _NUMBER_SID.fullmatch(call.phone_number_sid or "")
    if not named and not _NUMBER.fullmatch(call.to or ""):
        return "what was called is no phone number, so there is no voice URL of one"
    return ""


def beginning_of(row: Mapping[str, str | None], *, holder: str = "the number") -> Beginning:
    """How calls begin where this is set: fields of Twilio's number or application, `voice_…`.

    A trunk or an application beats the URL; who asks has looked the application up.
    """
    if row.get("trunk_sid"):
        return f"{holder} that was called hands its calls to a SIP trunk; there is no voice URL"
    url = row.get("voice_url") or ""
    fault = _fault(url, holder)
    if fault:
        return fault
    found = {"url": url} | _method("method", row.get("voice_method"))
    fallback = row.get("voice_fallback_url") or ""
    if fallback and not _fault(fallback, holder):
        found |= {"fallback_url": fallback}
        found |= _method("fallback_method", row.get("voice_fallback_method"))
    return found


def _fault(url: str, holder: str) -> str:
    if not url:
        return f"{holder} that was called has no voice URL"
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return f"the voice URL of {holder} that was called is none"
    if parts.scheme.lower() not in ("http", "https") or not host:
        return f"the voice URL of {holder} that was called is none"
    if host == "webhooks.twilio.com" and _STUDIO.match(parts.path):
        return (
            f"the voice URL of {holder} that was called is a Studio flow, "
            "to which Twilio lets no live call be sent"
        )
    return ""


def _method(name: str, value: str | None) -> dict[str, str]:
    method = (value or "").upper()
    return {name: method} if method in _METHODS else {}
