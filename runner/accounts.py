"""Accounts as the configuration names them: where their secrets are kept, never the secrets."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from runner.model import Millis


class SecretSource(Struct, frozen=True):
    """Where a secret is kept: the name of an environment variable, of a file, or of a credential
    that systemd hands over in `$CREDENTIALS_DIRECTORY`.
    """

    kind: Literal["env", "file", "credential"]
    name: str


class AccountSettings(Struct, frozen=True):
    """One account or subaccount, under its alias.

    It is opened by `auth_token`, by `api_key` and `api_secret`, or with what opens `parent`.
    `callback_token` opens nothing: Twilio signs its status callbacks with it.
    `interval` and `concurrency` are None where those of the whole configuration hold.
    """

    alias: str
    sid: str
    auth_token: SecretSource | None = None
    api_key: str = ""
    api_secret: SecretSource | None = None
    region: str | None = None
    edge: str | None = None
    callback_token: SecretSource | None = None
    parent: str = ""
    interval: Millis | None = None
    concurrency: int | None = None
    enabled: bool = True
