"""A JSON list for programs of your own; `--strict` changes the exit code alone."""

from __future__ import annotations

from runner.cli import report
from runner.cli.formats.findings import Findings


def as_json(findings: Findings, strict: bool) -> str:
    """A list of objects, one a problem."""
    return report.as_json(findings.problems) + "\n"
