"""Promises of `callflow init`: a project that validates, and nothing overwritten."""

from __future__ import annotations

import re
from pathlib import Path

from runner.guards import Guards
from runner.language.loader import load_config
from runner.settings import settings_from
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


async def test_what_the_configuration_suggests_can_be_used(tmp_path: Path) -> None:
    assert (await callflow("init", cwd=tmp_path)).code == 0
    config = tmp_path / "callflow.yaml"
    text = config.read_text(encoding="utf-8")
    opened = re.sub(r"^# (?=  |[a-z]+:$)", "", text, flags=re.MULTILINE)
    assert opened.count("\n#") < text.count("\n#")
    config.write_text(opened, encoding="utf-8")
    (tmp_path / "protected.txt").write_text("+14155550100\n", encoding="utf-8")
    found = load_config(config)
    assert found.problems == ()
    assert {"never", "accounts", "guards"} <= (found.data or {}).keys()
    assert settings_from({"guards": (found.data or {})["guards"]}, {}).guards == Guards()


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
