"""Named lists: values written in the flow, or one a line in a text file beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runner.language.bench import Bench, Entry
from runner.language.files import Files
from runner.language.source import Place, decode
from runner.problems import Position, Problem

LARGEST = 16 * 1024 * 1024  # bytes of a list file: about a million phone numbers

_LINE_END = r"\r\n|\r|\n"
_COMMENT = r"(^|\s)#.*"


def read_lists(
    bench: Bench, lists: Mapping[str, Any], files: Files
) -> dict[str, tuple[Entry, ...]]:
    """Every named list. One that can't be read is empty, its problem noted at its place."""
    return {name: tuple(_entries(bench, (lists, name), files)) for name in lists}


def list_files(flow: str, lists: Mapping[str, Any]) -> list[str]:
    """The paths of the files that a flow's lists name, in the order they are written in."""
    return [beside(flow, value["file"]) for value in lists.values() if isinstance(value, dict)]


def _entries(bench: Bench, place: Place, files: Files) -> Iterator[Entry]:
    value = place[0][place[1]]
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, str):
                yield Entry(item, bench.at(value, index))
    elif isinstance(value, dict) and isinstance(value.get("file"), str):
        yield from file_entries(bench, (value, "file"), files)


def file_entries(bench: Bench, place: Place, files: Files) -> Iterator[Entry]:
    """What stands in the file that a place names; nothing, and a problem, where it has no use."""
    name = place[0][place[1]]
    path = beside(bench.document.path, name)
    read = files.read(path, largest=LARGEST)
    if isinstance(read, str):
        bench.error(bench.at(*place), "list-file", f"the list file {path} can't be read: {read}")
        return
    text, problem = decode(path, read, largest=LARGEST)
    files.texts[path] = text
    if problem is not None:
        _pass_on(bench, place, problem)
        return
    for number, line in enumerate(re.split(_LINE_END, text), start=1):
        value = re.sub(_COMMENT, "", line).strip()
        if value:
            column = line.index(value) + 1
            yield Entry(value, Position(path, number, column, len(value)))


def beside(flow: str, name: str) -> str:
    """The path of a file that another one names, relative to itself."""
    return str(Path(flow).parent / name)


def _pass_on(bench: Bench, place: Place, problem: Problem) -> None:
    """Names the file's fault at the place that names the file, where its author looks."""
    message = f"the list file {problem.position.path} can't be used: {problem.message}"
    where = f" (line {problem.position.line})" if problem.code == "not-utf8" else ""
    bench.error(bench.at(*place), "list-file", message + where, hint=problem.hint)
