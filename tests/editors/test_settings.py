"""Which schema the server takes for which file: by modeline, and by the settings files."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.conftest import QUIET, ROOT, settings_of
from tests.editors.lsp import Message, Place, Server, running

FILES = sorted(
    path
    for path in [*ROOT.glob("flows/*.yaml"), *ROOT.glob("examples/*/*.yaml")]
    if not path.name.endswith(".scenario.yaml")  # which have no schema
)
#: No file of any kind: each schema says so in its own way.
NONSENSE = "nonsense: 1\n"


def missing(found: list[Message]) -> set[str]:
    """The required keys that the server misses, by which a schema is known."""
    said = [one["message"] for one in found]
    return {text.split('"')[1] for text in said if text.startswith("Missing property")}


@pytest.fixture(scope="module")
def plain(language_server: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without a setting that names a schema: only modelines count."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with running(language_server, folder, QUIET) as server:
        yield server


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modelines_of_this_repository(plain: Server, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert plain.diagnose({path: text})[path] == []
    assert knows(plain, path, text)


def knows(server: Server, path: Path, text: str) -> bool:
    """True where hover on the main key comes from the right schema."""
    is_test = path.name.endswith(".test.yaml")
    key, said = ("tests", "empty history") if is_test else ("rules", "most important first")
    shown = server.hover(path, text, Place.of(text, text.index(f"\n{key}:") + 2))
    return shown is not None and said in shown["contents"]["value"]


def test_modelines_of_a_new_project(plain: Server, project: Path) -> None:
    for path in sorted(project.glob("flows/*.yaml")):
        text = path.read_text(encoding="utf-8")
        assert plain.diagnose({path: text})[path] == []
        assert knows(plain, path, text)
    path = project / "callflow.yaml"
    text = path.read_text(encoding="utf-8")
    assert plain.diagnose({path: text})[path] == []
    assert missing(plain.diagnose({path: text.replace("version: 1", "")})[path]) == {"version"}


FLOW_KEYS, TEST_KEYS = {"version", "flow", "rules"}, {"version", "flows", "tests"}


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("flows/new.yaml", FLOW_KEYS),
        ("flows/shop/new.yml", FLOW_KEYS),
        ("flows/new.test.yaml", TEST_KEYS),
        ("flows/shop/new.test.yml", TEST_KEYS),
        ("flows/new.scenario.yaml", set()),
        ("callflow.yaml", {"version"}),
        ("callflow.yml", {"version"}),
        ("docker-compose.yaml", set()),
    ],
)
def test_settings_of_a_new_project(
    server: Server, project: Path, name: str, keys: set[str]
) -> None:
    path = project / name
    assert missing(server.diagnose({path: NONSENSE})[path]) == keys


def test_settings_of_this_repository(language_server: list[str], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    with running(language_server, tmp_path, settings_of(ROOT)) as server:
        wanted = {
            "flows/new.yaml": FLOW_KEYS,
            "examples/vip/new.yaml": FLOW_KEYS,
            "examples/vip/new.test.yaml": TEST_KEYS,
            "examples/vip/new.scenario.yaml": set(),
            "callflow.yaml": {"version"},
        }
        found = server.diagnose({tmp_path / name: NONSENSE for name in wanted})
    assert {str(path.relative_to(tmp_path)): missing(one) for path, one in found.items()} == wanted


def test_the_page_on_editors_shows_these_settings(project: Path) -> None:
    page = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    shown = page.split("```json\n")[1].split("```")[0]
    assert json.loads(shown) | QUIET == settings_of(project)


def test_the_page_on_editors_names_the_version_that_is_tested() -> None:
    page = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    locked = json.loads((ROOT / "tests/editors/package.json").read_text(encoding="utf-8"))
    assert f"version\n{locked['dependencies']['yaml-language-server']}" in page


def test_the_commands_of_the_page_on_editors(project: Path) -> None:
    page = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    program = str(Path(sys.executable).parent / "check-jsonschema")
    lines = [line for line in page.splitlines() if line.startswith("check-jsonschema")]
    assert len(lines) == 2
    for line in lines:
        command = line.replace("check-jsonschema", program, 1)
        done = subprocess.run(command, shell=True, cwd=project, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout
