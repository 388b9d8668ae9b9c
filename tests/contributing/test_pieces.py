"""Each action has all that the five steps of CONTRIBUTING give it; what is missing names its step.

Read from the files, so that it can be said of an action which is only half there.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
ROOM = ROOT / "runner" / "actions"


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def table() -> list[str]:
    """The names in the action table, whether or not what they stand for can be imported."""
    for node in ast.walk(ast.parse(text("runner/actions/__init__.py"))):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "ACTIONS":
            assert isinstance(node.value, ast.Dict)
            return [ast.literal_eval(key) for key in node.value.keys if key is not None]
    raise AssertionError("runner/actions/__init__.py has no table ACTIONS")


def kinds() -> Iterator[tuple[str, Any]]:
    """Every kind of action that a file of the room makes, with the file's name."""
    base = importlib.import_module("runner.actions.base")
    for path in sorted(ROOM.glob("*.py")):
        if path.stem != "__init__":
            module = importlib.import_module(f"runner.actions.{path.stem}")
            yield from ((path.name, k) for k in vars(module).values() if type(k) is base.ActionKind)


def properties(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["definitions"]["actionObject"]["properties"]
    return found


def test_step_1_its_file() -> None:
    wanted = re.findall(r"^from runner\.actions\.(\w+) ", text("runner/actions/__init__.py"), re.M)
    missing = [name for name in wanted if not (ROOM / f"{name}.py").is_file()]
    assert not missing, (
        f"step 1: the table names runner/actions/{missing[0]}.py, which is not there"
    )


def test_step_2_its_line() -> None:
    for file, kind in kinds():
        told = (
            f"step 2: the table of runner/actions/__init__.py has no line for {kind.name} ({file})"
        )
        assert kind.name in table(), told


def test_step_3_its_part_of_the_schema() -> None:
    flow, test = (json.loads(text(f"schemas/{name}.schema.json")) for name in ("flow", "test"))
    known = dict(kinds_by_name())
    told = "step 3: schemas/{}.schema.json {} {}"
    for name in table():
        assert name in properties(flow), told.format("flow", "says nothing of", name)
        assert properties(flow)[name].get("description"), told.format("flow", "leaves bare", name)
        expected = test["definitions"]["expectation"]["properties"]["then"]["items"]["enum"]
        assert name in expected, told.format("test", "lets no test expect", name)
        if not known[name].changes_call:
            sides = test["definitions"]["side"]["properties"]["then"]["enum"]
            assert name in sides, told.format("test", "has among its sides no", name)
    strange = sorted(properties(flow).keys() - set(table()))
    assert not strange, f"step 2: runner/actions/__init__.py has no line for {strange[0]}"


def kinds_by_name() -> Iterator[tuple[str, Any]]:
    for _, kind in kinds():
        yield kind.name, kind


def test_step_4_its_golden_pair() -> None:
    lines = text("tests/golden/ok/every-action.yaml")
    for name in table():
        pair = f"tests/actions/wire/{name}"
        for path in (f"{pair}.yaml", f"{pair}.wire"):
            assert (ROOT / path).is_file(), f"step 4: {path} is not there"
        told = f"step 4: tests/golden/ok/every-action.yaml has no line with {name}"
        assert re.search(rf"[-\[] *{name}\b", lines), told


def test_step_5_its_line_in_the_documents() -> None:
    places = (
        ("docs/tutorial.md", "| `{}` |"),
        ("docs/reference.md", "### `{}`\n"),
        ("CHANGELOG.md", "`{}"),
    )
    for name in table():
        for path, written in places:
            told = f"step 5: {path} does not have {name}"
            assert written.format(name) in text(path), told
