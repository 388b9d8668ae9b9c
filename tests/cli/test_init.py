"""Promises of `callflow init`: a project that validates, and nothing overwritten."""

from __future__ import annotations

from pathlib import Path

from tests.process import callflow


async def test_a_new_project_validates_and_names_its_schemas(tmp_path: Path) -> None:
    done = await callflow("init", "shop", cwd=tmp_path)
    assert done.code == 0
    project = tmp_path / "shop"
    checked = await callflow("validate", "--strict", "flows", "callflow.yaml", cwd=project)
    assert (checked.code, checked.out) == (0, "")
    tested = await callflow("test", "--min-coverage", "100", cwd=project)
    assert (tested.code, tested.out.count("  ok  ")) == (0, 5)
    assert "callflow test flows" in (project / ".github/workflows/callflow.yml").read_text()
    for flow in (project / "flows").glob("*.yaml"):
        modeline = flow.read_text().splitlines()[0]
        schema = modeline.removeprefix("# yaml-language-server: $schema=")
        assert (flow.parent / schema).is_file()


async def test_what_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "callflow.yaml").write_text("mine")
    done = await callflow("init", cwd=tmp_path)
    assert (tmp_path / "callflow.yaml").read_text() == "mine"
    assert "kept as they are: callflow.yaml" in done.out
    assert (tmp_path / "flows" / "runaway-calls.yaml").is_file()


async def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = await callflow("init", "file/below", cwd=tmp_path)
    assert done.code == 3
    assert "can't write" in done.err
