"""Documents to fetch: what the world asks for and the server gets, on loopback only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

from runner.sandbox.legs import Source

#: Takes a document's text, or None and the reason why there is none.
Take = Callable[[str | None, str], None]


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request for a document. `plays` says whether the call goes on with the answer.

    `document` is the count of the leg's documents at the time: an answer that comes when the leg
    has moved on is dropped. `take` gets what isn't a leg's own document.
    """

    sid: str
    document: int
    url: str
    method: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    plays: bool = True
    fallback: Source | None = None
    take: Take | None = None


def on_loopback(url: str) -> bool:
    """True where fetching this stays on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        here = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
    return here and parts.scheme in ("http", "https")


def absolute(base: str, url: str) -> str:
    """A URL as seen from a document at `base`; one that is no URL stays as it is."""
    try:
        return urljoin(base, url)
    except ValueError:
        return url
