"""What `callflow test` found: files with problems or results, and coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from runner.language.words import counted
from runner.problems import Problem
from runner.timeline.compare import Result
from runner.timeline.coverage import Coverage


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test that was played, and how long that took."""

    __test__ = False  # pytest: a record, not a test class

    result: Result
    took_ms: int


@dataclass(frozen=True, slots=True)
class FileResult:
    """One test file: its results, or the problems because of which nothing was played."""

    path: str
    tests: tuple[TestResult, ...] = ()
    problems: Sequence[Problem] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """How many of its tests failed."""
        return sum(not test.result.passed for test in self.tests)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything. `uncounted` are problems of flows that coverage could not count."""

    files: Sequence[FileResult]
    coverage: Coverage | None = None
    uncounted: Sequence[Problem] = ()
    min_coverage: float | None = None

    @property
    def tests(self) -> int:
        """How many tests were played."""
        return sum(len(file.tests) for file in self.files)

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return sum(file.failed for file in self.files)

    @property
    def broken(self) -> int:
        """How many files could not be used."""
        return sum(bool(file.problems) for file in self.files)

    @property
    def lacking(self) -> str:
        """What coverage falls short of, "" where it doesn't."""
        if self.coverage is None or self.min_coverage is None:
            return ""
        percent = self.coverage.summary.percent
        if percent >= self.min_coverage:
            return ""
        return f"coverage is {shown_percent(percent)}, less than {self.min_coverage:g}%"

    @property
    def passed(self) -> bool:
        """Whether there is nothing to complain of."""
        return not (self.failed or self.broken or self.uncounted or self.lacking)


def shown_percent(percent: float) -> str:
    """`83.3%`, never rounded up: 99.96 is not 100%."""
    return f"{int(percent * 10) / 10:g}%"


def summary(report: Report) -> str:
    """`2 files, 7 tests: all passed`."""
    played = f"{counted(len(report.files), 'file')}, {counted(report.tests, 'test')}"
    parts = []
    if report.failed:
        parts.append(f"{report.tests - report.failed} passed, {report.failed} failed")
    if report.broken:
        parts.append(f"{counted(report.broken, 'file')} can't be used")
    if not parts:
        parts.append("all passed")
    if report.uncounted:
        parts.append("not all flows can be counted")
    if report.lacking:
        parts.append(report.lacking)
    return f"{played}: {'; '.join(parts)}"
