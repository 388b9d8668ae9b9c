"""What loading made of each file, kept for the next load: only what has changed is made again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from runner.language import source
from runner.language.analysis import analyse
from runner.language.compiler import compile_flow
from runner.language.files import Asked, Disk, Files
from runner.language.folders import find_flows
from runner.language.ignores import Ignore, ignores_of
from runner.language.words import bounded_guesses
from runner.model import Flow, Millis
from runner.problems import Position, Problem

#: A problem is shown with the line it is on; what is marked under this code no log is to show.
_SECRET = "secret-in-flow"
_LINE_END = "(\r\n|[\n\r\x85\u2028\u2029])"  # as the YAML reader counts lines


class Look(Struct, frozen=True):
    """Which flow files some paths mean, and what all files hold.

    Each is read once, so that what is compared is what is loaded.
    """

    found: Sequence[str]
    problems: Sequence[Problem]
    disk: Disk = field(default_factory=Disk)


class Made(Struct, frozen=True):
    """What one flow file was made into, and what it was made of.

    `read_as` has the stamp of all that was read for it: of the file itself, and of its lists.
    """

    flow: Flow | None
    problems: Sequence[Problem]
    read_as: Mapping[Asked, str]


class Text(Struct, frozen=True):
    """A file to be shown, with stars over its secrets, and the comments in it that silence."""

    shown: str
    ignores: Sequence[Ignore] = ()


class Kept(Struct, frozen=True):
    """What one load made: of every flow file, by path and in order, and the text of every file.

    `poll` is the time between two polls by which it judged. `anew` are the flow files that it
    parsed; the others are what the load before had made of them.
    """

    made: Mapping[str, Made] = field(default_factory=dict)
    texts: Mapping[str, Text] = field(default_factory=dict)
    poll: Millis = 0
    anew: Sequence[str] = ()


def look_at(paths: Sequence[Path]) -> Look:
    """What the paths mean now. Files are read when somebody asks for them."""
    return Look(*find_flows(paths))


def keep(look: Look, before: Kept, *, poll: Millis) -> Kept:
    """Makes every flow file that depends on anything that has changed; takes over the others."""
    load = _Load(look, before, poll)
    made: dict[str, Made] = {}
    texts: dict[str, Text] = {}
    anew = []
    for path in look.found:
        known = load.unchanged(path)
        if known is None:
            known, its_texts = load.make(path)
            texts |= its_texts
            anew.append(path)
        else:
            texts |= load.texts_of(known, path)
        made[path] = known
    return Kept(made, texts, poll, anew)


def read_document(path: str, files: Files) -> source.Reading:
    """The file as a document, or what is wrong with it."""
    content = files.read(path, largest=source.LARGEST)
    if isinstance(content, str):
        message = f"the file can't be read: {content}"
        return source.Reading(None, "", [Problem(Position(path, 1, 1), "unreadable", message)])
    reading = source.parse(path, content)
    files.texts[path] = reading.text
    return reading


class _Load:
    """One load: what it sees, and what the load before made."""

    def __init__(self, look: Look, before: Kept, poll: Millis) -> None:
        self._disk = look.disk
        self._poll = poll
        self._before = before if before.poll == poll else Kept()
        self._flows = frozenset(look.found)
        self._turned = self._flows ^ self._before.made.keys()

    def unchanged(self, path: str) -> Made | None:
        """What the file was made into before, if making it again would change nothing."""
        made = self._before.made.get(path)
        if made is None or not self._disk.agrees(made.read_as):
            return None
        # A list of others may have become a flow, or may be none any more.
        turned = self._turned and any(name in self._turned for name, _ in made.read_as)
        return None if turned else made

    def texts_of(self, made: Made, path: str) -> dict[str, Text]:
        """The texts that were read for a file that is unchanged."""
        texts = self._before.texts
        return {n: texts[n] for n, _ in made.read_as if n in texts and self._is_read_for(path, n)}

    def make(self, path: str) -> tuple[Made, dict[str, Text]]:
        """The file as it is now, and the texts that were read for it."""
        files = Files(disk=self._disk)
        flow, problems = self._compiled(path, files)
        texts = {}
        for name, text in files.texts.items():
            if self._is_read_for(path, name):
                ignores = tuple(ignores_of(name, text, is_yaml=name == path))
                texts[name] = Text(_without_secrets(name, text, problems), ignores)
        return Made(flow, problems, files.read_as), texts

    def _is_read_for(self, path: str, name: str) -> bool:
        """A flow file that is a list of another's too is shown as what it is, without secrets."""
        return name == path or name not in self._flows

    def _compiled(self, path: str, files: Files) -> tuple[Flow | None, list[Problem]]:
        reading = read_document(path, files)
        if reading.document is None:
            return None, reading.problems
        with bounded_guesses():
            compiled = compile_flow(reading.document, files)
        if compiled.flow is None:
            return None, compiled.problems
        warnings = analyse(compiled.flow, reading.document, poll=self._poll)
        return compiled.flow, [*compiled.problems, *warnings]


def _without_secrets(path: str, text: str, problems: Sequence[Problem]) -> str:
    """The text with stars over what problems mark in it, where that is a secret."""
    marked = [problem.position for problem in problems if problem.code == _SECRET]
    secrets = [where for where in marked if where.path == path]
    if not secrets:
        return text
    parts = re.split(_LINE_END, text)  # lines, and what ends each
    for where in secrets:
        line, start = parts[2 * where.line - 2], where.column - 1
        # What goes on in the next line has the width 1; problems show no more than this line.
        end = start + where.width if where.width > 1 else len(line)
        parts[2 * where.line - 2] = line[:start] + "*" * len(line[start:end]) + line[end:]
    return "".join(parts)
