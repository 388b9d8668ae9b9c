"""Where a request comes from: by which name, through a proxy or not, from which page.

A page of a stranger can send requests to this machine from the operator's own browser, also under
a name of the stranger's that points here. Browsers say enough to tell these from the console's own.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from aiohttp import web

from runner.written import is_loopback

#: A proxy was on the way: the world may be behind it.
_FORWARDED = (
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")
#: What browsers say of a request that no page of another site caused.
_OURS = ("same-origin", "none")


def host_of(request: web.Request) -> tuple[str, str]:
    """The name and the port ("" for none) that the request was sent to; empty where unclear."""
    named = request.headers.getall("Host", [])
    match = _HOST.fullmatch(named[0]) if len(named) == 1 else None
    if match is None:
        return "", ""
    return match[1].strip("[]").lower(), match[2] or ""


def cookies_of(request: web.Request, name: str) -> list[str]:
    """Every cookie of this name: pages of other ports and of subdomains may have set one, too."""
    pairs = (
        each.strip().partition("=")
        for header in request.headers.getall("Cookie", [])
        for each in header.split(";")
    )
    return [value for key, _, value in pairs if key == name]


def was_forwarded(request: web.Request) -> bool:
    """Whether a proxy says that it passed this on."""
    return any(name in request.headers for name in _FORWARDED)


def is_local(request: web.Request) -> bool:
    """Whether both ends of the connection are on the loopback interface."""
    transport = request.transport
    ends = [transport.get_extra_info(end) for end in ("sockname", "peername")] if transport else []
    return bool(ends) and all(bool(end) and is_loopback(str(end[0])) for end in ends)


def is_same_site(request: web.Request) -> bool:
    """Whether the browser, if it is one, says that no page of another site asks."""
    said = request.headers.getall("Sec-Fetch-Site", [])
    return all(each in _OURS for each in said)


class Names:
    """The names that this server answers to: any address, `localhost`, and those given here."""

    def __init__(self, public_url: str | None, names: Collection[str] = ()) -> None:
        self._public: SplitResult | None = urlsplit(public_url) if public_url else None
        self._names = {name.lower() for name in names}
        if self._public is not None and self._public.hostname:
            self._names.add(self._public.hostname)

    def has(self, host: str) -> bool:
        """Whether the name is ours. Who looks up an address needs no name server to lie to him."""
        return host in self._names or host == "localhost" or _is_address(host)

    def is_ours(self, request: web.Request) -> bool:
        """Whether the page that asks, where one says so, came from where the request goes to."""
        origins = request.headers.getall("Origin", [])
        if not origins:
            return True
        try:
            parts = urlsplit(origins[0])
            host, port = host_of(request)
            same = (parts.hostname or "", str(parts.port or "")) == (host, port)
        except ValueError:
            return False
        return len(origins) == 1 and same and parts.scheme in self._schemes(request)

    def is_secure(self, request: web.Request) -> bool:
        """Whether the browser came by https: the public URL says so of its own name."""
        return self._is_public(request) and self._public is not None and self._scheme() == "https"

    def _schemes(self, request: web.Request) -> tuple[str, ...]:
        return (self._scheme(),) if self._is_public(request) else ("http", "https")

    def _scheme(self) -> str:
        return self._public.scheme if self._public is not None else ""

    def _is_public(self, request: web.Request) -> bool:
        public = self._public
        if public is None:
            return False
        return host_of(request) == (public.hostname or "", str(public.port or ""))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
