"""GitHub annotations: each problem shown on its line of a pull request.

The form is that of GitHub's workflow commands: `::error file=…,line=…::message`, one a line. What
comes from a file is escaped, so that no file can end a line and begin a command of its own.
"""

from __future__ import annotations

from runner.cli.formats.findings import Findings, sentence
from runner.problems import Problem

_IN_MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
#: What GitHub calls otherwise.
_LEVELS = {"note": "notice"}
_IN_PROPERTY = {**_IN_MESSAGE, ":": "%3A", ",": "%2C"}


def as_annotations(findings: Findings, strict: bool) -> str:
    """One line a problem; nothing where there is none."""
    return "".join(_annotation(problem) for problem in findings.problems)


def _annotation(problem: Problem) -> str:
    position = problem.position
    properties = {
        "file": position.path.replace("\\", "/"),
        "line": str(position.line),
        "endLine": str(position.line),
        "col": str(position.column),
        "endColumn": str(position.column + max(1, position.width) - 1),
        "title": problem.code,
    }
    where = ",".join(f"{key}={_escaped(text, _IN_PROPERTY)}" for key, text in properties.items())
    level = _LEVELS.get(problem.severity, problem.severity)
    return f"::{level} {where}::{_escaped(sentence(problem), _IN_MESSAGE)}\n"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(character, character) for character in text)
