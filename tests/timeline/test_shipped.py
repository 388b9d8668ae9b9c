"""Every starter flow and every example has tests, and they show what they are there for."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.cli.main import run
from runner.language.schema import check
from runner.language.source import parse

ROOT = Path(__file__).parent.parent.parent
FOLDERS = [ROOT / "flows", *sorted(p for p in (ROOT / "examples").iterdir() if p.is_dir())]
TESTS = sorted([*ROOT.glob("flows/*.test.yaml"), *ROOT.glob("examples/*/*.test.yaml")])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_tests_of_a_folder_pass_and_reach_everything(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["test", str(folder), "--min-coverage", "100"])
    assert code == 0, capsys.readouterr().out


def test_every_starter_flow_has_its_own_test() -> None:
    flows = {p.stem for p in ROOT.glob("flows/*.yaml") if not p.name.endswith(".test.yaml")}
    assert flows == {p.name.removesuffix(".test.yaml") for p in ROOT.glob("flows/*.test.yaml")}


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_editors_find_the_schema_and_agree(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    schema = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / schema).resolve() == ROOT / "schemas" / "test.schema.json"
    document = parse(str(path), path.read_bytes()).document
    assert document is not None
    assert check(document, "test") == []
