"""Opens the accounts of the configuration: fetches their secrets where it says they are kept.

Everything that is wrong with any account is said at once, by its place in the file; no secret is
ever part of what is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from runner.accounts import AccountSettings, SecretSource
from runner.gateway.credentials import (
    BadCredentials,
    Credentials,
    read_credentials,
    read_secret_file,
    tokens_of,
    uncleanness,
)
from runner.model import Millis

_DIRECTORY = "CREDENTIALS_DIRECTORY"


@dataclass(frozen=True, slots=True)
class Account:
    """One account to poll. `alias` is "" for that of the environment.

    `interval` and `concurrency` are None where those of the settings hold.
    """

    alias: str
    credentials: Credentials
    interval: Millis | None = None
    concurrency: int | None = None
    #: What Twilio signs the callbacks of its calls with; empty where nobody said.
    signed_with: tuple[str, ...] = field(default=(), repr=False)


def read_accounts(
    accounts: Sequence[AccountSettings],
    environ: Mapping[str, str],
    *,
    api_base: str | None = None,
) -> tuple[Account, ...]:
    """The enabled ones of these accounts, else that of the environment, each with what opens it.

    Raises `BadCredentials` with the faults of all of them; sends nothing.
    """
    if not accounts:
        credentials = read_credentials(environ, api_base=api_base)
        return (Account("", credentials, signed_with=tokens_of(environ)),)
    opener = _Opener(accounts, environ, api_base)
    opened = tuple(opener.account(each) for each in accounts if each.enabled)
    if not opened:
        opener.faults["accounts"] = "has none that is enabled; remove `enabled: false` from one"
    if opener.faults:
        raise BadCredentials(list(opener.faults.items()))
    return opened


def signing_tokens(accounts: Iterable[Account]) -> dict[str, tuple[str, ...]]:
    """Account SID → what Twilio signs its callbacks with, empty where they can't be checked.

    That is an auth token of the account itself: neither a key nor a token of its parent signs.
    """
    return {each.credentials.account_sid: each.signed_with for each in accounts}


class _Opener:
    """Opens account by account and collects the faults; what it gives is useless if any are."""

    def __init__(
        self,
        accounts: Sequence[AccountSettings],
        environ: Mapping[str, str],
        api_base: str | None,
    ) -> None:
        self._named = {each.alias: each for each in accounts}
        self._environ = environ
        self._api_base = api_base
        self._logins: dict[str, Credentials] = {}
        self.faults: dict[str, str] = {}  # by place: several accounts may share a parent's

    def account(self, account: AccountSettings) -> Account:
        """The account with its own login or its parent's."""
        login = self._login(self._opened_by(account))
        credentials = replace(login, account_sid=account.sid)
        opened = Account(account.alias, credentials, account.interval, account.concurrency)
        return replace(opened, signed_with=self._signed_with(account, credentials))

    def _signed_with(self, account: AccountSettings, login: Credentials) -> tuple[str, ...]:
        """Its own tokens: a parent's, or a key's secret, signs nothing of this account."""
        tokens = [login.password] if account.auth_token is not None else []
        if account.callback_token is not None:
            place = f"accounts.{account.alias}.callback_token"
            tokens.append(self._secret(place, account.callback_token))
        return tuple(dict.fromkeys(token for token in tokens if token))

    def _opened_by(self, account: AccountSettings) -> AccountSettings:
        """The account itself, or the ancestor whose login opens it."""
        seen = {account.alias}
        while account.parent:
            place = f"accounts.{account.alias}.parent"
            if account.parent not in self._named:
                self.faults[place] = f"names {account.parent}, which is not there"
                break
            account = self._named[account.parent]
            if account.alias in seen:
                self.faults[place] = f"leads back to {account.alias}"
                break
            seen.add(account.alias)
        return account

    def _login(self, account: AccountSettings) -> Credentials:
        if account.alias not in self._logins:
            self._logins[account.alias] = self._read(account)
        return self._logins[account.alias]

    def _read(self, account: AccountSettings) -> Credentials:
        if account.parent:  # which is no use, and has its fault already
            return Credentials(account.sid, "", "")
        place = f"accounts.{account.alias}"
        self._check_region(place, account)
        if account.api_key:
            secret = self._secret(f"{place}.api_secret", account.api_secret)
            username = account.api_key
        else:
            secret = self._secret(f"{place}.auth_token", account.auth_token)
            username = account.sid
        return Credentials(account.sid, username, secret, region=account.region, edge=account.edge)

    def _check_region(self, place: str, account: AccountSettings) -> None:
        if account.region and self._api_base:
            # The SDK would put it into that server's host name.
            self.faults[f"{place}.region"] = (
                "can't be combined with an API base; leave out one of them"
            )

    def _secret(self, place: str, source: SecretSource | None) -> str:
        value, fault = "", "is not there"
        if source is not None:
            value, fault = _READ[source.kind](source.name, self._environ)
        if fault:
            self.faults[place] = fault
        return value


def _from_variable(name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    value = environ.get(name, "")
    if not value:
        return "", f"names the environment variable {name}, which is not set"
    fault = uncleanness(value)
    return value, f"names the environment variable {name}, which {fault}" if fault else ""


def _from_file(name: str, _environ: Mapping[str, str]) -> tuple[str, str]:
    value, fault = read_secret_file(Path(name))
    return value, f"names the file {name}, which {fault}" if fault else ""


def _from_credential(name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    folder = environ.get(_DIRECTORY, "")
    if not folder:
        how = f"give the unit LoadCredential={name}:PATH"
        return "", f"names the credential {name}, but {_DIRECTORY} is not set; {how}"
    value, fault = read_secret_file(Path(folder, name))
    return value, f"names the credential {name}, which {fault}" if fault else ""


_READ = {"env": _from_variable, "file": _from_file, "credential": _from_credential}
