"""`# callflow: ignore[code] reason`: warnings that somebody has looked at and means to keep.

A comment is what YAML takes for one: not a `#` in quotes or in a block of text. In a list file it
is what follows a `#`. Errors stay, whatever a comment says.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct
from yaml.error import YAMLError
from yaml.tokens import ScalarToken

from runner.language.tree import Composer
from runner.language.words import shown, suggestion
from runner.problems import Position, Problem

_MARK = r"(?<!\S)#[ \t]*callflow:[ \t]*ignore\b[ \t]*(\[[^\]]*\]?)?(.*)"
_CODE = r"[^\s,\[\]]+"
_LINE_END = "\r\n|[\n\r\x85\u2028\u2029]"  # as the YAML reader counts lines
_LIST_LINE_END = "\r\n|\r|\n"  # as the reader of list files does
_BETWEEN = " \t:-\u2013\u2014"  # what people put between the brackets and the reason

_BLOCKS = ("|", ">")
_OURS = ("ignore-without-reason", "unused-ignore", "unknown-code")

#: Lines and columns from 0.
_Span = tuple[tuple[int, int], tuple[int, int]]


class Ignore(Struct, frozen=True):
    """One comment: where it stands, the codes that it names with their places, and why."""

    position: Position
    codes: tuple[tuple[str, Position], ...]
    reason: str

    def silences(self, problem: Problem) -> bool:
        """Whether it silences this problem, which is on its line or the one below."""
        named = any(code == problem.code for code, _ in self.codes)
        return named and bool(self.reason) and not problem.is_error


class Sources(Struct, frozen=True):
    """Every comment that was read, which files are `flows`, and every `known` warning."""

    ignores: Sequence[Ignore]
    flows: Collection[str]
    known: Sequence[str]


def settle(problems: Sequence[Problem], sources: Sources) -> list[Problem]:
    """The problems without the silenced ones, and with what is wrong with the comments."""
    if not sources.ignores:
        return list(problems)
    lines = defaultdict[tuple[str, int], list[Problem]](list)
    for problem in problems:
        lines[problem.position.path, problem.position.line].append(problem)
    broken = {problem.position.path for problem in problems if problem.is_error}
    silent: set[Problem] = set()
    said: list[Problem] = []
    for ignore in sources.ignores:
        path, line = ignore.position.path, ignore.position.line
        near = [problem for at in (line, line + 1) for problem in lines.get((path, at), ())]
        silent.update(filter(ignore.silences, near))
        # An error keeps warnings from being looked for; those of a list come from any flow.
        complete = path not in broken if path in sources.flows else not broken
        said += _faults(ignore, near, complete=complete, known=sources.known)
    return [problem for problem in problems if problem not in silent] + said


def ignores_of(path: str, text: str, *, is_yaml: bool) -> Iterator[Ignore]:
    """The comments of a file that silence something."""
    if "callflow:" not in text:
        return
    lines = re.split(_LINE_END if is_yaml else _LIST_LINE_END, text)
    search = re.compile(_MARK).search
    spans: list[_Span] | None = None if is_yaml else []
    for number, line in enumerate(lines):
        mark = search(line)
        while mark is not None:
            spans = list(_quoted(text)) if spans is None else spans
            place = (number, mark.start())
            if not any(start <= place < end for start, end in spans):
                yield _ignore(path, number + 1, mark)
                break
            mark = search(line, mark.start() + 1)


def _quoted(text: str) -> Iterator[_Span]:
    """Where the texts of a YAML file stand, in which a `#` is nothing but a character."""
    scanner = Composer(text)
    try:
        while scanner.check_token():
            token = scanner.get_token()
            if isinstance(token, ScalarToken):
                start, end = token.start_mark, token.end_mark
                # A comment may stand behind the `|` that begins a block.
                begin = (
                    (start.line + 1, 0) if token.style in _BLOCKS else (start.line, start.column)
                )
                yield begin, (end.line, end.column)
    except YAMLError:
        return  # which is the file's problem, and told as such


def _ignore(path: str, line: int, mark: re.Match[str]) -> Ignore:
    codes = tuple(
        (code[0], Position(path, line, mark.start(1) + code.start() + 1, len(code[0])))
        for code in re.finditer(_CODE, mark[1] or "")
    )
    position = Position(path, line, mark.start() + 1, len(mark[0].rstrip()))
    return Ignore(position, codes, mark[2].strip(_BETWEEN))


def _faults(
    ignore: Ignore, near: Sequence[Problem], *, complete: bool, known: Sequence[str]
) -> Iterator[Problem]:
    """What is wrong with a comment; `complete` where all warnings about its file are known."""
    if not ignore.codes:
        message = "this names no warning to silence"
        hint = "name it in brackets: `# callflow: ignore[code] reason`"
        yield _warning(ignore.position, "unknown-code", message, hint)
    elif not ignore.reason:
        message = "this silences nothing, because it does not say why"
        hint = "write the reason behind the brackets: `# callflow: ignore[code] reason`"
        yield _warning(ignore.position, "ignore-without-reason", message, hint)
    for code, position in ignore.codes:
        if any(problem.is_error and problem.code == code for problem in near):
            message = f"{shown(code)} is an error, and errors can't be silenced"
            yield _warning(position, "unknown-code", message, "mend it, and remove this")
        elif code in _OURS:
            message = f"{shown(code)} is about comments like this one, and can't be silenced"
            yield _warning(position, "unknown-code", message, "mend the comment")
        elif code not in known:
            message = f"there is no warning {shown(code)}"
            hint = suggestion(code, known, "warnings")
            yield _warning(position, "unknown-code", message, hint)
        elif ignore.reason and complete and not any(each.code == code for each in near):
            message = f"there is no warning {shown(code)} here to silence"
            hint = "remove it, or move it to the line of the warning or the one above"
            yield _warning(position, "unused-ignore", message, hint)


def _warning(position: Position, code: str, message: str, hint: str) -> Problem:
    return Problem(position, code, message, hint, "warning")
