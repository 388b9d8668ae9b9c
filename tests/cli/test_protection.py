"""Promises: what is protected is what lies on disk, and is parsed again only where that changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.cli.daemon.protection import Protection
from runner.engine.reload import Also
from runner.language.files import Files
from runner.language.loader import load_config
from runner.never import Never

CONFIG = "version: 1\nnever: {lists: [known.txt], numbers: ['+14155550199']}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "known.txt").write_text("+14155550100\n")
    path = tmp_path / "callflow.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def also(path: Path) -> Also:
    config = load_config(path)
    assert config.data is not None, config.problems
    also = Protection(path, config, config.data["never"]).also
    assert also is not None
    return also


def test_what_has_not_changed_is_the_same_object_and_read_in_full(also: Also) -> None:
    first, second = Files(), Files()
    never, problems = also.read(first)
    again, still = also.read(second)
    assert again is never
    assert again == also.value
    assert (list(problems), list(still)) == ([], [])
    assert second.digests == first.digests == also.files
    assert second.texts == first.texts


def test_a_change_of_the_file_or_of_a_list_is_taken(path: Path, also: Also) -> None:
    def listed() -> set[str]:
        never, _ = also.read(Files())
        assert isinstance(never, Never)
        return {number for _, numbers in never.lists for number in numbers}

    assert listed() == {"+14155550100"}
    (path.parent / "known.txt").write_text("+14155550101\n")
    assert listed() == {"+14155550101"}
    (path.parent / "other.txt").write_text("+14155550102\n")
    path.write_text(CONFIG.replace("known", "other"))
    assert listed() == {"+14155550102"}


def test_a_fault_stays_one_and_is_mended(path: Path, also: Also) -> None:
    known = path.parent / "known.txt"
    text = known.read_text()
    known.unlink()
    for _ in range(2):
        _, problems = also.read(Files())
        assert [problem.code for problem in problems] == ["list-file"]
    known.write_text(text)
    never, problems = also.read(Files())
    assert (never, list(problems)) == (also.value, [])
