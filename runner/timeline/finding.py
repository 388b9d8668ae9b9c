"""Which files the given paths mean: test files in sorted order, each once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

SUFFIXES = (".test.yaml", ".test.yml")


class NoTests(Exception):
    """A path that is not there, or that is no test. `hint` says what to do about it."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def find_tests(paths: Sequence[Path]) -> list[Path]:
    """The test files that paths name or contain. Raises `NoTests` where there is none."""
    found: dict[str, Path] = {}  # by real path
    for path in paths:
        for test in _named(path):
            found.setdefault(os.path.realpath(test), test)
    if not found:
        where = ", ".join(map(str, paths))
        hint = f"a test is a file beside its flow, NAME{SUFFIXES[0]}; callflow schema test"
        raise NoTests(f"there is no test in {where}", hint=hint)
    return list(found.values())


def _named(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from _in_folder(path)
    elif not path.exists():
        raise NoTests(f"there is no file or folder {path}", hint="look at the path")
    elif path.name.endswith(SUFFIXES):
        yield path
    else:
        hint = f"the name of a test ends in {SUFFIXES[0]}"
        raise NoTests(f"{path} is no test file", hint=hint)


def _in_folder(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(SUFFIXES) and not name.startswith("."):
                yield Path(parent, name)
