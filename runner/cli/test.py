"""`callflow test`: plays the timeline tests of flows, in no time and without a network."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from runner.cli.exits import CLEAN, FINDINGS, USAGE, Failure
from runner.cli.options import option
from runner.cli.report import Style
from runner.cli.results import tested, tested_data, tested_text
from runner.language.folders import find_flows
from runner.language.loader import load
from runner.problems import Problem
from runner.store.memory import MemoryStore
from runner.timeline.compare import compare
from runner.timeline.coverage import Coverage
from runner.timeline.finding import NoTests, find_tests
from runner.timeline.player import play
from runner.timeline.reader import read_tests
from runner.timeline.records import TestFile

_EPILOG = """\b
Examples:
  callflow test
  callflow test flows/ --coverage --min-coverage 80
  callflow test flows/runaway-calls.test.yaml --format junit
"""


#: Format → what writes all of it; of text the files are told while they are played.
_FORMATS: dict[str, Callable[[tested.Report, Style], str]] = {
    "text": tested_text.report_text,
    "json": tested_data.as_json,
    "junit": tested_data.as_junit,
}


@click.command("test", epilog=_EPILOG, short_help="Play the timeline tests of flows, in no time.")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@option(
    "--format",
    "form",
    type=click.Choice(list(_FORMATS)),
    default="text",
    show_default=True,
    help="How results are written to standard output.",
)
@option("--coverage", is_flag=True, help="Say which rules and conditions the tests reach.")
@option(
    "--min-coverage",
    metavar="N",
    type=click.FloatRange(0, 100),
    help="Fail where they reach less than N percent; means --coverage too.",
)
def command(paths: tuple[Path, ...], form: str, coverage: bool, min_coverage: float | None) -> int:
    """Play the timeline tests of flows.

    PATH is a NAME.test.yaml or a folder of them, flows/ where none is given. Each test plays calls
    against the engine that `callflow run` uses, on a clock of its own, with nothing sent anywhere.
    It fails where anything expected does not happen, and where anything else does. Ends with 0
    where all pass, with 1 where one fails or a file can't be used.
    """
    paths = paths or (Path("flows"),)
    try:
        files = find_tests(paths)
    except NoTests as error:
        raise Failure(str(error), hint=error.hint, code=USAGE) from None
    wanted = Coverage() if coverage or min_coverage is not None else None
    tester = _Tester(wanted)
    style = Style(colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    results = []
    for result in tester.run(files):
        results.append(result)
        if form == "text":
            click.echo(tested_text.file_text(result, style), nl=False)
    uncounted = _count_untested(paths, wanted) if wanted is not None else []
    report = tested.Report(results, wanted, tuple(uncounted), min_coverage)
    click.echo(_FORMATS[form](report, style), nl=False)
    if form == "text":
        click.echo(tested.summary(report), err=True)
    return CLEAN if report.passed else FINDINGS


class _Tester:
    """Plays test files one after the other."""

    def __init__(self, coverage: Coverage | None) -> None:
        self._coverage = coverage or Coverage()
        self._counts = coverage is not None

    def run(self, files: Sequence[Path]) -> Iterator[tested.FileResult]:
        """What came of each file, as soon as it is known."""
        for path in files:
            read = read_tests(path)
            if read.file is None:
                yield tested.FileResult(str(path), problems=read.problems, texts=read.texts)
            else:
                yield tested.FileResult(str(path), tuple(self._play(read.file)))

    def _play(self, file: TestFile) -> Iterator[tested.TestResult]:
        if self._counts:
            self._coverage.add(file.flow_set)
        for test in file.tests:
            began = time.monotonic_ns()
            watch = self._coverage.watch(file.flow_set) if self._counts else None
            played = play(test, file.flow_set, store=MemoryStore, watcher=watch)
            if watch is not None:
                watch.done(played)
            took = (time.monotonic_ns() - began) // 1_000_000
            yield tested.TestResult(compare(played), took)


def _count_untested(paths: Sequence[Path], coverage: Coverage) -> list[Problem]:
    """Counts in the flows that no test loads; returns why some can't be counted."""
    folders = [path for path in paths if path.is_dir()]
    problems: list[Problem] = []
    for path in find_flows(folders)[0]:
        loaded = load([Path(path)])
        problems += loaded.errors
        if loaded.flow_set is not None:
            coverage.add(loaded.flow_set)
    return problems
