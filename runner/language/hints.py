"""What a schema says of a key to people: its words, what is written there, its examples.

A *node* is the part of a schema that stands at a key. Editors read the same words on hover.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from runner.language.schema import SchemaName, text_of

Node = Mapping[str, Any]

_FENCE = re.compile(r"\n*```yaml\n(.*?)```\n*", re.DOTALL)
_VALUE = re.compile("^- `([^`]+)` \u2013 ", re.MULTILINE)
#: Text that YAML takes for text without quotes, as people write it: words, URLs, durations, times.
_PLAIN = re.compile(
    r"[A-Za-z][\w ./%=?&-]*(?:://[\w./%=?&-]+)?|\d+(?:ms|[smhd%])|[\d-]+T[\d:]+Z", re.ASCII
)
_WORDS = {"true", "false", "null"}  # which YAML reads as something else


@cache
def schema(name: SchemaName) -> dict[str, Any]:
    """The whole schema, as it ships."""
    loaded: dict[str, Any] = json.loads(text_of(name))
    return loaded


def whole(node: Node, name: SchemaName) -> dict[str, Any]:
    """The node with what it refers to; what stands at the node itself wins."""
    reference = node.get("$ref")
    if reference is None:
        return dict(node)
    target = schema(name)["definitions"][reference.removeprefix("#/definitions/")]
    own = {key: value for key, value in node.items() if key != "$ref"}
    found = whole(target, name)
    if "description" in own and "markdownDescription" not in own:
        found.pop("markdownDescription", None)
    return {**found, **own}


def branches(node: Node, name: SchemaName) -> Iterator[dict[str, Any]]:
    """The forms that a value may have: those of a choice, or the one."""
    full = whole(node, name)
    for choice in full.get("anyOf", ()):
        yield from branches(choice, name)
    if "anyOf" not in full:
        yield full


def properties(node: Node, name: SchemaName) -> dict[str, Node]:
    """The keys below: of a mapping, of each item of a list, of each named value."""
    return {k: v for branch in _below(node, name) for k, v in branch.get("properties", {}).items()}


def required(node: Node, name: SchemaName) -> frozenset[str]:
    """Those of the keys below that can't be left out."""
    return frozenset(key for branch in _below(node, name) for key in branch.get("required", ()))


def _below(node: Node, name: SchemaName) -> Iterator[dict[str, Any]]:
    for branch in branches(node, name):
        yield branch
        for below in (branch.get("items"), branch.get("additionalProperties")):
            if isinstance(below, dict):
                yield from _below(below, name)


def prose(node: Node, name: SchemaName) -> str:
    """What the key is for, in Markdown, without its examples."""
    full = whole(node, name)
    text = str(full.get("markdownDescription") or full.get("description", ""))
    return _FENCE.sub("\n\n", text).strip()


def examples(key: str, node: Node, name: SchemaName) -> tuple[str, ...]:
    """YAML that shows the key in use; empty where the schema has no example."""
    full = whole(node, name)
    text = str(full.get("markdownDescription", ""))
    fences = tuple(fence.strip() for fence in _FENCE.findall(text))
    if fences:
        return fences
    values = _VALUE.findall(text) or [written(value) for value in full.get("examples", ())]
    if not values:
        words = [full["const"]] if "const" in full else full.get("enum", ())
        values = [written(word) for word in words if word][:1]
    return tuple(f"{key}: {value}" for value in values)


def meanings(node: Node, name: SchemaName) -> dict[str, str]:
    """The words that the value may be, with what each means where the schema says so."""
    found: dict[str, str] = {}
    for branch in branches(node, name):
        words = [word for word in branch.get("enum", ()) if isinstance(word, str)]
        texts = branch.get("enumDescriptions", [""] * len(words))
        found.update(zip(words, texts, strict=False))
    return found


def form(node: Node, name: SchemaName) -> str:
    """What is written there, in a few words."""
    return " or ".join(dict.fromkeys(_form(branch, name) for branch in branches(node, name)))


def _form(branch: Node, name: SchemaName) -> str:
    if "const" in branch:
        return f"`{written(branch['const'])}`"
    if "enum" in branch:
        words = [f"`{written(word)}`" for word in branch["enum"] if word is not None]
        return ", ".join(words) if len(words) <= 7 else str(branch.get("title", "word"))
    kind = branch.get("type")
    if kind == "array":
        return f"a list ({form(branch['items'], name)})" if "items" in branch else "a list"
    if kind == "integer":
        return f"a whole number{_range(branch)}"
    if kind == "string":
        return str(branch.get("title", "text")) if "pattern" in branch else "text"
    return {"object": "a mapping", "boolean": "`true` or `false`"}.get(str(kind), "any value")


def _range(branch: Node) -> str:
    if "minimum" not in branch:
        return ""
    if "maximum" not in branch:
        return f", {branch['minimum']} or more"
    return f" from {branch['minimum']:,} to {branch['maximum']:,}"


def written(value: Any) -> str:
    """A value as it stands in a flow file, in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in _WORDS:
        return value
    if isinstance(value, str) and re.search(r'[\\"]', value) and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return json.dumps(value, ensure_ascii=False)
