"""What makes a text no YAML at all, in the words of somebody who has to mend it."""

from __future__ import annotations

import re

from yaml._yaml import Mark as CMark
from yaml.error import Mark, MarkedYAMLError

from runner.language.words import shown
from runner.problems import Position, Problem

SYNTAX = "yaml-syntax"
_LINE_END = "\r\n|[\n\r\x85\u2028\u2029]"
_SPECIAL = {
    "@": "put the text in quotes",
    "`": "put the text in quotes",
    "%": "put the text in quotes",
}

#: A part of libyaml's own message → code, message, hint. `{line}` is where the construct began.
_EXPLAINED = (
    (
        "but found another document",
        "several-documents",
        "a second document begins here; a file holds one",
        "put it into a file of its own and remove the ---",
    ),
    (
        "found undefined alias",
        "unknown-alias",
        "this alias names no anchor that stands before it",
        "write &name at the first use; text that begins with * needs quotes",
    ),
    (
        "mapping values are not allowed",
        SYNTAX,
        "a second `:` here makes no sense to YAML",
        "put text that contains `: ` in quotes, and look at the indentation",
    ),
    (
        "could not find expected ':'",
        SYNTAX,
        "the line {line} is neither `key: value` nor a list item",
        "add the `:`, or look at the indentation and the quotes above",
    ),
    (
        "did not find expected key",
        SYNTAX,
        "this does not fit what began on line {line}",
        "look at the indentation and at the quotes of the line above",
    ),
    (
        "did not find expected '-' indicator",
        SYNTAX,
        "this does not continue the list that began on line {line}",
        "begin the item with `- ` under the others, or indent it to belong to the item above",
    ),
    (
        "did not find expected ',' or ']'",
        SYNTAX,
        "the `[` of line {line} is not closed before this",
        "add the missing `]` or `,`",
    ),
    (
        "did not find expected ',' or '}'",
        SYNTAX,
        "the `{{` of line {line} is not closed before this",
        "add the missing `}` or `,`",
    ),
    (
        "did not find expected node content",
        SYNTAX,
        "a value is missing here",
        "write the value, or remove the comma or bracket",
    ),
    (
        "found unexpected document indicator",
        SYNTAX,
        "the quoted text that began on line {line} is not closed before this",
        "add the closing quote",
    ),
    (
        "second occurrence",
        SYNTAX,
        "this anchor is here for the second time; the first is on line {line}",
        "give it another name",
    ),
    (
        "found unknown escape character",
        SYNTAX,
        "this escape is not one of YAML's",
        "write the backslash twice, or use single quotes, where nothing is escaped",
    ),
    (
        "block sequence entries are not allowed",
        SYNTAX,
        "a list can't begin here",
        "begin it on a line of its own",
    ),
    (
        "did not find expected <document start>",
        SYNTAX,
        "the text before this already was the whole document",
        "look at the indentation of this line",
    ),
)


def explain(path: str, text: str, error: MarkedYAMLError) -> Problem:
    """The problem behind an error of the YAML reader."""
    mark = error.problem_mark or error.context_mark
    position = _position(path, text, mark)
    character = _character(text, mark)
    said = error.problem or "this is not YAML"
    if "cannot start any token" in said:
        return _stray(position, character)
    if "unexpected end of stream" in said:
        # The end of the file says nothing; the quote that opens does.
        begin = mark_position(path, error.context_mark)
        return Problem(begin, SYNTAX, "the text in quotes never ends", "add the closing quote")
    if "mapping values are not allowed" in said and _is_first_key(text, mark):
        return _indented(position)
    begun = (error.context_mark.line + 1) if error.context_mark else position.line
    for part, code, message, hint in _EXPLAINED:
        if part in said or part in (error.context or ""):
            return Problem(position, code, message.format(line=begun), hint)
    if character == "\t":
        return _tab(position)
    return Problem(position, SYNTAX, f"this is not YAML: {said}")


def _is_first_key(text: str, mark: Mark | CMark | None) -> bool:
    """True where the `:` at the mark is the first of its line, and a line stands above it."""
    if mark is None or mark.line == 0:
        return False
    before = re.split(_LINE_END, text)[mark.line][: mark.column]
    return ":" not in before and before.startswith(" ")


def _indented(position: Position) -> Problem:
    return Problem(
        position,
        SYNTAX,
        "this key is indented as a part of the text above it",
        "move it under the key that it belongs to; text of several lines begins with `|`",
    )


def _stray(position: Position, character: str) -> Problem:
    if character == "\t":
        return _tab(position)
    message = f"a value can't begin with {shown(character)}"
    return Problem(position, SYNTAX, message, _SPECIAL.get(character, "put the text in quotes"))


def _tab(position: Position) -> Problem:
    return Problem(position, "tab", "a tab can't indent YAML", "use spaces, two for each level")


def mark_position(path: str, mark: Mark | CMark | None) -> Position:
    """A mark of the YAML reader, which counts from 0, as a position."""
    return Position(path, mark.line + 1, mark.column + 1) if mark else Position(path, 1, 1)


def _position(path: str, text: str, mark: Mark | CMark | None) -> Position:
    """The mark's place; a mark behind the last line moves to the end of the last text."""
    if mark is None:
        return Position(path, 1, 1)
    lines = re.split(_LINE_END, text)
    line, column = min(mark.line, len(lines) - 1), mark.column
    if line < mark.line or not lines[line].strip():
        while line > 0 and not lines[line].strip():
            line -= 1
        column = len(lines[line])
    return Position(path, line + 1, column + 1)


def _character(text: str, mark: Mark | CMark | None) -> str:
    if mark is None:
        return ""
    lines = re.split(_LINE_END, text)
    line = lines[mark.line] if mark.line < len(lines) else ""
    return line[mark.column : mark.column + 1]
