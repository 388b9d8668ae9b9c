"""Which files the given paths mean: flow files in sorted order, each once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from runner.language.files import reason
from runner.problems import Position, Problem

CONFIG_FILE = "callflow.yaml"
CONFIG_NAMES = (CONFIG_FILE, "callflow.yml")

_SUFFIXES = (".yaml", ".yml")
_OTHER_SUFFIXES = (".test.yaml", ".test.yml", ".scenario.yaml", ".scenario.yml")


def find_flows(paths: Sequence[Path]) -> tuple[list[str], list[Problem]]:
    """The flow files that paths name or contain, and the paths that name none."""
    found: dict[str, str] = {}  # real path → path as given, so that none is loaded twice
    problems: list[Problem] = []
    parents: dict[str, str] = {}
    for path in paths:
        before = len(problems)
        names = [name for name in _named(path, problems) if not is_other(name)]
        for name in names:
            found.setdefault(_real(name, parents), name)
        if not names and path.is_dir() and len(problems) == before:
            problems.append(_at(path, "no-flows", "there is no flow file in this folder"))
    return list(found.values()), problems


def is_other(name: str) -> bool:
    """True for a file that lies among flows and is none: a test, a scenario, the configuration."""
    return name.endswith(_OTHER_SUFFIXES) or os.path.basename(name) in CONFIG_NAMES


def _real(name: str, parents: dict[str, str]) -> str:
    """As `os.path.realpath`, but each folder on the way is looked at once, not once a file."""
    if os.path.islink(name):
        return os.path.realpath(name)
    parent, last = os.path.split(name)
    if parent not in parents:
        parents[parent] = os.path.realpath(parent)
    return os.path.join(parents[parent], last)


def _named(path: Path, problems: list[Problem]) -> Iterator[str]:
    if path.is_dir():
        if path.name.endswith(_SUFFIXES):
            problems.append(_folder_like_a_file(path))
        yield from _in_folder(path, problems)
    elif path.exists():
        yield str(path)
    else:
        message = "there is no such file or folder"
        problems.append(_at(path, "no-such-path", message, "look at the path and where you are"))


def _in_folder(folder: Path, problems: list[Problem]) -> Iterator[str]:
    def note(error: OSError) -> None:
        where = Path(str(error.filename))
        message = f"the folder can't be read: {reason(error)}"
        problems.append(_at(where, "unreadable", message))

    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if name.endswith(_SUFFIXES):
                problems.append(_folder_like_a_file(Path(parent, name)))
        below = str(Path(parent))
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                yield name if below == os.curdir else os.path.join(below, name)


def _folder_like_a_file(path: Path) -> Problem:
    return _at(path, "not-a-file", "this is a folder with the name of a flow file", "rename it")


def _at(path: Path, code: str, message: str, hint: str = "") -> Problem:
    return Problem(Position(str(path), 1, 1), code, message, hint)
