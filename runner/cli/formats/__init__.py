"""How machines are told of problems: one file a format, named in one table."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TypeAlias

from runner.cli.formats.findings import Findings

Write: TypeAlias = Callable[[Findings, bool], str]


def _later(module: str, name: str) -> Write:
    """The function of that name, whose module is imported once it is called."""

    def write(findings: Findings, strict: bool) -> str:
        found: Write = getattr(importlib.import_module(f"{__name__}.{module}"), name)
        return found(findings, strict)

    return write


#: Format → what writes all of it, to standard output, ending with a newline unless it is empty.
#: The second argument is `--strict`: whether a warning fails.
FORMATS: dict[str, Write] = {
    "json": _later("plain", "as_json"),
    "github": _later("github", "as_annotations"),
    "sarif": _later("sarif", "as_sarif"),
    "junit": _later("cases", "as_junit"),
}

__all__ = ["FORMATS", "Findings"]
