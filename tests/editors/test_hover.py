"""Hover explains each key, in Markdown, with an example."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from runner.language.source import parse
from tests.editors.lsp import Place, Server

ROOT = Path(__file__).parent.parent.parent
GOOD = sorted(ROOT.glob("tests/golden/ok/*.yaml"))
NAMES = ("flow", "config", "test")

Part = dict[str, Any]
Way = tuple[str | int, ...]


def schema_of(name: str) -> Part:
    schema: Part = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text())
    return schema


FLOW = schema_of("flow")


def merged(part: Part, schema: Part) -> Part:
    """A part with what it refers to; what stands beside a reference wins, as in the server."""
    name = str(part.get("$ref", "")).removeprefix("#/definitions/")
    return {**schema["definitions"][name], **part} if name else part


def keys(data: Any, part: Part, way: Way = ()) -> Iterator[tuple[Way, Part]]:
    """Each key of the data that the schema names: the way to it, and its part of the schema."""
    part = merged(part, FLOW)
    for branch in part.get("anyOf", ()):
        if merged(branch, FLOW).get("type") == {list: "array", dict: "object"}.get(type(data)):
            yield from keys(data, branch, way)
    if isinstance(data, list):
        for number, item in enumerate(data):
            yield from keys(item, part.get("items", {}), (*way, number))
    elif isinstance(data, dict):
        for key, value in data.items():
            inner = part.get("properties", {}).get(key)
            if inner is not None:
                yield (*way, key), merged(inner, FLOW)
            yield from keys(value, inner or part.get("additionalProperties") or {}, (*way, key))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_every_key_that_is_written(server: Server, project: Path, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    document = parse(str(path), text.encode()).document
    assert document is not None
    for way, part in keys(document.data, FLOW):
        place = document.find(way)
        assert place is not None
        where = document.key(*place)
        at = Place(where.line - 1, where.column)  # one into the word: columns there begin at 1
        shown = server.hover(project / "flows" / "new.yaml", text, at)
        assert shown is not None, way
        assert shown["contents"]["kind"] == "markdown"
        explained = part.get("markdownDescription") or part["description"]
        value = shown["contents"]["value"]
        assert explained in (value if "markdownDescription" in part else unescaped(value)), way


def unescaped(markdown: str) -> str:
    """What a reader sees where the server made Markdown of plain text."""
    return re.sub(r"\\([^\w\s])", r"\1", markdown)


def parts(node: Any, way: Way = ()) -> Iterator[tuple[Way, Part]]:
    """Each key that a schema knows, wherever it stands in the schema."""
    if isinstance(node, dict):
        found = node.get("properties")
        if isinstance(found, dict) and "definitions" not in way[-1:]:
            yield from (((*way, key), part) for key, part in found.items())
        for key, inner in node.items():
            yield from parts(inner, (*way, key))
    elif isinstance(node, list):
        for number, inner in enumerate(node):
            yield from parts(inner, (*way, number))


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_described(name: str) -> None:
    schema = schema_of(name)
    bare = [way for way, part in parts(schema) if not merged(part, schema).get("description")]
    assert bare == []


def test_every_key_of_a_flow_has_an_example() -> None:
    def has_one(part: Part) -> bool:
        part = merged(part, FLOW)
        lines = part.get("markdownDescription", "")
        return "examples" in part or "const" in part or "```yaml" in lines or "\n- `" in lines

    assert [way for way, part in parts(FLOW) if not has_one(part)] == []


@pytest.mark.parametrize("name", NAMES)
def test_code_in_a_description_is_shown_as_code(name: str) -> None:
    """The server shows the signs of Markdown in a plain `description` as they are written."""
    schema = schema_of(name)
    plain = [
        way
        for way, part in parts(schema)
        if "`" in merged(part, schema).get("description", "")
        and "markdownDescription" not in merged(part, schema)
    ]
    assert plain == []


@pytest.mark.parametrize("name", NAMES)
def test_no_branch_of_a_choice_hides_its_key(name: str) -> None:
    """Hover shows the first description that it finds, and a branch comes before the key."""
    schema = schema_of(name)
    hidden = [
        way
        for way, part in parts(schema)
        if "description" in merged(part, schema)
        for branch in merged(part, schema).get("anyOf", ())
        if "description" in merged(branch, schema)
    ]
    assert hidden == []


@pytest.mark.parametrize("name", NAMES)
def test_no_example_is_a_mapping(name: str) -> None:
    """The server offers such an example as a value, under the label `[object Object]`."""
    found = [
        way
        for way, part in parts(schema_of(name))
        if any(isinstance(example, dict) for example in part.get("examples", ()))
    ]
    assert found == []


def fences(schema: Part) -> Iterator[tuple[Way, str]]:
    for way, part in parts(schema):
        for block in merged(part, schema).get("markdownDescription", "").split("```yaml\n")[1:]:
            yield way, block.split("\n```")[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_key_uses_it(name: str) -> None:
    for way, text in fences(schema_of(name)):
        data = yaml.safe_load(text)
        assert isinstance(data, dict), way
        assert str(way[-1]) in text, way
