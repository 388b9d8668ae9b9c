"""Reads Twilio's credentials from the environment and says everything that is wrong at once.

The variables are Twilio's own. An API key wins over the auth token where both are set, because
it can be limited and revoked alone. Each secret may come from a file instead, which is how
container platforms hand them out: `TWILIO_AUTH_TOKEN_FILE`, `TWILIO_API_SECRET_FILE`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runner.secret_files import read_secret

_ACCOUNT = re.compile(r"AC[0-9a-f]{32}\Z")
_KEY = re.compile(r"SK[0-9a-f]{32}\Z", re.IGNORECASE)
_PLACE = re.compile(r"[a-z][a-z0-9-]*\Z")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What opens one account. `username` is the account's or an API key's SID.

    `region` and `edge` are both set or both None; None is Twilio's default, US1.
    """

    account_sid: str
    username: str
    password: str = field(repr=False)
    region: str | None = None
    edge: str | None = None


class BadCredentials(ValueError):
    """Credentials that can't work: `faults` lists (variable, what is wrong and how to mend it)."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("\n".join(f"{name}: {text}" for name, text in faults))
        self.faults = tuple(faults)


def read_credentials(environ: Mapping[str, str], *, api_base: str | None = None) -> Credentials:
    """The credentials of this environment. Raises `BadCredentials`; sends nothing."""
    reader = _Reader(environ)
    account = reader.account_sid()
    username, password = reader.login(account)
    region, edge = reader.place(api_base)
    if reader.faults:
        raise BadCredentials(reader.faults)
    return Credentials(account, username, password, region=region, edge=edge)


def tokens_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The auth token, which signs callbacks also where an API key opens the account.

    It is empty where there is none, or none that can be used.
    """
    token = _Reader(environ).auth_token()
    return (token,) if token else ()


class _Reader:
    """Reads variable by variable and collects the faults; values are useless if there are any."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[tuple[str, str]] = []

    def account_sid(self) -> str:
        name = "TWILIO_ACCOUNT_SID"
        value = self._environ.get(name, "")
        if not value:
            self._fault(name, "is not set; copy the Account SID from console.twilio.com")
        elif not self._clean(name, value):
            pass
        elif _KEY.match(value):
            self._fault(name, "is an API key's SID (SK…); put that into TWILIO_API_KEY")
        elif not _ACCOUNT.match(value):
            self._fault(name, "is not an Account SID: AC and 32 characters of 0-9 and a-f")
        return value

    def login(self, account: str) -> tuple[str, str]:
        key = self._environ.get("TWILIO_API_KEY", "")
        secret = self._secret("TWILIO_API_SECRET")
        token = self.auth_token()
        if key or secret is not None:
            self._check_key(key, secret)
            return key, secret or ""
        if token is None:
            text = "is not set; set it, or TWILIO_API_KEY and TWILIO_API_SECRET"
            self._fault("TWILIO_AUTH_TOKEN", text)
        return account, token or ""

    def auth_token(self) -> str | None:
        return self._secret("TWILIO_AUTH_TOKEN")

    def place(self, api_base: str | None) -> tuple[str | None, str | None]:
        region = self._environ.get("TWILIO_REGION") or None
        edge = self._environ.get("TWILIO_EDGE") or None
        for name, value in (("TWILIO_REGION", region), ("TWILIO_EDGE", edge)):
            if value and self._clean(name, value) and not _PLACE.match(value):
                self._fault(name, "is not a name like ie1 or dublin")
            if value and api_base:
                # The SDK would put them into that server's host name.
                self._fault(name, "can't be combined with an API base; unset one of them")
        if region and not edge:
            self._fault("TWILIO_EDGE", f"is not set; region {region} is reached through an edge")
        if edge and not region:
            self._fault("TWILIO_REGION", f"is not set; edge {edge} needs its region beside it")
        return region, edge

    def _check_key(self, key: str, secret: str | None) -> None:
        if not key:
            self._fault("TWILIO_API_KEY", "is not set, while its secret is; set both or neither")
        elif self._clean("TWILIO_API_KEY", key) and not _KEY.match(key):
            self._fault("TWILIO_API_KEY", "is not an API key's SID: SK and 32 hex characters")
        if secret is None:
            text = "is not set, while TWILIO_API_KEY is; Twilio shows it once, when a key is made"
            self._fault("TWILIO_API_SECRET", text)

    def _secret(self, name: str) -> str | None:
        """The secret itself or the content of the file named; None where neither is set."""
        value, path = self._environ.get(name), self._environ.get(f"{name}_FILE")
        if path and value:
            self._fault(name, f"and {name}_FILE are both set; unset one of them")
        elif path:
            return self._secret_file(f"{name}_FILE", path)
        if value:
            self._clean(name, value)
        return value or None

    def _secret_file(self, name: str, path: str) -> str:
        value, fault = read_secret_file(Path(path))
        if fault:
            self._fault(name, fault)
        return value

    def _clean(self, name: str, value: str) -> bool:
        fault = uncleanness(value)
        if fault:
            self._fault(name, fault)
        return not fault

    def _fault(self, name: str, text: str) -> None:
        self.faults.append((name, text))


def read_secret_file(path: Path) -> tuple[str, str]:
    """The secret that a file holds, and what is wrong with it; "" where nothing is."""
    value, fault = read_secret(path)
    return value, fault or uncleanness(value)


def uncleanness(value: str) -> str:
    """What copying and quoting have left behind in a value; "" where there is nothing of it."""
    if value != value.strip():
        return "has a space or a line break at its start or end; remove it"
    if value[0] in "\"'" or value[-1] in "\"'":
        return "has quotes around it; they became part of the value, remove them"
    if not all("!" <= character <= "~" for character in value):
        return "has a space, a line break or a letter outside ASCII in it"
    return ""
