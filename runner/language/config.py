"""A configuration file: its text to checked settings, or to every problem with it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from runner.durations import parse_duration
from runner.guards import DEFAULT_GUARD, Guards
from runner.language.bench import Bench
from runner.language.config_accounts import accounts_of
from runner.language.config_never import never_files, never_of
from runner.language.config_secrets import SECRET_KEYS, check_names, veil
from runner.language.files import Files
from runner.language.guarding import check_guard, guard_of
from runner.language.schema import Misfit, check
from runner.language.source import Document, Reading
from runner.model import Millis
from runner.problems import Problem
from runner.written import fault_of

#: Settings whose value may be well formed and of no use all the same.
_SETTINGS = (
    *("interval", "store", "listen", "public_url", "api_base", "grace", "lease", "retention"),
)
_TWILIO = ("connect_timeout", "read_timeout", "total_timeout", "list_timeout")


class Config(Struct, frozen=True):
    """A configuration file.

    `data` is what is written in it, `accounts`, `never` and `guards` as the records that
    `runner.settings.settings_from` takes; None where there is an error. `files` holds the SHA-256
    of what was read, and `paths` is what to watch: the file itself and the lists it names, those
    that are missing too. In `texts` secrets are stars. `store` is the store that is written in it,
    also where something else in the file is wrong: whoever wants to stop a runner must find it;
    None where that can't be told, "" where the file names none.
    """

    data: Mapping[str, Any] | None
    problems: tuple[Problem, ...]
    texts: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    store: str | None = None

    @property
    def poll(self) -> Millis | None:
        """The time between two polls, None where the file does not say."""
        interval = (self.data or {}).get("interval")
        return None if interval is None else parse_duration(interval)


def compile_config(path: str, reading: Reading, files: Files) -> Config:
    """What was read of a configuration as settings."""
    document = reading.document
    found = list(reading.problems)
    data = None
    if document is not None:
        data, problems = _compiled(document, files)
        found += problems
    veiled = veil(reading.text, document)
    problems = sorted({veiled.over(problem) for problem in found})
    if path in files.texts:
        files.texts[path] = veiled.text
    named = document.data.get("never") if document and isinstance(document.data, dict) else None
    return Config(
        data=None if found else data,
        problems=tuple(problems),
        texts=dict(files.texts),
        files=dict(files.digests),
        paths=tuple(dict.fromkeys([path, *never_files(path, named)])),
        store=None if document is None else _store_of(document.data),
    )


def _store_of(data: object) -> str | None:
    named = data.get("store", "") if isinstance(data, dict) else None
    return named if isinstance(named, str) and not (named and fault_of("store", named)) else None


def _compiled(document: Document, files: Files) -> tuple[Mapping[str, Any], list[Problem]]:
    misfits = check(document, "config")
    data: Mapping[str, Any] = document.data if isinstance(document.data, dict) else {}
    bench = Bench(document)
    accounts = accounts_of(bench, data.get("accounts"))
    aliases = [account.alias for account in accounts]
    records = {
        "accounts": accounts,
        "never": never_of(bench, data.get("never"), files, aliases),
        "guards": _guards(bench, data.get("guards")),
    }
    _check_settings(bench, data, misfits)
    check_names(bench, data)
    told = [misfit.problem for misfit in misfits if not _is_secret(document, misfit)]
    compiled = {key: records.get(key, value) for key, value in data.items()}
    return compiled, [*told, *bench.problems]


def _is_secret(document: Document, misfit: Misfit) -> bool:
    """Whether a secret stands where its place should: it has a problem in better words."""
    match misfit.pointer:
        case ("accounts", _, str(key)) if key in SECRET_KEYS:
            place = document.find(misfit.pointer)
            return place is not None and isinstance(place[0][place[1]], (str, int, float))
    return False


def _guards(bench: Bench, guards: object) -> Guards:
    if not isinstance(guards, dict):
        return Guards()
    for key in ("rule", "together"):
        check_guard(bench, guards, key)
    rule, together = guards.get("rule"), guards.get("together")
    return Guards(
        guard_of(rule).over(DEFAULT_GUARD), None if together is None else guard_of(together)
    )


def _check_settings(bench: Bench, data: Mapping[str, Any], misfits: list[Misfit]) -> None:
    told = {misfit.pointer for misfit in misfits}
    for pointer, holder in _places(data):
        name, value = pointer[-1], holder[pointer[-1]]
        if not isinstance(value, str) or pointer in told:
            continue
        fault, _, hint = fault_of(name, value).partition("; ")
        if fault.startswith("must be"):
            bench.error(bench.at(holder, name), "out-of-range", f"`{name}` {fault}", hint=hint)
        elif fault:
            message = f"`{name}` can't be used: {fault}"
            bench.error(bench.at(holder, name), "bad-setting", message, hint=hint)


def _places(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Each setting that is to be looked at: where it stands, and the mapping that holds it."""
    yield from (((key,), data) for key in _SETTINGS if key in data)
    for top, inner, names in _nested(data):
        if isinstance(inner, dict):
            yield from (((*top, name), inner) for name in names if name in inner)


def _nested(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], object, tuple[str, ...]]]:
    yield ("twilio",), data.get("twilio"), _TWILIO
    yield ("notifications",), data.get("notifications"), ("timeout",)
    accounts = data.get("accounts")
    for alias, account in (accounts if isinstance(accounts, dict) else {}).items():
        yield ("accounts", alias), account, ("interval",)
