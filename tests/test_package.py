"""Promises of the package: the wheel carries all that the commands need outside a checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "-q",
        "-w",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("callflow_runner-*.whl")
    return built


def test_the_wheel_carries_schemas_flows_and_the_tour(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in ("schemas", "flows", "examples/tour"):
        inside = {"schemas": "schemas", "flows": "starter/flows", "examples/tour": "starter/tour"}
        for file in (ROOT / name).iterdir():
            assert f"runner/{inside[name]}/{file.name}" in names
    assert "runner/py.typed" in names
    for file in (ROOT / "runner" / "console" / "page").iterdir():
        assert f"runner/console/page/{file.name}" in names
    assert not any(name.startswith(("tests/", "bench/")) for name in names)


def test_an_installed_copy_works_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)

    def callflow(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "runner", *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin"},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    assert '"$id": "urn:callflow:schema:flow:1"' in callflow("schema", "flow")
    assert "wrote shop/flows/runaway-calls.yaml" in callflow("init", "shop")
    assert callflow("validate", "shop/flows", "--strict") == ""
    assert str(site) in callflow("demo", "--seconds", "1")
