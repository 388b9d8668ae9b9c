"""How machines are told of problems: one file a format, named in one table."""

from __future__ import annotations

from collections.abc import Callable

from runner.cli.formats import cases, github, plain, sarif
from runner.cli.formats.findings import Findings

#: Format → what writes all of it, to standard output, ending with a newline unless it is empty.
#: The second argument is `--strict`: whether a warning fails.
FORMATS: dict[str, Callable[[Findings, bool], str]] = {
    "json": plain.as_json,
    "github": github.as_annotations,
    "sarif": sarif.as_sarif,
    "junit": cases.as_junit,
}

__all__ = ["FORMATS", "Findings"]
