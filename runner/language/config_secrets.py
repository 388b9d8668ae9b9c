"""Secrets that somebody wrote into a configuration: found, and hidden in all that is said of it.

A problem is shown with the line it is on, so a token in the wrong place would end up in a log of a
CI job. What is under a key that should name where a secret is kept, what is written where nothing
is known of it, and what looks like a token becomes stars before anybody sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from runner.language.bench import Bench
from runner.language.source import Document
from runner.language.words import shown
from runner.problems import Problem

SECRET_KEYS = ("auth_token", "api_secret", "callback_token")
#: Keys under which variables are named that hold secrets, by the settings that they stand in.
NAMING_KEYS = {
    "notifications": ("signing_secret_env",),
    "console": ("read_token_env", "operator_token_env"),
}
SOURCES = ("env", "file", "credential")

_NAMING = frozenset(key for keys in NAMING_KEYS.values() for key in keys)
_SAFE_KEYS = ("region", "edge", "parent", "interval", "concurrency", "enabled")
_SID = re.compile(r"(AC|SK)[0-9a-fA-F]{32}\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_CAPITALS = re.compile(r"[A-Z_][A-Z0-9_]*\Z")
_SECRETIVE = re.compile(r"token|secret|passw|credential", re.IGNORECASE)
#: Twilio's tokens and API secrets have 32 letters and digits; SIDs have two more.
_TOKEN = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*\d)[A-Za-z0-9]{32}(?![A-Za-z0-9])")
_IN_URL = re.compile(r"(?<=://)[^/@\s\"']+(?=@)")
#: `auth_token: …`, where what follows is not a mapping; for text that is no sound YAML.
_WRITTEN = re.compile(
    rf"(?P<key>[\w-]*(?:{_SECRETIVE.pattern})[\w-]*[\"']?\s*:[ \t]*)(?P<value>[^{{\s].*)",
    re.IGNORECASE,
)
_LONG = 6  # characters; a shorter word of broken YAML may be any word


def looks_like_secret(text: str) -> bool:
    """Whether this is what a token looks like, and a name hardly does."""
    return _TOKEN.fullmatch(text) is not None


def check_names(bench: Bench, data: Mapping[str, Any]) -> None:
    """Notes each secret that stands where the name of its variable should, and looks like one."""
    for section, keys in NAMING_KEYS.items():
        holder = data.get(section)
        for key in keys if isinstance(holder, dict) else ():
            _check_name(bench, holder, key)


def _check_name(bench: Bench, holder: Any, key: str) -> None:
    written = holder.get(key)
    places = (
        [(written, index, name) for index, name in enumerate(written)]
        if isinstance(written, list)
        else [(holder, key, written)]
    )
    for inner, place, name in places:
        if isinstance(name, str) and _is_name(name) and looks_like_secret(name):
            message = f"`{key}` holds what looks like the secret itself, not its variable"
            hint = "set a variable and name that; a secret that others may have seen needs changing"
            bench.error(bench.at(inner, place), "secret-in-place", message, hint=hint)


class Veil(Struct, frozen=True):
    """A text in which secrets are stars, each as long as it was, and what they were."""

    text: str
    hidden: tuple[str, ...]

    def over(self, problem: Problem) -> Problem:
        """The problem without what is hidden, nor anything else that looks like a token."""
        return replace(problem, message=self._said(problem.message), hint=self._said(problem.hint))

    def _said(self, text: str) -> str:
        for secret in self.hidden:
            quoted = shown(secret)
            for each in (quoted, quoted[1:-1], secret):
                text = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", "***", text)
        return _IN_URL.sub("***", _TOKEN.sub("***", text))


def veil(text: str, document: Document | None) -> Veil:
    """Hides what must not be shown of a configuration; `document` is None for unsound YAML."""
    hidden: list[str] = []
    spans = list(_spans_of(document, hidden)) if document else list(_spans_in(text, hidden))
    for start, end in spans:
        text = text[:start] + _starred(text[start:end]) + text[end:]
    for pattern in (_TOKEN, _IN_URL):
        hidden += [found[0] for found in pattern.finditer(text)]
        text = pattern.sub(lambda found: _starred(found[0]), text)
    return Veil(text, tuple(dict.fromkeys(each for each in hidden if each.strip())))


def _starred(text: str) -> str:
    return re.sub(r"\S", "*", text)


# ---- in data --------------------------------------------------------------------------------


class _Spot(Struct, frozen=True):
    """A key or a value that has to be hidden."""

    holder: Any
    key: str | int
    is_key: bool = False


def _spans_of(document: Document, hidden: list[str]) -> Iterator[tuple[int, int]]:
    data = document.data if isinstance(document.data, dict) else {}
    rest = {key: value for key, value in data.items() if key != "accounts"}
    spots = [*_below(data, rest), *_in_accounts(data)]
    for spot in spots:
        if spot.is_key:
            hidden.append(str(spot.key))
            yield document.key_extent(spot.holder, str(spot.key))
        else:
            hidden.append(document.written(spot.holder, spot.key))
            yield document.extent(spot.holder, spot.key)


def _below(holder: Any, data: Mapping[str, Any]) -> Iterator[_Spot]:
    """What stands under keys that sound like secrets, at any depth of ordinary settings."""
    for key, value in data.items():
        if key in _NAMING:
            yield from _in_names(holder, key)
        elif _SECRETIVE.search(key):
            yield from _all(holder, key)
        elif isinstance(value, dict):
            yield from _below(value, value)


def _all(holder: Any, key: str | int) -> Iterator[_Spot]:
    """Every scalar of a value, and every key in it."""
    value = holder[key]
    if isinstance(value, dict):
        for inner in value:
            yield _Spot(value, inner, is_key=True)
            yield from _all(value, inner)
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from _all(value, index)
    elif value is not None:
        yield _Spot(holder, key)


def _in_names(holder: Any, key: str) -> Iterator[_Spot]:
    """What stands where names of variables should, and is none."""
    names = holder[key]
    if isinstance(names, list):
        for index, name in enumerate(names):
            if not _is_name(name):
                yield from _all(names, index)
    elif not _is_name(names):
        yield from _all(holder, key)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _CAPITALS.match(value) is not None


def _in_accounts(data: Mapping[str, Any]) -> Iterator[_Spot]:
    accounts = data.get("accounts")
    if not isinstance(accounts, dict):
        if "accounts" in data:
            yield from _all(data, "accounts")
        return
    for alias, account in accounts.items():
        if not isinstance(account, dict):
            yield from _all(accounts, alias)
            continue
        for key in account:
            yield from _in_account(account, key)


def _in_account(account: Mapping[str, Any], key: str) -> Iterator[_Spot]:
    value = account[key]
    if key in SECRET_KEYS and isinstance(value, dict):
        yield from _in_source(value)
    elif key in ("sid", "api_key"):
        if not (isinstance(value, str) and _SID.match(value)):
            yield from _all(account, key)
    elif key not in _SAFE_KEYS:
        yield from _all(account, key)


def _in_source(source: Mapping[str, Any]) -> Iterator[_Spot]:
    for key, value in source.items():
        if key not in SOURCES:
            yield _Spot(source, key, is_key=True)
            yield from _all(source, key)
        elif not isinstance(value, str) or (key == "env" and not _VARIABLE.match(value)):
            yield from _all(source, key)


# ---- in text that is no sound YAML ----------------------------------------------------------


def _spans_in(text: str, hidden: list[str]) -> Iterator[tuple[int, int]]:
    start, inside = 0, -1  # `inside`: how far the key is indented whose value goes on
    for line in text.splitlines(keepends=True):
        indent = len(line) - len(line.lstrip())
        found = _WRITTEN.search(line)
        if found:
            inside = indent
            span = (start + found.start("value"), start + found.end("value"))
        elif inside >= 0 and (indent > inside or not line.strip()):
            span = (start, start + len(line))
        else:
            inside, span = -1, (start, start)
        hidden += [word for word in text[slice(*span)].split() if len(word) >= _LONG]
        yield span
        start += len(line)
