"""The key `accounts` of a configuration: who is polled, and where what opens them is kept.

Reads data of any shape. What the schema refuses is told by the schema; here it is passed over, and
only what the schema can't know is a problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from runner.accounts import AccountSettings, SecretSource
from runner.durations import parse_duration
from runner.language.bench import Bench
from runner.language.config_secrets import SECRET_KEYS, SOURCES, looks_like_secret
from runner.language.lists import beside
from runner.language.words import listed, shown, suggestion
from runner.model import Millis

_LIKE_A_SID = re.compile(r"[a-z]{2}[0-9a-f]{32}\Z")
_LOGIN = ("auth_token", "api_key", "api_secret")
_MEND = "write {env: NAME} and set that variable; a token that others may have seen needs changing"


def accounts_of(bench: Bench, accounts: object) -> tuple[AccountSettings, ...]:
    """Every account that has a shape; what is wrong with any is noted."""
    if not isinstance(accounts, dict):
        return ()
    sound = {alias: each for alias, each in accounts.items() if isinstance(each, dict)}
    for alias in accounts:
        _check_alias(bench, accounts, alias)
    _check_sids(bench, sound)
    for alias, account in sound.items():
        _check_login(bench, sound, alias)
        for key in SECRET_KEYS:
            _check_secret(bench, account, key)
        _check_parent(bench, sound, alias)
    return tuple(_account(bench, alias, each) for alias, each in sound.items())


def _account(bench: Bench, alias: str, account: Mapping[str, Any]) -> AccountSettings:
    concurrency = account.get("concurrency")
    return AccountSettings(
        alias=alias,
        sid=_text(account, "sid"),
        auth_token=_source(bench, account.get("auth_token")),
        api_key=_text(account, "api_key"),
        api_secret=_source(bench, account.get("api_secret")),
        region=_text(account, "region") or None,
        edge=_text(account, "edge") or None,
        callback_token=_source(bench, account.get("callback_token")),
        parent=_text(account, "parent"),
        interval=_span(account, "interval"),
        concurrency=concurrency if isinstance(concurrency, int) else None,
        enabled=account.get("enabled") is not False,
    )


def _text(holder: Mapping[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""


def _span(holder: Mapping[str, Any], key: str) -> Millis | None:
    try:
        return parse_duration(_text(holder, key))
    except ValueError:  # not there, or refused by the schema's pattern
        return None


def _source(bench: Bench, secret: object) -> SecretSource | None:
    found = dict(_sources(secret))
    if "env" in found:
        return SecretSource("env", found["env"])
    if "file" in found:
        return SecretSource("file", beside(bench.document.path, found["file"]))
    return SecretSource("credential", found["credential"]) if "credential" in found else None


def _sources(secret: object) -> Iterator[tuple[str, str]]:
    if isinstance(secret, dict):
        yield from ((k, v) for k, v in secret.items() if k in SOURCES and isinstance(v, str))


# ---- what the schema can't know -------------------------------------------------------------


def _check_alias(bench: Bench, accounts: Mapping[str, Any], alias: str) -> None:
    if _LIKE_A_SID.match(alias):
        message = f"the alias {shown(alias)} looks like a SID"
        hint = "an alias is a name of your own, such as main; the SID goes under `sid`"
        bench.error(bench.document.key(accounts, alias), "bad-name", message, hint=hint)


def _check_sids(bench: Bench, accounts: Mapping[str, Mapping[str, Any]]) -> None:
    first: dict[str, str] = {}
    for alias, account in accounts.items():
        sid = _text(account, "sid")
        other = first.setdefault(sid, alias) if sid else alias
        if other != alias:
            message = f"the account {sid} is already there as {shown(other)}"
            hint = "remove one of them: its calls would be acted on twice"
            bench.error(bench.at(account, "sid"), "duplicate-account", message, hint=hint)


def _check_login(bench: Bench, accounts: Mapping[str, Mapping[str, Any]], alias: str) -> None:
    account = accounts[alias]
    present = [key for key in _LOGIN if key in account]
    if "parent" in account:
        for key in (*present, *(key for key in ("region", "edge") if key in account)):
            message = f"`{key}` stands beside `parent`, whose login, region and edge are used"
            _exclude(bench, account, key, message)
    elif "auth_token" in account and len(present) > 1:
        message = f"`{present[1]}` stands beside `auth_token`; an account is opened by one of them"
        _exclude(bench, account, present[1], message)
    elif not present:
        message = "nothing opens this account"
        hint = "add `auth_token`, `api_key` and `api_secret`, or `parent`"
        bench.error(bench.document.key(_holder(bench), alias), "missing-key", message, hint=hint)


def _holder(bench: Bench) -> Mapping[str, Any]:
    accounts: Mapping[str, Any] = bench.document.data["accounts"]
    return accounts


def _exclude(bench: Bench, holder: Mapping[str, Any], key: str, message: str) -> None:
    place = bench.document.key(holder, key)
    bench.error(place, "exclusive-key", message, hint="remove one of the two")


def _check_secret(bench: Bench, account: Mapping[str, Any], key: str) -> None:
    if key not in account:
        return
    secret = account[key]
    if isinstance(secret, (str, int, float)):
        message = f"`{key}` is written out; a secret never stands in this file"
        bench.error(bench.at(account, key), "secret-in-place", message, hint=_MEND)
    present = list(_sources(secret))
    for source, name in present:
        if looks_like_secret(name):
            message = f"`{source}` holds what looks like the secret itself, not where it is kept"
            bench.error(bench.at(secret, source), "secret-in-place", message, hint=_MEND)
    if len(present) > 1:
        named = listed([f"`{source}`" for source, _ in present], "and")
        _exclude(bench, secret, present[1][0], f"`{key}` is kept in one place, not in {named}")


def _check_parent(bench: Bench, accounts: Mapping[str, Mapping[str, Any]], alias: str) -> None:
    account = accounts[alias]
    parent = _text(account, "parent")
    if not parent:
        return
    if parent not in accounts:
        message = f"there is no account {shown(parent)}"
        hint = suggestion(parent, [each for each in accounts if each != alias], "accounts")
        bench.error(bench.at(account, "parent"), "unknown-account", message, hint=hint)
    elif alias in _ancestors(accounts, alias):
        message = f"the parents of {shown(alias)} lead back to it, so that nothing opens it"
        hint = "give one of them its own `auth_token`, or `api_key`, in place of `parent`"
        bench.error(bench.at(account, "parent"), "account-circle", message, hint=hint)


def _ancestors(accounts: Mapping[str, Mapping[str, Any]], alias: str) -> list[str]:
    found: list[str] = []
    while (parent := _text(accounts.get(alias, {}), "parent")) and parent not in found:
        found.append(parent)
        alias = parent
    return found
