"""The key `never` of a configuration: calls that no flow may change.

Whoever mistypes a protected number protects nobody, so that what a flow's list is only warned of
is an error here, as is a list file that can't be read or that holds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from runner.addresses import (
    SCHEMES,
    is_address,
    probable_number,
    probable_start,
)
from runner.language.bench import Bench, Entry
from runner.language.files import Files
from runner.language.lists import beside, file_entries
from runner.language.words import shown, suggestion
from runner.never import Never, plain

_SHORT = re.compile(r"\d{2,6}\Z", re.ASCII)  # 988, 116117: dialled as they are
_START = re.compile(r"\+[1-9]\d{0,14}\Z", re.ASCII)
_SID = re.compile(r"AC[0-9a-f]{32}\Z")


def never_of(bench: Bench, never: object, files: Files, aliases: Collection[str]) -> Never:
    """What is protected; what is wrong with it is noted. `aliases` are the accounts' names."""
    if not isinstance(never, dict):
        return Never()
    numbers = [_number(bench, each) for each in _entries(bench, never, "numbers")]
    prefixes = [_prefix(bench, each) for each in _entries(bench, never, "prefixes")]
    lists = [_list(bench, never["lists"], each, files) for each in _indices(never, "lists")]
    return Never(
        numbers=frozenset(numbers),
        prefixes=tuple(prefixes),
        lists=tuple(lists),
        accounts=frozenset(_account(bench, e, aliases) for e in _entries(bench, never, "accounts")),
        directions=frozenset(each.value for each in _entries(bench, never, "directions")),
    )


def never_files(path: str, never: object) -> list[str]:
    """The paths of the list files that `never` names in the configuration at `path`."""
    if not isinstance(never, dict):
        return []
    return [beside(path, never["lists"][each]) for each in _indices(never, "lists")]


def _indices(never: Mapping[str, Any], key: str) -> list[int]:
    """Where text stands in the list under a key."""
    values = never.get(key)
    found = values if isinstance(values, list) else []
    return [index for index, value in enumerate(found) if isinstance(value, str) and value]


def _entries(bench: Bench, never: Mapping[str, Any], key: str) -> Iterator[Entry]:
    for index in _indices(never, key):
        yield Entry(never[key][index], bench.at(never[key], index))


def _list(bench: Bench, names: list[Any], index: int, files: Files) -> tuple[str, frozenset[str]]:
    before = len(bench.problems)
    entries = list(file_entries(bench, (names, index), files))
    if not entries and len(bench.problems) == before:
        # Also what a file looks like while an editor writes it.
        message = f"the list file {names[index]} holds nothing, and protects nobody"
        hint = "write a number into it, or remove it here"
        bench.error(bench.at(names, index), "empty-value", message, hint=hint)
    return names[index], frozenset(_number(bench, entry) for entry in entries)


def _number(bench: Bench, entry: Entry) -> str:
    if not is_address(entry.value) and not _SHORT.match(entry.value):
        guess = probable_number(entry.value)
        hint = f"did you mean {shown(guess)}?" if guess else _how(entry.value)
        message = f"{shown(entry.value)} is no phone number or address, and would protect nobody"
        bench.error(entry.position, "bad-number", message, hint=hint)
    return plain(entry.value)


def _how(text: str) -> str:
    if re.match(r"\+\d{1,6}\Z", text, re.ASCII):
        return "the beginning of numbers goes under `prefixes`"
    return "write +, the country code and the number, without spaces; or sip:…, client:…, 988"


def _prefix(bench: Bench, entry: Entry) -> str:
    text = plain(entry.value)
    is_party = entry.value.startswith(SCHEMES) and text
    if not is_party and not _START.match(entry.value):
        guess = probable_start(entry.value)
        hint = f"did you mean {shown(guess)}?" if guess else "write it like +1900, or sip:nurse"
        message = f"no phone number or address begins with {shown(entry.value)}"
        bench.error(entry.position, "bad-prefix", message, hint=hint)
    return text


def _account(bench: Bench, entry: Entry, aliases: Collection[str]) -> str:
    if entry.value not in aliases and not _SID.match(entry.value):
        message = f"there is no account {shown(entry.value)}"
        hint = suggestion(entry.value, list(aliases), "accounts")
        hint = hint or "write its SID, or name it under `accounts`"
        bench.error(entry.position, "unknown-account", message, hint=hint)
    return entry.value
