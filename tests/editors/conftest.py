"""A project as `callflow init` makes it, and the real language server that looks at it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.lsp import Server, running

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
#: Kept between runs; made anew where the locked versions are others.
CACHE = ROOT / ".cache" / "yaml-language-server"
LOCKED = ("package.json", "package-lock.json")
#: The tests need no network; an editor's server looks up other people's schemas.
QUIET = {"yaml.schemaStore.enable": False}


@pytest.fixture(scope="session")
def language_server() -> list[str]:
    """The command that starts the locked version of yaml-language-server."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        if os.environ.get("CI"):
            pytest.fail("the editor tests need node and npm, and CI must run them")
        pytest.skip("no node and npm on this machine; the language server needs them")
    if any(_content(CACHE / name) != _content(HERE / name) for name in LOCKED):
        _install(npm)
    script = "node_modules/yaml-language-server/bin/yaml-language-server"
    return [node, str(CACHE / script), "--stdio"]


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _install(npm: str) -> None:
    fresh = CACHE.with_name("yaml-language-server.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name in LOCKED:
        shutil.copy(HERE / name, fresh)
    # No script of these packages needs to run, and none that comes later should.
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=fresh, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(CACHE, ignore_errors=True)
    fresh.rename(CACHE)  # whole or not at all: a run that is stopped leaves no half


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new project of `callflow init`."""
    folder = tmp_path_factory.mktemp("project")
    command = [sys.executable, "-m", "runner", "init", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


def settings_of(folder: Path) -> dict[str, object]:
    """The settings that the editor finds in a folder."""
    text = (folder / ".vscode" / "settings.json").read_text(encoding="utf-8")
    settings: dict[str, object] = json.loads(text)
    return settings | QUIET


@pytest.fixture(scope="module")
def server(language_server: list[str], project: Path) -> Iterator[Server]:
    """The server in that project, with the settings that `init` wrote and no others."""
    with running(language_server, project, settings_of(project)) as server:
        yield server
