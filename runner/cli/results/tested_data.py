"""Test results for programs: JSON, and JUnit for CI servers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from runner.cli.report import Style, as_object, as_text
from runner.cli.results.junit import Case, Failure, Suite, as_xml
from runner.cli.results.tested import FileResult, Report, TestResult
from runner.cli.results.tested_text import failure, report_text
from runner.masking import bare_url, shown_request, written_target
from runner.timeline.compare import Result, Row, TripRow
from runner.timeline.coverage import Coverage, Covered
from runner.timeline.records import (
    Act,
    Expectation,
    ExpectedSide,
    ExpectedTrip,
    SideAct,
    Tripped,
)

_PLAIN = Style()


def as_json(report: Report, _style: Style) -> str:
    """One object; times are milliseconds of the timeline."""
    data: dict[str, Any] = {
        "passed": report.passed,
        "tests": report.tests,
        "failed": report.failed,
        "files": [_file(file) for file in report.files],
    }
    if report.coverage is not None:
        data["coverage"] = _coverage(report.coverage)
        data["min_coverage"] = report.min_coverage
        data["problems"] = [as_object(problem) for problem in report.uncounted]
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _file(file: FileResult) -> dict[str, Any]:
    return {
        "path": file.path,
        "problems": [as_object(problem) for problem in file.problems],
        "tests": [_test(test) for test in file.tests],
    }


def _test(test: TestResult) -> dict[str, Any]:
    result = test.result
    return {
        "name": result.test.name,
        "line": result.test.position.line,
        "passed": result.passed,
        "polls": result.polls,
        "took_ms": test.took_ms,
        "acts": [_row(row) for row in result.rows],
        "trips": [_trip(row) for row in result.trips],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "as_expected": row.fine,
        "expected": None if row.expected is None else _expected(row.expected),
        "got": None if row.got is None else _got(row.got),
        "differs": list(row.differs),
        "why": list(row.why),
    }


def _trip(row: TripRow) -> dict[str, Any]:
    expected, got = row.expected, row.got
    return {
        "as_expected": row.fine,
        "expected": expected and {**_trip_side(expected), "line": expected.position.line},
        "got": got and {**_trip_side(got), "detail": got.detail},
    }


def _trip_side(side: ExpectedTrip | Tripped) -> dict[str, Any]:
    return {"at_ms": side.at, "rule": side.rule, "guard": side.guard}


def _expected(side: Expectation) -> dict[str, Any]:
    sides = None if side.sides is None else [_wanted(each) for each in side.sides]
    return {**_side(side), "twiml": side.twiml, "sides": sides, "line": side.position.line}


def _got(side: Act) -> dict[str, Any]:
    sides = [_sent(each) for each in side.sides]
    return {**_side(side), "sides": sides, "why": side.why, "detail": side.detail}


def _wanted(side: ExpectedSide) -> dict[str, Any]:
    request = side.request
    if request is not None and "headers" in request:
        named = request["headers"]
        request = {**request, "headers": list(named) if isinstance(named, Mapping) else "..."}
    target = bare_url(side.target) if side.target and "://" in side.target else side.target
    return {**asdict(side), "target": target, "request": request}


def _sent(side: SideAct) -> dict[str, Any]:
    """One request beside the update, without what may be secret in it."""
    return {
        **asdict(side),
        "target": written_target(side.route, side.target),
        "request": shown_request(side.route, side.request),
    }


def _side(side: Expectation | Act) -> dict[str, Any]:
    request: Mapping[str, str] | None = side.request
    return {
        "at_ms": side.at,
        "call": side.call,
        "rule": side.rule,
        "then": None if side.then is None else list(side.then),
        "request": None if request is None else dict(request),
        "outcome": side.outcome,
        "shadow": side.shadow,
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    summary = coverage.summary
    return {
        "percent": round(summary.percent, 2),
        "reached": summary.reached,
        "points": summary.points,
        "rules": [_covered(covered) for covered in coverage.rules],
    }


def _covered(covered: Covered) -> dict[str, Any]:
    return {
        "rule": covered.rule.key,
        "position": str(covered.rule.position),
        "matched": covered.matched,
        "acted": covered.acted,
        "conditions": [
            {
                "condition": condition.words,
                "position": str(condition.position),
                "seen_true": condition.seen_true,
                "seen_false": condition.seen_false,
            }
            for condition in covered.conditions
        ],
    }


def as_junit(report: Report, _style: Style) -> str:
    """A suite for each file, a case for each test; coverage is a suite of its own."""
    suites = [Suite(file.path, tuple(_cases(file))) for file in report.files]
    if report.coverage is not None:
        suites.append(Suite("coverage", (_coverage_case(report),)))
    return as_xml("callflow test", suites)


def _cases(file: FileResult) -> list[Case]:
    if file.problems:
        first = file.problems[0]
        text = as_text(file.problems, file.texts)
        return [Case("can be played", Failure(first.message, first.code, text))]
    return [_case(test) for test in file.tests]


def _case(test: TestResult) -> Case:
    result, wrong = test.result, None
    if not result.passed:
        wrong = Failure(_message(result), "unexpected", "\n".join(failure(result, _PLAIN)))
    return Case(result.test.name, wrong, line=result.test.position.line, took_ms=test.took_ms)


def _message(result: Result) -> str:
    """`2 of 3 acts are not as expected`, and the same of trips where there are any."""
    parts = [
        f"{sum(not row.fine for row in rows)} of {len(rows)} {name}"
        for rows, name in ((result.rows, "acts"), (result.trips, "trips"))
        if not all(row.fine for row in rows)
    ]
    return f"{' and '.join(parts)} are not as expected"


def _coverage_case(report: Report) -> Case:
    text = report_text(report, _PLAIN)
    if report.uncounted:
        first = report.uncounted[0]
        return Case("coverage", Failure(first.message, first.code, as_text(report.uncounted, {})))
    if report.lacking:
        return Case("coverage", Failure(report.lacking, "coverage", text))
    return Case("coverage", output=text)
