"""What several commands build first: settings, credentials and flows, each or one clear error."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from runner.cli.exits import FINDINGS, USAGE, Failure
from runner.cli.report import as_text
from runner.gateway.accounts import Account, read_accounts
from runner.gateway.credentials import BadCredentials
from runner.language.config import Config
from runner.language.folders import CONFIG_FILE
from runner.language.loader import Loaded, load, load_config
from runner.language.words import listed, shown, suggestion
from runner.model import FlowSet
from runner.settings import BadSettings, RunSettings, settings_from


def settings_of(config: str | None, options: Mapping[str, Any]) -> RunSettings:
    """Options over `callflow.yaml` over defaults. A file that is named must be there."""
    return settings_from_config(config_of(config_path(config)), options)


def config_path(named: str | None) -> Path | None:
    """The configuration file: the one named, else the one of this folder, if there."""
    path = Path(named or CONFIG_FILE)
    return path if named or path.is_file() else None


def config_of(path: Path | None) -> Config | None:
    """The file, loaded and without errors. Raises `Failure`, once its problems are printed."""
    if path is None:
        return None
    config = load_config(path)
    if config.data is None:
        click.echo(as_text(config.problems, config.texts), err=True, nl=False)
        raise Failure(f"the configuration {path} can't be used", code=FINDINGS)
    flows = config.data.get("flows")
    if not flows:
        return config
    data = {**config.data, "flows": [str(path.parent / each) for each in flows]}
    return replace(config, data=data)


def store_settings(config: str | None, store: str | None) -> RunSettings:
    """The settings of a command that looks for a runner's store, and for nothing that is sent.

    A mistake anywhere else in the file must not keep a person from stopping that runner: then its
    store, or the one given, is all that is taken. Raises `Failure` where neither can be told.
    """
    path = config_path(config)
    found = None if path is None else load_config(path)
    if found is None or found.data is not None:
        return settings_from_config(found, {"store": store})
    click.echo(as_text(found.problems, found.texts), err=True, nl=False)
    if store is None and found.store is None:
        hint = "name the runner's store with --store; a file PAUSED beside it stops everything"
        raise Failure(f"the store can't be told from {path}", hint=hint, code=FINDINGS)
    taken = "nothing" if store else "the store alone"
    click.echo(f"note: {path} has an error; {taken} was taken from it", err=True)
    return settings_from_config(None, {"store": store or found.store or None})


def settings_from_config(config: Config | None, options: Mapping[str, Any]) -> RunSettings:
    """Options over what the file says over defaults. Raises `Failure`."""
    data = config.data if config is not None else None
    try:
        return settings_from(data or {}, options)
    except BadSettings as error:
        raise Failure(
            "these settings can't be used", hint=_lines(error.faults), code=USAGE
        ) from None


def accounts_of(settings: RunSettings) -> tuple[Account, ...]:
    """The accounts to poll, each with its credentials, complete and well formed."""
    try:
        return read_accounts(settings.accounts, os.environ, api_base=settings.twilio.api_base)
    except BadCredentials as error:
        faults = [f"{name} {text}" for name, text in error.faults]
        raise Failure("no usable Twilio credentials", hint=_lines(faults), code=USAGE) from None


def signing_keys_of(settings: RunSettings) -> tuple[bytes, ...]:
    """What signs the posts of rules. Raises `Failure` where a secret that is named is not there."""
    from runner.gateway.signing import read_secrets

    try:
        return read_secrets(settings.notifications.signing_secret_env, os.environ)
    except BadCredentials as error:
        faults = [f"{name} {text}" for name, text in error.faults]
        raise Failure("no usable signing secret", hint=_lines(faults), code=USAGE) from None


def account_of(settings: RunSettings, named: str | None) -> Account:
    """The account that a command for one account is about: the one named, else the only one."""
    accounts = accounts_of(settings)
    if named is None and len(accounts) == 1:
        return accounts[0]
    known = [each.alias for each in accounts]
    for each in accounts:
        if named in (each.alias, each.credentials.account_sid):
            return each
    if named is None:
        hint = f"say which with --account: {listed(known)}"
        raise Failure("several accounts are configured", hint=hint, code=USAGE)
    raise Failure(
        f"there is no account {shown(named)}",
        hint=suggestion(named, known, "accounts"),
        code=USAGE,
    )


def flow_paths(paths: Sequence[str], settings: RunSettings) -> list[Path]:
    """The paths given on the command line, else those of the settings."""
    return [Path(path) for path in paths or settings.flows]


def flows_of(paths: Sequence[Path], settings: RunSettings) -> tuple[FlowSet, Loaded]:
    """Loads flows; problems are printed, and errors among them end the command."""
    loaded = load(paths, poll=settings.interval)
    click.echo(as_text(loaded.problems, loaded.texts), err=True, nl=False)
    if loaded.flow_set is None:
        raise Failure("these flows can't be used; nothing was sent", code=FINDINGS)
    return loaded.flow_set, loaded


def _lines(faults: Sequence[str]) -> str:
    return "\n  ".join(faults)
