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
    for path in paths:
        before = len(problems)
        names = [each for each in _named(path, problems) if not is_other(each[0])]
        for name, real in names:
            found.setdefault(real, name)
        if not names and path.is_dir() and len(problems) == before:
            problems.append(_at(path, "no-flows", "there is no flow file in this folder"))
    return list(found.values()), problems


def is_other(name: str) -> bool:
    """True for a file that lies among flows and is none: a test, a scenario, the configuration."""
    return name.endswith(_OTHER_SUFFIXES) or os.path.basename(name) in CONFIG_NAMES


def _named(path: Path, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    """The files that a path names or contains, each with its real path."""
    if path.is_dir():
        if path.name.endswith(_SUFFIXES):
            problems.append(_folder_like_a_file(path))
        yield from _in_folder(path, problems)
    elif path.exists():
        yield str(path), os.path.realpath(path)
    else:
        message = "there is no such file or folder"
        problems.append(_at(path, "no-such-path", message, "look at the path and where you are"))


def _in_folder(folder: Path, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    def note(error: OSError) -> None:
        where = Path(str(error.filename))
        message = f"the folder can't be read: {reason(error)}"
        problems.append(_at(where, "unreadable", message))

    for parent, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if name.endswith(_SUFFIXES):
                problems.append(_folder_like_a_file(Path(parent, name)))
        # Once a folder: to look anew at every part of the way to every file takes longer than
        # to read them all.
        here, there = str(Path(parent, "_"))[:-1], os.path.join(os.path.realpath(parent), "")
        for name in sorted(names):
            if name.endswith(_SUFFIXES) and not name.startswith("."):
                path = here + name
                yield path, os.path.realpath(path) if os.path.islink(path) else there + name


def _folder_like_a_file(path: Path) -> Problem:
    return _at(path, "not-a-file", "this is a folder with the name of a flow file", "rename it")


def _at(path: Path, code: str, message: str, hint: str = "") -> Problem:
    return Problem(Position(str(path), 1, 1), code, message, hint)
