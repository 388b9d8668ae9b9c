"""Files and folders to one set of flows, or to every problem of every file at once."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runner.language import source
from runner.language.analysis import WARNINGS, analyse
from runner.language.compiler import compile_flow
from runner.language.config import Config, compile_config
from runner.language.files import Files
from runner.language.folders import find_flows
from runner.language.ignores import Sources, settle
from runner.language.words import bounded_guesses, shown
from runner.model import Flow, FlowSet, Millis
from runner.problems import Position, Problem
from runner.settings import RunSettings

__all__ = ["Config", "Loaded", "load", "load_config"]

#: A problem is shown with the line it is on; what is marked under this code no log is to show.
_SECRET = "secret-in-flow"
_LINE_END = re.compile(r"(\r\n|[\r\n])")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the files.

    `flow_set` is None where there is any error: flows come into force together or not at all.
    `texts` holds what was read, with stars for secrets that stand in a flow, and `files` the
    SHA-256 of it, by path; list files included.
    """

    flow_set: FlowSet | None
    problems: tuple[Problem, ...]
    texts: Mapping[str, str]
    files: Mapping[str, str]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems because of which there is no flow set."""
        return tuple(problem for problem in self.problems if problem.is_error)


def load(paths: Sequence[Path], *, poll: Millis | None = None) -> Loaded:
    """Loads flow files, and folders of them with all their subfolders, in sorted order.

    Passes over hidden files, `*.test.yaml` and `callflow.yaml`. Never raises for what a file is
    or holds: that is what `problems` is for. `poll` is the time between two polls, which decides
    whether a `for` can be seen to hold; None is the default one.
    """
    found, problems = find_flows(paths)
    files, flows = Files(), []
    poll = RunSettings().interval if poll is None else poll
    with _without_collecting():
        for path in found:
            flow, its_problems = _load_one(path, files, poll)
            problems.extend(its_problems)
            if flow is not None:
                flows.append(flow)
    problems.extend(_duplicates(flows))
    with bounded_guesses():
        problems = settle(problems, Sources(files.texts, frozenset(found), WARNINGS))
    for problem in problems:
        _hide(problem, files.texts)
    flow_set = None
    if not any(problem.is_error for problem in problems):
        flow_set = FlowSet(tuple(flows), dict(files.digests))
    return Loaded(flow_set, tuple(sorted(set(problems))), files.texts, files.digests)


def _hide(problem: Problem, texts: dict[str, str]) -> None:
    """Puts stars over what a problem marks, where that is a secret."""
    where = problem.position
    if problem.code == _SECRET and where.path in texts:
        parts = _LINE_END.split(texts[where.path])  # lines, and what ends each
        line, start = parts[2 * where.line - 2], where.column - 1
        end = start + where.width
        parts[2 * where.line - 2] = line[:start] + "*" * len(line[start:end]) + line[end:]
        texts[where.path] = "".join(parts)


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Loading makes objects by the million and next to no cycles: looking for those takes a
    fifth of the time, and finds nothing.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def load_config(path: Path, files: Files | None = None) -> Config:
    """Loads a configuration file, and the lists it names; what isn't written isn't in `data`.

    `files` takes up what is read; it too gets to see no secret.
    """
    files = Files() if files is None else files
    return compile_config(str(path), _read(str(path), files), files)


def _load_one(path: str, files: Files, poll: Millis) -> tuple[Flow | None, list[Problem]]:
    reading = _read(path, files)
    if reading.document is None:
        return None, reading.problems
    with bounded_guesses():
        compiled = compile_flow(reading.document, files)
    problems = compiled.problems
    if compiled.flow is not None:
        problems = [*problems, *analyse(compiled.flow, reading.document, poll=poll)]
    return compiled.flow, problems


def _read(path: str, files: Files) -> source.Reading:
    content = files.read(path, largest=source.LARGEST)
    if isinstance(content, str):
        message = f"the file can't be read: {content}"
        return source.Reading(None, "", [Problem(Position(path, 1, 1), "unreadable", message)])
    reading = source.parse(path, content)
    files.texts[path] = reading.text
    return reading


def _duplicates(flows: Sequence[Flow]) -> list[Problem]:
    first: dict[str, Flow] = {}
    problems = []
    for flow in flows:
        other = first.setdefault(flow.name, flow)
        if other is not flow:
            message = f"the flow {shown(flow.name)} is already defined at {other.position}"
            hint = "give one of them another name; history is kept under it"
            problems.append(Problem(flow.position, "duplicate-flow", message, hint))
    return problems
