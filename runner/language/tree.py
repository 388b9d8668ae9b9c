"""YAML nodes to plain data by the core rules of YAML 1.2, remembering which node each came from."""

from __future__ import annotations

import operator
import re
from typing import Any, TypeAlias

from msgspec import Struct, field
from yaml._yaml import CParser
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from runner.language.words import shown
from runner.problems import Position, Problem

DEEPEST = 60  # levels of nesting; people stop reading at five
MOST_REPEATED = 10_000  # values that aliases may add to what is written

PLAIN, QUOTED, BRANCH = "plain", "quoted", "branch"

#: The nodes of a key and of its value.
Pair: TypeAlias = tuple[Node, Node]

_ABSENT = object()
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LONGEST_NUMBER = 300  # characters; Python refuses to read numbers without end
_NUMBER_STARTS = frozenset("+-.0123456789")
_NUMBER_ENDS = frozenset(".0123456789abcdefABCDEFnN")  # no duration in minutes or seconds has one
# The core rules read 014155501 as a number too; a leading zero is a dialled one, so it is text.
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]")
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
# Few files have any of these, so they are compiled when one is asked for.
_BASED = r"0(?:o[0-7]+|x[0-9a-fA-F]+)\Z"
_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z"
_SPECIAL = r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"


class Composer(CParser):
    """libyaml's composer, told to mark plain and quoted text instead of guessing at types."""

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:
        if kind is not ScalarNode:
            return BRANCH
        return PLAIN if implicit[0] else QUOTED

    # Nothing depends on the path to a node. Both are asked at every one, so they are functions that
    # do nothing and are written in C.
    descend_resolver = staticmethod(operator.is_)
    ascend_resolver = staticmethod(tuple)


def plain_value(text: str) -> Any:
    """What unquoted text means: null, a boolean, a number, or the text itself."""
    word = _WORDS.get(text, _ABSENT)
    if word is not _ABSENT:
        return word
    return _number(text) if text[0] in _NUMBER_STARTS else text


def _number(text: str) -> Any:
    if text[-1] not in _NUMBER_ENDS or _LEADING_ZERO.match(text) or len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.match(text):
        return int(text)
    if re.match(_BASED, text):
        return int(text, 0)
    if re.match(_FLOAT, text):
        return float(text)
    return float(text.replace(".", "", 1)) if re.match(_SPECIAL, text) else text


class Tree(Struct):
    """Builds the data of one file, and remembers where its parts come from.

    `nodes` maps the `id` of each dict and list to its node, and `pairs` that of each dict to the
    nodes of its keys and values. The ids are valid as long as the data lives, which whoever keeps
    these must see to.
    """

    path: str
    repeats: bool  # whether the text may hold aliases at all
    nodes: dict[int, Node] = field(default_factory=dict)
    pairs: dict[int, dict[str, Pair]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)
    _repeated: int = 0
    _full: bool = False

    def build(self, node: Node, depth: int = 0) -> Any:
        """The node's value. Problems are collected, and what is wrong becomes None."""
        if self.repeats and not self._may_repeat(node):
            return None
        if type(node) is ScalarNode:
            return self._scalar(node)
        if depth >= DEEPEST:
            self._too_deep(node)
            return None
        if node.tag is not BRANCH:  # but one of that name, which a file may hold
            self._tagged(node)
        data = (
            self._mapping(node, depth) if type(node) is MappingNode else self._sequence(node, depth)
        )
        self.nodes[id(data)] = node
        return data

    def _scalar(self, node: ScalarNode) -> Any:
        text, tag = node.value, node.tag
        if tag is PLAIN:
            # Most text is just that, which is told without another call.
            return plain_value(text) if text in _WORDS or text[0] in _NUMBER_STARTS else text
        if tag is not QUOTED:
            self._tagged(node)
        return text

    def _sequence(self, node: SequenceNode | Node, depth: int) -> list[Any]:
        return [self.build(item, depth + 1) for item in node.value]

    def _mapping(self, node: MappingNode, depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        pairs: dict[str, Pair] = {}
        for pair in node.value:
            key = pair[0]
            name = key.value if key.tag is PLAIN else None
            if name is None or name in _WORDS or name[0] in _NUMBER_STARTS:  # or an unusual key
                name = self._key(key)
                if name is None:
                    continue
            if name in pairs:
                self._twice(pairs[name][0], pair[0])
            else:
                pairs[name] = pair
                data[name] = self.build(pair[1], depth + 1)
        self.pairs[id(data)] = pairs
        return data

    def _key(self, node: Node) -> str | None:
        if isinstance(node, ScalarNode):
            name = self._scalar(node)
            if isinstance(name, str):
                return name
        if isinstance(node, MappingNode):
            self._braces(node)
            return None
        written = node.value if isinstance(node, ScalarNode) else ""
        self._problem(
            node,
            "key-not-text",
            f"the key {shown(written)} is not text" if written else "this key is not text",
            f"write it in quotes: {shown(written)}" if written else "a key is one plain word",
        )
        return None

    def _braces(self, node: MappingNode) -> None:
        """Text that begins with a placeholder and has no quotes is a mapping in a mapping."""
        self._problem(
            node,
            "key-not-text",
            "this key is not text: YAML reads `{` as the beginning of a mapping",
            "write text that begins with a placeholder in quotes: `'{{ from }}'`",
        )

    def _twice(self, first: Node, key: Node) -> None:
        line = first.start_mark.line + 1
        self._problem(
            key,
            "duplicate-key",
            f"the key {shown(key.value)} is here for the second time; the first is on line {line}",
            "keep one of them",
        )

    def _tagged(self, node: Node) -> None:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self._problem(node, "tag", f"the tag {tag} is not allowed", "remove it; flows need none")

    def _too_deep(self, node: Node) -> None:
        if not self._full:
            self._full = True
            self._problem(
                node,
                "too-deep",
                f"this is nested more than {DEEPEST} levels deep",
                "flatten it, and see that no alias (`*name`) stands inside what it names",
            )

    def _may_repeat(self, node: Node) -> bool:
        """Counts what aliases bring in again; past the limit nothing more is built."""
        if id(node) in self._seen:
            self._repeated += 1
        self._seen.add(id(node))
        if self._repeated > MOST_REPEATED and not self._full:
            self._full = True
            self._problem(
                node,
                "alias-expansion",
                f"the aliases of this file repeat more than {MOST_REPEATED} values",
                "write the values out, or name them once under `lists`",
            )
        return not self._full

    def _problem(self, node: Node, code: str, message: str, hint: str) -> None:
        self.problems.append(Problem(position_of(self.path, node), code, message, hint))


def position_of(path: str, node: Node) -> Position:
    """Where the node stands; a value of several lines is marked by the start of its first."""
    start, end = node.start_mark, node.end_mark
    if type(node) is MappingNode and node.value and not node.flow_style:
        end = node.value[0][0].end_mark
    line, column = start.line, start.column
    width = end.column - column if end.line == line else 1
    return Position(path, line + 1, column + 1, width if width > 1 else 1)
