"""Each action has all that the five steps of CONTRIBUTING give it; what is missing names its step.

Read from the files, so that it can be said of an action which is only half there.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Iterable, Iterator
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


def kinds() -> Iterator[tuple[str, str, Any]]:
    """Every kind of action that a file of the room makes: the file, its name, and itself."""
    base = importlib.import_module("runner.actions.base")
    for path in sorted(ROOM.glob("*.py")):
        if path.stem != "__init__":
            module = importlib.import_module(f"runner.actions.{path.stem}")
            made = [each for each in vars(module).values() if type(each) is base.ActionKind]
            yield from ((path.name, kind.name, kind) for kind in made)


def beside() -> list[str]:
    """The names of those that are requests beside the update."""
    return [name for _, name, kind in kinds() if not kind.changes_call]


def lacks(step: int, missing: Iterable[str]) -> None:
    """Fails with all that a step has left undone."""
    undone = list(missing)
    assert not undone, f"step {step} of CONTRIBUTING: " + "; ".join(undone)


def test_step_1_its_file() -> None:
    wanted = re.findall(r"^from runner\.actions\.(\w+) ", text("runner/actions/__init__.py"), re.M)
    files = [f"runner/actions/{name}.py" for name in wanted]
    lacks(1, (f"{file} is not there" for file in files if not (ROOT / file).is_file()))


def test_step_2_its_line() -> None:
    strange = [f"{name} of {file}" for file, name, _ in kinds() if name not in table()]
    lacks(2, (f"runner/actions/__init__.py has no line for {each}" for each in strange))


def test_step_3_its_part_of_the_schema() -> None:
    flow, test = (json.loads(text(f"schemas/{name}.schema.json")) for name in ("flow", "test"))
    parts = flow["definitions"]["actionObject"]["properties"]
    bare = [name for name in table() if not parts.get(name, {}).get("description")]
    lacks(3, (f"schemas/flow.schema.json doesn't say what {name} is" for name in bare))
    alone = [name for name, part in parts.items() if None in part.get("enum", ())]
    words = flow["definitions"]["bareAction"]["enum"]
    lacks(3, (f"{name} is no bare word in the schema" for name in alone if name not in words))
    acts = test["definitions"]["expectation"]["properties"]["then"]["items"]["enum"]
    sides = test["definitions"]["side"]["properties"]["then"]["enum"]
    lists = {"": (table(), acts), " beside the update": (beside(), sides)}
    lacks(
        3,
        (
            f"schemas/test.schema.json lets no test expect {name}{where}"
            for where, (names, known) in lists.items()
            for name in names
            if name not in known
        ),
    )


def test_step_4_its_golden_pair() -> None:
    every = "tests/golden/ok/every-action.yaml"
    pairs = [f"tests/actions/wire/{name}{end}" for name in table() for end in (".yaml", ".wire")]
    absent = [f"{path} is not there" for path in pairs if not (ROOT / path).is_file()]
    unseen = [name for name in table() if not re.search(rf"[-\[] *{name}\b", text(every))]
    lacks(4, [*absent, *(f"{every} has no line with {name}" for name in unseen)])


def test_step_5_its_line_in_the_documents() -> None:
    places = {
        "docs/tutorial.md": "| `{}` |",
        "docs/reference.md": "### `{}`\n",
        "CHANGELOG.md": "`{}",
    }
    lacks(
        5,
        (
            f"{path} has nothing of {name}"
            for path, written in places.items()
            for name in table()
            if written.format(name) not in text(path)
        ),
    )
