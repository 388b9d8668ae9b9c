"""Settings: each with its unit, its default and the reason for it; and who wins when two are set.

An option or `CALLFLOW_…` variable wins over `callflow.yaml`, which wins over the default.
Secrets are no settings: the file names where they are kept, and `runner.gateway.credentials`
fetches them there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from runner.accounts import AccountSettings
from runner.guards import Guards
from runner.model import INTERVAL, Millis
from runner.never import Never
from runner.written import DAY, FLOWS, READERS


class BadSettings(ValueError):
    """Settings that can't be used: `faults` lists every one, in the order of the settings."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class TwilioSettings(Struct, frozen=True):
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


class NotificationSettings(Struct, frozen=True):
    """How posts of rules go out to services of the user's own. Times are milliseconds."""

    #: The variables that hold the signing secrets, newest first; without any it is the usual one,
    #: where that is set. Several are for the time in which receivers change from one to the next.
    signing_secret_env: tuple[str, ...] = ()
    #: One post from first to last byte: a receiver should take it and work on it later.
    timeout: Millis = 5_000
    #: Posts at once to one host, so that one that is slow can't use up what all others need.
    concurrency: int = 8


class ConsoleSettings(Struct, frozen=True):
    """Who may see and stop a runner over `listen`."""

    #: The variables that hold the tokens, of those who may only look and of operators; None is the
    #: usual one, where that is set.
    read_token_env: str | None = None
    operator_token_env: str | None = None
    #: The names by which browsers reach it, beside those of `listen` and the public URL; one of a
    #: stranger's that points here must not be among them.
    hosts: tuple[str, ...] = ()


class RunSettings(Struct, frozen=True):
    """What `callflow run` needs to know beside its flows. Times are milliseconds."""

    #: Files and folders of flows.
    flows: tuple[str, ...] = FLOWS
    #: From poll to poll.
    interval: Millis = INTERVAL
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
    #: Whether polls and acts are sent out as OpenTelemetry traces, by the `OTEL_…` variables.
    traces: bool = False
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    notifications: NotificationSettings = field(default_factory=NotificationSettings)
    twilio: TwilioSettings = field(default_factory=TwilioSettings)


S = TypeVar("S", RunSettings, ConsoleSettings, NotificationSettings, TwilioSettings)


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
    console = _fill(run.console, config.get("console") or {}, faults)
    twilio = _fill(run.twilio, given, faults)
    run = replace(run, twilio=twilio, notifications=posts, console=console)
    if faults:
        raise BadSettings(faults)
    return run


def _fill(defaults: S, given: Mapping[str, Any], faults: list[str]) -> S:
    values: dict[str, Any] = {}
    for name in defaults.__struct_fields__:
        read = READERS.get(name)
        if read is None or given.get(name) is None:
            continue
        try:
            values[name] = read(given[name])
        except ValueError as error:
            faults.append(f"{name}: {error}")
    return replace(defaults, **values)
