"""What an editor does with a completion: the text after the user has taken it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.editors.lsp import Place

#: Stands in a text for the cursor.
CURSOR = "¦"

_TAB_STOP = re.compile(
    r"\\(?P<escaped>[$}\\])"
    r"|\$\{\d+:(?P<default>(?:\\.|[^}\\])*)\}"
    r"|\$\{\d+\|(?P<choice>[^,|]*)[^|]*\|\}"
    r"|\$\{?\d+\}?"
)


@dataclass(frozen=True, slots=True)
class Marked:
    """A text without its cursor mark, and where the mark was."""

    text: str
    at: Place


def marked(text: str) -> Marked:
    """Reads a text with one cursor mark in it."""
    offset = text.index(CURSOR)
    return Marked(text.replace(CURSOR, "", 1), Place.of(text, offset))


def expand(snippet: str) -> str:
    """A snippet with what its tab stops propose, which is nothing for some."""

    def value(found: re.Match[str]) -> str:
        if found["escaped"]:
            return found["escaped"]
        return expand(found["default"]) if found["default"] else found["choice"] or ""

    return _TAB_STOP.sub(value, snippet)


def accept(where: Marked, item: dict[str, Any]) -> str:
    """The text after a completion was taken, its lines indented as the line it began on."""
    edit = item["textEdit"]
    lines = where.text.split("\n")
    start, end = edit["range"]["start"], edit["range"]["end"]
    assert start["line"] == end["line"]
    line = lines[start["line"]]
    indent = line[: len(line) - len(line.lstrip(" "))][: start["character"]]
    new = expand(edit["newText"]).replace("\n", "\n" + indent)
    lines[start["line"]] = line[: start["character"]] + new + line[end["character"] :]
    return "\n".join(lines)


def is_complete(item: dict[str, Any]) -> bool:
    """False for a completion that leaves a value to be typed, as `from: ` does."""
    last = expand(item["textEdit"]["newText"]).rstrip().split("\n")[-1]
    return not re.search(r"(^|\s)-$|:$", last)
