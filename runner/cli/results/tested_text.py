"""Test results for people: what was expected beside what was done, and why they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.cli.report import Style, as_text
from runner.cli.results.tested import FileResult, Report, TestResult, shown_percent
from runner.durations import format_duration
from runner.timeline.compare import Result, Row, TripRow
from runner.timeline.coverage import Coverage, Covered
from runner.timeline.records import Act, Expectation

#: Rows that a table shows at most; a test that differs in more is told in few.
MOST_ROWS = 20
_HEAD = ("time", "call", "rule", "actions")
_NOTHING = ("-", "", "", "")


def file_text(file: FileResult, style: Style) -> str:
    """One file: its problems, or each test and what is wrong with it."""
    if file.problems:
        return as_text(file.problems, file.texts, style=style)
    lines = [style.paint(file.path, bold=True)]
    for test in file.tests:
        lines += _test(test, style)
    return "\n".join(lines) + "\n"


def _test(test: TestResult, style: Style) -> Iterator[str]:
    result = test.result
    if result.passed:
        yield f"  {style.paint('ok', fg='green')}    {result.test.name}"
        return
    where = style.paint(str(result.test.position), dim=True)
    yield f"  {style.paint('FAIL', fg='red', bold=True)}  {result.test.name}  {where}"
    yield from failure(result, style)


def failure(result: Result, style: Style) -> Iterator[str]:
    """Trips that differ, the table of both sides, then each difference with its reasons."""
    for trip in result.trips:
        if not trip.fine:
            yield from _trip(trip, style)
    if result.rows or not result.trips:
        yield from _rows(result, style)


def _trip(trip: TripRow, style: Style) -> Iterator[str]:
    if trip.got is not None:
        at, got = format_duration(trip.got.at), trip.got
        head = f"at {at} the {got.guard} guard of {got.rule} trips, which was not expected"
        yield f"    {style.paint(head, bold=True)}"
        yield f"      {got.detail}"
        yield "      so nothing of it is sent, and the rule does nothing more in this test"
        yield f"      {got.hint};"
        said = f"{{at: {at}, rule: {got.rule}, guard: {got.guard}}}"
        yield f"      where it shall trip, the test says so: trips: [{said}]"
    elif trip.expected is not None:
        wanted, line = trip.expected, trip.expected.position.line
        named = f"at {format_duration(wanted.at)} the {wanted.guard} guard of {wanted.rule}"
        head = f"{named} was expected to trip, and did not (line {line})"
        yield f"    {style.paint(head, bold=True)}"


def _rows(result: Result, style: Style) -> Iterator[str]:
    wrong = [row for row in result.rows if not row.fine]
    rows = result.rows if len(result.rows) <= MOST_ROWS else wrong[:MOST_ROWS]
    yield from _table(rows, style)
    hidden = len(result.rows) - len(rows)
    if hidden:
        yield f"    (and {hidden} more; {len(wrong)} of {len(result.rows)} are wrong)"
    for row in wrong[:MOST_ROWS]:
        yield f"    {style.paint(_headline(row), bold=True)}"
        yield from (f"      {line}" for line in row.why)


def _table(rows: Sequence[Row], style: Style) -> Iterator[str]:
    cells = [(_HEAD, _HEAD), *((_cells(row.expected), _cells(row.got)) for row in rows)]
    widths = [[max(len(pair[s][i]) for pair in cells) for i in range(4)] for s in (0, 1)]
    expected = "expected".ljust(sum(widths[0]) + 6)
    yield style.paint(f"       {expected}  | got", dim=True)
    for number, pair in enumerate(cells):
        left, right = (_line(pair[side], widths[side]) for side in (0, 1))
        mark = " " if number == 0 or rows[number - 1].fine else "x"
        line = f"    {mark}  {left}  | {right}".rstrip()
        yield style.paint(line, fg="red") if mark == "x" else line


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))


def _cells(side: Expectation | Act | None) -> tuple[str, ...]:
    if side is None:
        return _NOTHING
    actions = ", ".join(side.then) if side.then is not None else "(any)"
    # What comes of it is worth a word only where it isn't the usual.
    outcome = "" if side.outcome == "done" else f" -> {side.outcome}"
    return format_duration(side.at), side.call, side.rule, actions + outcome


def _headline(row: Row) -> str:
    if row.expected is None:
        return f"{_named(row.got)} was not expected"
    line = f"(line {row.expected.position.line})"
    if row.got is None:
        return f"{_named(row.expected)} was expected, and nothing was done {line}"
    return f"{_named(row.expected)} differs in {', '.join(row.differs)} {line}"


def _named(side: Expectation | Act | None) -> str:
    return " ".join(_cells(side)[:3])


def report_text(report: Report, style: Style) -> str:
    """What stands below the files: coverage, where it is wanted."""
    if report.coverage is None:
        return ""
    return "\n".join(_coverage(report.coverage, style)) + "\n"


def _coverage(coverage: Coverage, style: Style) -> Iterator[str]:
    summary = coverage.summary
    points = f"{summary.reached} of {summary.points}"
    yield ""
    yield style.paint(f"coverage: {shown_percent(summary.percent)} ({points})", bold=True)
    for covered in coverage.rules:
        yield from _covered(covered, style)


def _covered(covered: Covered, style: Style) -> Iterator[str]:
    acted = "acted" if covered.acted else "matched, never acted" if covered.matched else "never met"
    seen = [both for c in covered.conditions for both in (c.seen_true, c.seen_false)]
    reached, points = covered.acted + sum(seen), 1 + len(seen)
    where = style.paint(str(covered.rule.position), dim=True)
    yield f"  {reached}/{points}  {covered.rule.key}: {acted}  {where}"
    for condition in covered.conditions:
        lacking = [
            word
            for word, was in (("true", condition.seen_true), ("false", condition.seen_false))
            if not was
        ]
        if lacking:
            place = style.paint(str(condition.position), dim=True)
            yield f"       {condition.words}: never seen {' or '.join(lacking)}  {place}"
