"""The five steps of CONTRIBUTING: what its words name, and what a person does who follows them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.contributing.checkout import ROOT
from tests.contributing.examples import Example

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it stands there: the paths that it names, and the commands that it has one run.

    NAME in a path stands for the action's; a path with `/` at its end for what is in that folder.
    """

    number: int
    paths: tuple[str, ...]
    commands: tuple[str, ...]

    def names(self, path: str, action: str) -> bool:
        """Whether somebody who reads it expects this file to change."""
        known = [each.replace("NAME", action) for each in self.paths]
        return any(path.startswith(each) if each.endswith("/") else path == each for each in known)


def section() -> str:
    """What CONTRIBUTING says of adding an action."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return text.partition("\n## Add an action\n")[2].partition("\n## ")[0]


def steps() -> tuple[Step, ...]:
    found = []
    for number, words in re.findall(r"^(\d)\. ((?:.|\n(?=   ))+)", section(), re.MULTILINE):
        code = [re.sub(r"\s+", " ", each) for each in re.findall(r"`([^`]+)`", words)]
        linked = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", words)]
        commands = tuple(each for each in code if each.startswith("python3 dev.py"))
        paths = (each for each in code if re.fullmatch(r"[\w.]+/[\w./-]*", each))
        found.append(Step(int(number), (*paths, *linked), commands))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that somebody writes: the step that asks for it, its file, and how it gets there.

    What the step's commands write has no `lay`.
    """

    step: int
    path: str
    lay: Callable[[Path, Example], None] | None = None
    beside: bool = False


def _file(path: Path, example: Example) -> None:
    source = (HERE / f"{example.name}.py").read_text(encoding="utf-8")
    path.write_text(source, encoding="utf-8")


def _row(path: Path, example: Example) -> None:
    name, constant = example.name, example.name.upper()
    text = path.read_text(encoding="utf-8")
    imports = re.findall(r"^from runner\.actions\..*\n", text, re.MULTILINE)
    more = [*imports, f"from runner.actions.{name} import {constant}\n"]
    text = text.replace("".join(imports), "".join(sorted(more)))
    path.write_text(text, encoding="utf-8")
    _before(path, f'    "{example.before}": ', f'    "{name}": {constant},\n')


def _schema(path: Path, example: Example) -> None:
    _before(path, f'        "{example.before}": {{\n', example.schema)


def _expected(path: Path, example: Example) -> None:
    """Into the list of what tests may expect, which begins with `say`."""
    _word(path, r'"say", [^\]]*?', example)


def _side(path: Path, example: Example) -> None:
    """Into the list of requests beside the update, which begins with `record`."""
    _word(path, r'\["record", [^\]]*?', example)


def _word(path: Path, list_to: str, example: Example) -> None:
    text = path.read_text(encoding="utf-8")
    pattern = rf'({list_to})("{example.before}")'
    text, count = re.subn(pattern, rf'\1"{example.name}", \2', text)
    assert count == 1
    path.write_text(text, encoding="utf-8")


def _forms(path: Path, example: Example) -> None:
    path.write_text(example.forms, encoding="utf-8")


def _line(path: Path, example: Example) -> None:
    _before(path, f"      - {example.before}: ", example.line)


def _bad(path: Path, example: Example) -> None:
    for name, text in example.bad.items():
        (path / f"{name}.yaml").write_text(text, encoding="utf-8")


def _tutorial(path: Path, example: Example) -> None:
    _before(path, f"| `{example.before}` |", example.tutorial)


def _change(path: Path, example: Example) -> None:
    _before(path, "- [FEATURE] Validate: ", example.change)


def _before(path: Path, start: str, more: str) -> None:
    """Puts text before the first line that begins so."""
    text = path.read_text(encoding="utf-8")
    at = f"\n{text}".index(f"\n{start}")
    path.write_text(text[:at] + more + text[at:], encoding="utf-8")


PIECES = (
    Piece(1, "runner/actions/NAME.py", _file),
    Piece(2, "runner/actions/__init__.py", _row),
    Piece(3, "schemas/flow.schema.json", _schema),
    Piece(3, "schemas/test.schema.json", _expected),
    Piece(3, "schemas/test.schema.json", _side, beside=True),
    Piece(4, "tests/actions/wire/NAME.yaml", _forms),
    Piece(4, "tests/actions/wire/NAME.wire"),
    Piece(4, "tests/golden/ok/every-action.yaml", _line),
    Piece(4, "tests/golden/bad/", _bad),
    Piece(5, "docs/tutorial.md", _tutorial),
    Piece(5, "docs/reference.md"),
    Piece(5, "CHANGELOG.md", _change),
)
