"""Files and folders to one set of flows, or to every problem of every file at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from runner.language.analysis import WARNINGS
from runner.language.files import Files
from runner.language.ignores import Sources, settle
from runner.language.kept import Kept, Look, keep, look_at, read_document
from runner.language.words import bounded_guesses, shown
from runner.model import INTERVAL, Flow, FlowSet, Millis
from runner.problems import Problem

if TYPE_CHECKING:
    from runner.language.config import Config


class Loaded(Struct, frozen=True):
    """What became of the files.

    `flow_set` is None where there is any error: flows come into force together or not at all.
    `texts` holds what was read, with stars for secrets that stand in a flow, and `files` the
    SHA-256 of it, by path; list files included.
    """

    flow_set: FlowSet | None
    problems: tuple[Problem, ...]
    texts: Mapping[str, str]
    files: Mapping[str, str]
    #: For the next load.
    kept: Kept = field(default_factory=Kept)

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
    return load_again(look_at(paths), Kept(), poll=poll)


def load_again(look: Look, before: Kept, *, poll: Millis | None = None) -> Loaded:
    """As `load`, of what the look sees, and with the same result.

    Parses only what has changed since the load that kept `before`: an unchanged file's `Flow` is
    the same object.
    """
    with without_collecting():
        kept = keep(look, before, poll=INTERVAL if poll is None else poll)
    flows = [made.flow for made in kept.made.values() if made.flow is not None]
    found = [problem for made in kept.made.values() for problem in made.problems]
    ignores = [ignore for text in kept.texts.values() for ignore in text.ignores]
    with bounded_guesses():
        sources = Sources(ignores, kept.made.keys(), WARNINGS)
        problems = settle([*look.problems, *found, *_duplicates(flows)], sources)
    digests = _digests(look, kept)
    flow_set = None
    if not any(problem.is_error for problem in problems):
        flow_set = FlowSet(tuple(flows), digests)
    texts = {path: text.shown for path, text in kept.texts.items()}
    return Loaded(flow_set, tuple(sorted(set(problems))), texts, digests, kept)


def _digests(look: Look, kept: Kept) -> dict[str, str]:
    """The SHA-256 of all that was read, by path; what can't be read has none."""
    asked = (asked for made in kept.made.values() for asked in made.read_as)
    contents = ((path, look.disk.read(path, largest=largest)) for path, largest in asked)
    return {path: content.digest for path, content in contents if content.digest}


@contextmanager
def without_collecting() -> Iterator[None]:
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
    # Here, not above: whoever has flows alone to load needs none of it.
    from runner.language.config import compile_config

    files = Files() if files is None else files
    return compile_config(str(path), read_document(str(path), files), files)


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
