"""Promises of the look-up of tools: the path, or a reason, or a failure where CI wants the tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools import REQUIRED, TOOLS, needs


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of programs."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(REQUIRED, raising=False)
    return tmp_path


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_is_found(folder: Path, tool: str) -> None:
    program = folder / tool
    program.touch(mode=0o755)
    assert needs(tool) == str(program)


def test_a_test_without_its_tool_is_skipped_and_says_how_to_get_it(folder: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"no promtool .* package prometheus has it"):
        needs("promtool")


def test_where_ci_requires_the_tool_it_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRED, "promtool, chromium")
    with pytest.raises(pytest.fail.Exception, match="CALLFLOW_TEST_REQUIRE requires it"):
        needs("chromium")


def test_a_misspelt_requirement_is_not_taken_for_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REQUIRED, "chromuim")
    with pytest.raises(AssertionError, match="there are"):
        needs("promtool")
