"""What tests of timelines share: files in a folder, read and played as `callflow test` does."""

from __future__ import annotations

from pathlib import Path

from runner.cli.report import as_text
from runner.store.memory import MemoryStore
from runner.timeline.compare import Result, compare
from runner.timeline.player import Played, play
from runner.timeline.reader import read_tests

FLOW = """\
version: 1
flow: caps
rules:
  - id: cut
    match: {age: {gte: 30m}}
    then: [hangup]
  - id: warn
    match: {age: {gte: 25m}}
    then: [{say: Five minutes are left.}, {redirect: "https://example.com/more"}]
"""
HEAD = "version: 1\nflows: [flow.yaml]\npoll: 10s\ntests:\n"


def indented(text: str) -> str:
    """The lines of one test, without its dash, as they stand in a file."""
    lines = text.strip("\n").splitlines()
    return "\n".join(["  - " + lines[0], *("    " + line for line in lines[1:])]) + "\n"


def written(folder: Path, test: str, *, flow: str = FLOW, head: str = HEAD) -> Path:
    """A test file with one test, beside its flow."""
    (folder / "flow.yaml").write_text(flow)
    path = folder / "flow.test.yaml"
    path.write_text(head + indented(test))
    return path


def played(folder: Path, test: str, *, flow: str = FLOW, head: str = HEAD) -> Played:
    """What came of the one test of a file."""
    read = read_tests(written(folder, test, flow=flow, head=head))
    assert read.file is not None, as_text(read.problems, read.texts)
    return play(read.file.tests[0], read.file.flow_set, store=MemoryStore, watcher=None)


def result(folder: Path, test: str, *, flow: str = FLOW, head: str = HEAD) -> Result:
    """The same, set beside what was expected."""
    return compare(played(folder, test, flow=flow, head=head))


def acts(folder: Path, test: str, *, flow: str = FLOW, head: str = HEAD) -> list[str]:
    """`60s a warn done` of each act."""
    return [
        f"{act.at // 1000}s {act.call} {act.rule.partition('/')[2]} {act.outcome}"
        for act in played(folder, test, flow=flow, head=head).acts
    ]


def problems(path: Path) -> list[str]:
    """`line:column code` of each problem of a test file."""
    return [
        f"{problem.position.line}:{problem.position.column} {problem.code}"
        for problem in read_tests(path).problems
    ]
