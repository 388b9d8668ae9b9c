"""SARIF 2.1.0, which code scanning reads: the rules that were broken, and where.

Paths below the working folder are written relative to it, so that the same files give the same
bytes on every machine; any other is an absolute `file:` address.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runner import __version__
from runner.cli.formats.findings import Findings, sentence
from runner.language.codes import explained
from runner.problems import Position, Problem

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ROOT = "%SRCROOT%"


def as_sarif(findings: Findings, strict: bool) -> str:
    """One log with one run, also where nothing was found: that closes what was open."""
    codes = sorted({problem.code for problem in findings.problems})
    places = {code: index for index, code in enumerate(codes)}
    driver = {
        "name": "callflow",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(code) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder callflow ran in."}}},
        "results": [_result(problem, places) for problem in findings.problems],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _rule(code: str) -> dict[str, Any]:
    what, mend = explained(code)
    return {
        "id": code,
        "shortDescription": {"text": what},
        "help": {"text": f"{what} {mend}", "markdown": f"{what}\n\n{mend}"},
    }


def _result(problem: Problem, places: dict[str, int]) -> dict[str, Any]:
    return {
        "ruleId": problem.code,
        "ruleIndex": places[problem.code],
        "level": problem.severity,
        "message": {"text": _message(sentence(problem))},
        "locations": [{"physicalLocation": _location(problem.position)}],
    }


def _message(text: str) -> str:
    """A brace begins a placeholder in SARIF's messages; two are one brace."""
    return text.replace("{", "{{").replace("}", "}}")


def _location(position: Position) -> dict[str, Any]:
    region = {
        "startLine": position.line,
        "startColumn": position.column,
        "endLine": position.line,
        "endColumn": position.column + max(1, position.width),
    }
    return {"artifactLocation": _artifact(position.path), "region": region}


def _artifact(path: str) -> dict[str, str]:
    absolute = Path(os.path.abspath(path))
    if not absolute.is_relative_to(Path.cwd()):
        return {"uri": absolute.as_uri()}
    below = absolute.relative_to(Path.cwd())
    return {"uri": quote(os.fsencode(below.as_posix())), "uriBaseId": _ROOT}
