"""What may be written as the value of a setting: text to value, or the reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from runner.durations import format_duration, parse_duration
from runner.model import Millis

DAY: Millis = 86_400_000
#: Said of a retention without end.
FOREVER = "forever"
#: Where flows are looked for, unless something else is said.
FLOWS = ("flows",)

#: A path that any server and any proxy reads in the same way: no `..`, no empty step.
_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*/?")


def fault_of(name: str, value: Any) -> str:
    """What is wrong with the value of a setting; "" where it can be used."""
    try:
        READERS[name](value)
    except ValueError as error:
        return str(error)
    return ""


def read_api_base(text: str) -> str:
    """`http://127.0.0.1:8700/` → `http://127.0.0.1:8700`. Raises ValueError with the reason.

    Without TLS the credentials travel in clear, so plain http goes to this machine only. A path
    is refused because Twilio's page links start at the root: it would be lost on page two.
    """
    parts = _web_address(text, "http://127.0.0.1:8700")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("only scheme, host and port, without a path")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("plain http would show the credentials to the network; use https://")
    return _origin(parts)


def read_public_url(text: str) -> str:
    """`https://calls.example.com/flow/` without its last slash. Raises ValueError."""
    parts = _web_address(text, "https://calls.example.com", login="Twilio would not use them")
    if parts.query or parts.fragment or not _PATH.fullmatch(parts.path):
        raise ValueError("only scheme, host, port and a plain path; write https://host/path")
    return _origin(parts) + parts.path.rstrip("/")


def prefixes_of(public_url: str) -> tuple[str, ...]:
    """What may stand before a path: a proxy takes that of the public URL off, or not."""
    path = urlsplit(public_url).path.rstrip("/")
    return ("", path) if path else ("",)


def is_open_to_view(url: str) -> bool:
    """Whether what goes to this URL can be read and changed on its way."""
    parts = urlsplit(url)
    return parts.scheme != "https" and not is_loopback(parts.hostname or "")


def _web_address(text: str, like: str, *, login: str = "set TWILIO_… variables") -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"not a URL ({error}); write https://host:port") from None
    named = parts.scheme in ("http", "https") and parts.hostname
    if not named or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError(f"not an http(s) URL; write it like {like}")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"credentials don't belong in the URL; {login}")
    return parts


def _origin(parts: SplitResult) -> str:
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{parts.port}" if parts.port is not None else "")


def is_loopback(host: str) -> bool:
    """True where the host is this machine: `localhost`, 127.0.0.0/8, `::1`."""
    if host == "localhost":
        return True
    from ipaddress import ip_address  # not loaded for who names no address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _duration(value: Any, least: Millis = 1, most: Millis | None = None) -> Millis:
    millis = parse_duration(value) if isinstance(value, str) else int(value)
    if millis < least:
        raise ValueError(f"must be at least {format_duration(least)}")
    if most is not None and millis > most:
        raise ValueError(f"must be at most {format_duration(most)}")
    return millis


def _retention(value: Any) -> Millis | None:
    # A call can live for a day, and a rule must not forget that it has acted on it.
    return None if value == FOREVER else _duration(value, 2 * DAY)


def _concurrency(value: Any) -> int:
    number = int(value)
    if not 1 <= number <= 100:
        raise ValueError("must be from 1 to 100")
    return number


def _log_format(value: Any) -> str:
    if value not in ("text", "json"):
        raise ValueError(f"{value!r} is neither text nor json")
    return str(value)


def _listen(value: Any) -> str:
    host, _, port = str(value).rpartition(":")
    if not host or not port.isdecimal() or not 0 <= int(port) <= 65_535:
        raise ValueError(f"{value!r} is not HOST:PORT; write it like 127.0.0.1:9090")
    return str(value)


def _store(value: Any) -> str:
    if not str(value).startswith("sqlite:///") or str(value) == "sqlite:///":
        # Not shown: the URL of another kind of database may hold a password.
        raise ValueError("not a store; write sqlite:///callflow.db")
    return str(value)


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(name) for name in value)


def _flows(value: Any) -> tuple[str, ...]:
    return _names(value) or FLOWS


def _as_it_is(value: Any) -> Any:
    return value


READERS: Mapping[str, Callable[[Any], Any]] = {
    "flows": _flows,
    # Below half a second polls overlap with their own answers, and Twilio's data is no fresher.
    "interval": lambda value: _duration(value, 500),
    "grace": lambda value: _duration(value, 0),
    "store": _store,
    "log_format": _log_format,
    "show_numbers": bool,
    "check_notifications": bool,
    "listen": _listen,
    # Shorter, and a slow disk loses it; longer, and calls wait for minutes after a crash.
    "lease": lambda value: _duration(value, 500, 300_000),
    "retention": _retention,
    "accounts": _as_it_is,
    "never": _as_it_is,
    "guards": _as_it_is,
    "connect_timeout": _duration,
    "read_timeout": _duration,
    "total_timeout": _duration,
    "list_timeout": _duration,
    "concurrency": _concurrency,
    "api_base": read_api_base,
    "public_url": read_public_url,
    "signing_secret_env": _names,
    "read_token_env": str,
    "operator_token_env": str,
    "hosts": _names,
    "traces": bool,
    # Shorter, and no service answers in time; longer, and one that hangs has all its turns taken.
    "timeout": lambda value: _duration(value, 100, 60_000),
}
