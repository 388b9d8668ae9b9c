"""Settings: each with its unit, its default and the reason for it; and who wins when two are set.

An option or `CALLFLOW_…` variable wins over `callflow.yaml`, which wins over the default.
Secrets are no settings: the file names where they are kept, and `runner.gateway.credentials`
fetches them there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from runner.accounts import AccountSettings
from runner.durations import format_duration, parse_duration
from runner.guards import Guards
from runner.model import Millis
from runner.never import Never

DAY: Millis = 86_400_000
#: Said of a retention without end.
FOREVER = "forever"

#: A path that any server and any proxy reads in the same way: no `..`, no empty step.
_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*/?")


class BadSettings(ValueError):
    """Settings that can't be used: `faults` lists every one, in the order of the settings."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class TwilioSettings:
    """How to talk to one account. Times are milliseconds."""

    #: Finding the host, connecting and TLS. Nothing has been sent while this runs.
    connect_timeout: Millis = 5_000
    #: Silence between two pieces of an answer. A page of 1,000 calls takes Twilio seconds.
    read_timeout: Millis = 15_000
    #: One request from first to last byte, so that a trickling server can't hold a poll for ever.
    total_timeout: Millis = 30_000
    #: One list with all its pages. A hundred full pages at a second each end in time; what takes
    #: longer is older than anything should be decided on, and a failed poll tells that it is.
    list_timeout: Millis = 120_000
    #: Requests at once. Twilio limits them by account, at an unpublished number, and the
    #: account's other programs need theirs.
    concurrency: int = 10
    #: Calls a page: Twilio's maximum, because requests cost more than rows.
    page_size: int = 1_000
    #: Another server than Twilio's, `scheme://host[:port]`; None is Twilio.
    api_base: str | None = None


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """How posts of rules go out to services of the user's own. Times are milliseconds."""

    #: The variables that hold the signing secrets, newest first; without any it is the usual one,
    #: where that is set. Several are for the time in which receivers change from one to the next.
    signing_secret_env: tuple[str, ...] = ()
    #: One post from first to last byte: a receiver should take it and work on it later.
    timeout: Millis = 5_000
    #: Posts at once to one host, so that one that is slow can't use up what all others need.
    concurrency: int = 8


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What `callflow run` needs to know beside its flows. Times are milliseconds."""

    #: Files and folders of flows.
    flows: tuple[str, ...] = ("flows",)
    #: From poll to poll: short enough to act within a sentence, long enough for Twilio's limits.
    interval: Millis = 2_000
    #: How long actions in flight may take after a request to stop; container platforms kill at 30.
    grace: Millis = 10_000
    #: The ledger: one file beside the flows, nothing to install.
    store: str = "sqlite:///callflow.db"
    #: `text` for people, `json` for log stores.
    log_format: str = "text"
    #: Phone numbers are personal data: masked unless asked for.
    show_numbers: bool = False
    #: Whether Twilio is asked, after acts that gave a call a document to play, if it could: two
    #: requests more for each.
    check_notifications: bool = False
    #: `HOST:PORT` of the status page and the metrics; None serves none.
    listen: str | None = None
    #: Where Twilio reaches what is served there, `https://host[/path]`; None where it can't.
    public_url: str | None = None
    #: How long a runner that says nothing keeps the right to act. It says something three times
    #: in this time, so that one slow write costs it nothing; a standby takes over when it is
    #: past, so it is also how long calls are left alone after a crash.
    lease: Millis = 5_000
    #: How long finished acts are kept, None for ever: a quarter of a year of answers to "why did
    #: you do that". An act is what keeps a rule from acting twice, and it outlives its call.
    retention: Millis | None = 90 * DAY
    #: The accounts that are polled; without any it is the one of the environment.
    accounts: tuple[AccountSettings, ...] = ()
    #: Calls that no flow may change, beside those to emergency numbers.
    never: Never = field(default_factory=Never)
    #: How much may be changed at once: the limits of rules that name none, and of all together.
    guards: Guards = field(default_factory=Guards)
    notifications: NotificationSettings = field(default_factory=NotificationSettings)
    twilio: TwilioSettings = field(default_factory=TwilioSettings)


S = TypeVar("S", RunSettings, NotificationSettings, TwilioSettings)


def settings_from(config: Mapping[str, Any], options: Mapping[str, Any]) -> RunSettings:
    """`callflow.yaml` as checked data, and the options given (None: not given), as settings.

    Both use the file's names; `options` may name those of `twilio` and `api_base` directly.
    `accounts`, `never` and `guards` are the records that `load_config` makes of them.
    Durations are text (`2s`) or milliseconds. Raises `BadSettings` with everything wrong.
    """
    nested = config.get("twilio") or {}
    given = {**config, **nested, **{k: v for k, v in options.items() if v is not None}}
    faults: list[str] = []
    run = _fill(RunSettings(), given, faults)
    posts = _fill(run.notifications, config.get("notifications") or {}, faults)
    run = replace(run, twilio=_fill(run.twilio, given, faults), notifications=posts)
    if faults:
        raise BadSettings(faults)
    return run


def _fill(defaults: S, given: Mapping[str, Any], faults: list[str]) -> S:
    values: dict[str, Any] = {}
    for name in (f.name for f in fields(defaults)):
        read = _READERS.get(name)
        if read is None or given.get(name) is None:
            continue
        try:
            values[name] = read(given[name])
        except ValueError as error:
            faults.append(f"{name}: {error}")
    return replace(defaults, **values)


def fault_of(name: str, value: Any) -> str:
    """What is wrong with the value of a setting; "" where it can be used."""
    try:
        _READERS[name](value)
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
    paths = (value,) if isinstance(value, str) else tuple(str(path) for path in value)
    return paths or RunSettings().flows


def _as_it_is(value: Any) -> Any:
    return value


_READERS: Mapping[str, Callable[[Any], Any]] = {
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
    # Shorter, and no service answers in time; longer, and one that hangs has all its turns taken.
    "timeout": lambda value: _duration(value, 100, 60_000),
}
