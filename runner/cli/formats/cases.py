"""Problems as JUnit cases: what fails there is what makes the command fail."""

from __future__ import annotations

from runner.cli import report
from runner.cli.formats.findings import Findings, sentence
from runner.cli.results.junit import Case, Failure, Suite, as_xml
from runner.problems import Problem


def as_junit(findings: Findings, strict: bool) -> str:
    """A suite a file: one case for each problem, or a single one that passed."""
    suites = [Suite(path, _cases(path, findings, strict)) for path in findings.paths]
    return as_xml("callflow validate", suites)


def _cases(path: str, findings: Findings, strict: bool) -> tuple[Case, ...]:
    own = [problem for problem in findings.problems if problem.position.path == path]
    return tuple(_case(problem, findings, strict) for problem in own) or (Case("no problems"),)


def _case(problem: Problem, findings: Findings, strict: bool) -> Case:
    position = problem.position
    name = f"{problem.code} at {position.line}:{position.column}"
    text = report.as_text([problem], findings.texts)
    if not problem.fails(strict):
        return Case(name, output=text, line=position.line)
    return Case(name, Failure(sentence(problem), problem.code, text), line=position.line)
