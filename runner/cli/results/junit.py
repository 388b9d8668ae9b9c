"""JUnit XML, which every CI system reads: suites of cases, some with a failure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# What XML 1.0 has no way to write, escaped or not.
_NOT_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a case failed: `message` in a line, `kind` a stable word, `text` as long as it takes."""

    message: str
    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a suite; `line` of the suite's file, 0 where there is none to name.

    `took_ms` is left out of the document where it is None, so that the same run gives the same
    bytes. `output` is shown beside a case that passed, or failed.
    """

    name: str
    failure: Failure | None = None
    output: str = ""
    line: int = 0
    took_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one file."""

    path: str
    cases: tuple[Case, ...]


def as_xml(name: str, suites: Sequence[Suite]) -> str:
    """The whole document, `name` being the tool's; ends with a newline."""
    # Here, not above: only this format pays for the import.
    from xml.etree.ElementTree import Element, indent, tostring

    root = Element("testsuites", _totals(name, [case for s in suites for case in s.cases]))
    for suite in suites:
        root.append(_suite(suite))
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _suite(suite: Suite) -> Element:
    from xml.etree.ElementTree import Element, SubElement

    element = Element("testsuite", _totals(suite.path, suite.cases))
    for case in suite.cases:
        below = SubElement(element, "testcase", _attributes(suite, case))
        if case.failure is not None:
            why = {"message": _clean(case.failure.message), "type": _clean(case.failure.kind)}
            SubElement(below, "failure", why).text = _clean(case.failure.text) or None
        if case.output:
            SubElement(below, "system-out").text = _clean(case.output)
    return element


def _totals(name: str, cases: Sequence[Case]) -> dict[str, str]:
    failures = sum(case.failure is not None for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": "0"}
    took = [case.took_ms for case in cases if case.took_ms is not None]
    return {"name": _clean(name), **counts, **({"time": _seconds(sum(took))} if took else {})}


def _attributes(suite: Suite, case: Case) -> dict[str, str]:
    attributes = {
        "name": _clean(case.name),
        "classname": _clean(suite.path),
        "file": _clean(suite.path),
    }
    if case.line:
        attributes["line"] = str(case.line)
    if case.took_ms is not None:
        attributes["time"] = _seconds(case.took_ms)
    return attributes


def _seconds(millis: int) -> str:
    return f"{millis // 1000}.{millis % 1000:03}"


def _clean(text: str) -> str:
    return re.sub(_NOT_XML, "\ufffd", text)
