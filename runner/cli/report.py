"""Problems as people and tools read them: text with the line and a caret under it, or JSON."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import click
from msgspec import Struct

from runner.language.words import counted
from runner.problems import Problem

WIDTH = 100  # columns of a source line that are shown

_LINE_END = "\r\n|[\n\r\x85\u2028\u2029]"  # as the YAML reader counts lines
_TAB = "    "
_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


class Style(Struct, frozen=True):
    """How text is written: in colour or not, and how wide a source line may be."""

    colour: bool = False
    width: int = WIDTH

    def paint(self, text: str, **how: object) -> str:
        """The text in the given style, where colour is wanted."""
        return click.style(text, **how) if self.colour else text  # type: ignore[arg-type]


_PLAIN = Style()


def as_text(problems: Iterable[Problem], texts: Mapping[str, str], *, style: Style = _PLAIN) -> str:
    """Each problem with its source line, as far as `texts` (by path) has it."""
    problems = list(problems)
    paths = texts.keys() & {problem.position.path for problem in problems}
    lines = {path: re.split(_LINE_END, texts[path]) for path in paths}
    return "".join(
        _block(problem, lines.get(problem.position.path, []), style) for problem in problems
    )


def as_json(problems: Iterable[Problem]) -> str:
    """A list of objects, one a problem."""
    import json  # here, not above: most ask for text

    return json.dumps([as_object(problem) for problem in problems], indent=2, ensure_ascii=False)


def summary(problems: Sequence[Problem], files: int) -> str:
    """`3 files, 2 errors, 1 warning`; `3 files, no problems, 7 notes`."""
    counts = Counter(problem.severity for problem in problems)
    parts = [counted(counts[name], name) for name in ("error", "warning") if counts[name]]
    notes = [counted(counts["note"], "note")] if counts["note"] else []
    return ", ".join([counted(files, "file"), *(parts or ["no problems"]), *notes])


def one_line(problem: Problem, style: Style = _PLAIN) -> str:
    """`path:line:col: error: message; hint [code]`."""
    severity = style.paint(problem.severity, fg=_COLOURS[problem.severity], bold=True)
    said = "; ".join(part for part in (problem.message, problem.hint) if part)
    where = style.paint(f"{problem.position}:", bold=True)
    return f"{where} {severity}: {said} {style.paint(f'[{problem.code}]', dim=True)}"


def as_object(problem: Problem) -> dict[str, object]:
    """A problem as JSON has it."""
    return {
        "path": problem.position.path,
        "line": problem.position.line,
        "column": problem.position.column,
        "severity": problem.severity,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
    }


def _block(problem: Problem, lines: Sequence[str], style: Style) -> str:
    block = one_line(problem, style) + "\n"
    number = problem.position.line
    if number > len(lines) or not lines[number - 1].strip():
        return block
    source, before, marked = _window(lines[number - 1], problem, style.width)
    gutter = " " * len(str(number))
    caret = style.paint("^" + "~" * (marked - 1), fg=_COLOURS[problem.severity], bold=True)
    return f"{block}  {number} | {source}\n  {gutter} | {' ' * before}{caret}\n"


def _window(line: str, problem: Problem, width: int) -> tuple[str, int, int]:
    """The part of a line to show, and in columns what stands before the mark, and its width."""
    start = min(problem.position.column - 1, len(line))
    end = min(start + problem.position.width, len(line))
    cells = [_cell(character) for character in line]
    left, right = 0, len(line)
    if _columns(cells) > width:
        left = _left_edge(cells, start, end, width)
        right = _right_edge(cells, left, width)
    head, tail = "…" if left else "", "…" if right < len(line) else ""
    shown = head + "".join(text for text, _ in cells[left:right]).rstrip() + tail
    return (
        shown,
        len(head) + _columns(cells[left:start]),
        max(1, _columns(cells[start : min(end, right)])),
    )


def _left_edge(cells: Sequence[tuple[str, int]], start: int, end: int, width: int) -> int:
    """The first character to show, so that the mark is in sight with some text before it."""
    if _columns(cells[:end]) <= width - 1:
        return 0
    left, room = start, width // 3
    while left > 0 and room > 0:
        left -= 1
        room -= cells[left][1]
    return left


def _right_edge(cells: Sequence[tuple[str, int]], left: int, width: int) -> int:
    right, room = left, width - 2  # an ellipsis at either end
    while right < len(cells) and room >= cells[right][1]:
        room -= cells[right][1]
        right += 1
    return right


def _columns(cells: Sequence[tuple[str, int]]) -> int:
    return sum(width for _, width in cells)


def _cell(character: str) -> tuple[str, int]:
    """What stands for a character, and how many columns of a terminal that takes."""
    if character == "\t":
        return _TAB, len(_TAB)
    category = unicodedata.category(character)
    if category in ("Mn", "Me"):
        return character, 0
    if category in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return "\ufffd", 1  # it could move the cursor, or change the direction of writing
    return character, 2 if unicodedata.east_asian_width(character) in "WF" else 1
