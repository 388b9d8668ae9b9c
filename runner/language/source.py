"""Text to data with positions: one YAML file, read so strictly that it cannot hurt a number."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from msgspec import Struct, field
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    MappingEndEvent,
    MappingStartEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.nodes import Node

from runner.language.tree import DEEPEST, Composer, Pair, Tree, position_of
from runner.problems import Position, Problem

LARGEST = 1024 * 1024  # bytes

Pointer: TypeAlias = tuple[str | int, ...]
#: A dict or list of the data, and the key or index of a value in it.
Place: TypeAlias = tuple[Any, str | int]

_SAFE_DEPTH = 500  # what libyaml's composer, which recurses in C, surely has stack for
_OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Control characters that no text file holds; YAML itself allows tab, LF, CR and NEL.
_CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]"


class Document(Struct, frozen=True):
    """One file's data, and where everything in it stands.

    A place is named by the dict or list that holds it and its key or index there. `text` is what
    was read, for showing lines.
    """

    path: str
    text: str
    data: Any
    _root: Node
    _nodes: dict[int, Node]
    _pairs: dict[int, dict[str, Pair]]

    def start(self) -> Position:
        """Where the data begins."""
        return position_of(self.path, self._root)

    def value(self, holder: Any, key: str | int) -> Position:
        """Where the value under `key` stands."""
        if isinstance(key, int):
            return position_of(self.path, self._nodes[id(holder)].value[key])
        return position_of(self.path, self._pairs[id(holder)][key][1])

    def key(self, holder: Any, key: str | int) -> Position:
        """Where the key itself stands; for an item of a list, the item."""
        if isinstance(key, int):
            return position_of(self.path, self._nodes[id(holder)].value[key])
        return position_of(self.path, self._pairs[id(holder)][key][0])

    def of(self, holder: Any) -> Position:
        """Where a dict or list itself stands."""
        return position_of(self.path, self._nodes[id(holder)])

    def last_line(self, holder: Any, key: str | int) -> int:
        """The line on which the value under `key` ends, counted from 1."""
        mark = self._node(holder, key).end_mark
        return int(mark.line) + (mark.column > 0)

    def written(self, holder: Any, key: str | int) -> str:
        """A scalar as its author wrote it, quotes removed."""
        return str(self._node(holder, key).value)

    def extent(self, holder: Any, key: str | int) -> tuple[int, int]:
        """Where in `text` the value under `key` begins and ends."""
        node = self._node(holder, key)
        return node.start_mark.index, node.end_mark.index

    def key_extent(self, holder: Any, key: str) -> tuple[int, int]:
        """Where in `text` the key itself begins and ends."""
        node = self._pairs[id(holder)][key][0]
        return node.start_mark.index, node.end_mark.index

    def find(self, pointer: Sequence[str | int]) -> Place | None:
        """The holder and key that a pointer leads to; None for the file's whole data."""
        holder, found = self.data, None
        for step in pointer:
            found = (holder, step)
            holder = holder[step]
        return found

    def at(self, pointer: Sequence[str | int]) -> Position:
        """Where the value that a pointer leads to stands."""
        place = self.find(pointer)
        return self.start() if place is None else self.value(*place)

    def _node(self, holder: Any, key: str | int) -> Node:
        if isinstance(key, int):
            item: Node = self._nodes[id(holder)].value[key]
            return item
        return self._pairs[id(holder)][key][1]


class Reading(Struct, frozen=True):
    """What became of a file: its document where it is sound YAML, and what is wrong with it."""

    document: Document | None
    text: str = ""
    problems: list[Problem] = field(default_factory=list)


def parse(path: str, content: bytes) -> Reading:
    """The content of one file as a document. `path` is the name that positions carry."""
    text, problem = decode(path, content)
    if problem is not None:
        return Reading(None, text, [problem])
    try:
        root = _compose(path, text)
    except MarkedYAMLError as error:
        from runner.language.faults import explain  # here, not above: few files pay for it

        return Reading(None, text, [explain(path, text, error)])
    except YAMLError:
        return Reading(None, text, [_control_character(path, text)])
    if isinstance(root, Problem):
        return Reading(None, text, [root])
    tree = Tree(path, repeats="*" in text and "&" in text)
    data = tree.build(root)
    if tree.problems:
        return Reading(None, text, tree.problems)
    return Reading(Document(path, text, data, root, tree.nodes, tree.pairs), text)


def decode(path: str, content: bytes, *, largest: int = LARGEST) -> tuple[str, Problem | None]:
    """UTF-8 text (a byte order mark, which some editors write, is dropped), or what is wrong."""
    here = Position(path, 1, 1)
    if len(content) > largest:
        size = f"{len(content):,} bytes"
        message = f"the file is larger than {largest // 1024 // 1024} MiB ({size})"
        return "", Problem(here, "too-large", message, "split it into several files")
    if content.startswith(_OTHER_ENCODINGS):
        return "", Problem(here, "not-utf8", "the file is UTF-16", "save it as UTF-8")
    if b"\0" in content:
        return "", Problem(here, "binary", "this is a binary file, not text")
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        position = _position_after(path, before)
        message = f"the byte 0x{content[error.start]:02X} is not UTF-8"
        text = content.decode("utf-8", "replace")
        return text, Problem(position, "not-utf8", message, "save the file as UTF-8")


def _position_after(path: str, before: str) -> Position:
    line_start = max(before.rfind("\n"), before.rfind("\r")) + 1
    lines = len(re.findall(r"\r\n|\r|\n", before))
    return Position(path, lines + 1, len(before) - line_start + 1)


def _compose(path: str, text: str) -> Node | Problem:
    too_deep = None if _surely_shallow(text) else _first_too_deep(path, text)
    if too_deep is not None:
        return too_deep
    root = Composer(text).get_single_node()
    if root is None:
        return Problem(Position(path, 1, 1), "empty-file", "there is nothing in this file")
    return root


def _surely_shallow(text: str) -> bool:
    # Each level costs an opening bracket, or stands further right than the one around it (a list
    # may stand as far left as its key, which doubles what the columns allow).
    if text.count("[") + text.count("{") > _SAFE_DEPTH:
        return False
    return max(map(len, text.split("\n"))) < _SAFE_DEPTH


def _first_too_deep(path: str, text: str) -> Problem | None:
    """Looks at the events, which needs no stack, before anything recurses over them."""
    from runner.language.faults import mark_position

    composer, depth = Composer(text), 0
    while (event := composer.get_event()) is not None:
        if isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            depth += 1
        elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            depth -= 1
        if depth > DEEPEST:
            position = mark_position(path, event.start_mark)
            message = f"this is nested more than {DEEPEST} levels deep"
            return Problem(position, "too-deep", message, "flatten it")
    return None


def _control_character(path: str, text: str) -> Problem:
    found = re.search(_CONTROL, text)
    position = _position_after(path, text[: found.start()] if found else "")
    shown = f"U+{ord(found[0]):04X}" if found else "a control character"
    return Problem(
        position,
        "control-character",
        f"the control character {shown} can't stand in YAML",
        "remove it; inside double quotes it can be written as an escape",
    )
