"""Promises of `.ci/run`: it brings the tools that tests need, and goes on without them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / ".ci" / "run"
TOOLS = ("chromium", "promtool")

#: Says what it was asked, and what is required of the tests.
PYTHON = '#!/bin/sh\necho "$* ${CALLFLOW_TEST_REQUIRE-nothing}"\n[ "$2" = prepare ] || exit 3\n'
APT = """#!/bin/sh
echo "$* $DEBIAN_FRONTEND" >> "$HOME/asked"
case "$*" in *install*) ;; *) exit 0 ;; esac
[ -e "$HOME/unreachable" ] && { echo "E: no such host" >&2; exit 100; }
for tool in chromium promtool; do printf '#!/bin/sh\\n' > "$HOME/bin/$tool"; done
chmod +x "$HOME/bin/chromium" "$HOME/bin/promtool"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A checkout that has the script, on a machine that has the few programs it needs."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "dirname", "mktemp", "rm", "tail", "timeout", "chmod"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    for name, text in {"python3": PYTHON, "apt-get": APT, "id": "#!/bin/sh\necho 0\n"}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return tmp_path


def run(home: Path) -> tuple[int, list[str]]:
    """Exit code and lines of the script."""
    environment = {"PATH": str(home / "bin"), "HOME": str(home), "TMPDIR": str(home)}
    done = subprocess.run(
        [home / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def asked(home: Path) -> list[str]:
    """What apt-get was asked."""
    file = home / "asked"
    return file.read_text().splitlines() if file.exists() else []


def test_it_installs_the_tools_and_requires_them(home: Path) -> None:
    code, lines = run(home)
    assert code == 3, "as the checks ended"
    assert lines == ["dev.py prepare nothing", "dev.py check chromium,promtool"]
    update, install = asked(home)
    assert "update" in update
    assert "--no-install-recommends chromium prometheus noninteractive" in install


def test_it_goes_on_where_the_packages_are_out_of_reach(home: Path) -> None:
    (home / "unreachable").touch()
    code, lines = run(home)
    assert code == 3
    assert lines[0] == "dev.py prepare nothing"
    assert "could not be installed" in lines[1]
    assert lines[2:] == ["E: no such host", "dev.py check nothing"]


def test_it_does_not_try_without_apt(home: Path) -> None:
    (home / "bin" / "apt-get").unlink()
    assert run(home) == (3, ["dev.py prepare nothing", "dev.py check nothing"])


def test_it_does_not_try_as_somebody_else_than_root(home: Path) -> None:
    (home / "bin" / "id").write_text("#!/bin/sh\necho 1000\n")
    assert run(home) == (3, ["dev.py prepare nothing", "dev.py check nothing"])
    assert asked(home) == []


def test_tools_that_are_there_are_required_and_not_installed(home: Path) -> None:
    for tool in TOOLS:
        (home / "bin" / tool).touch(mode=0o755)
    code, lines = run(home)
    assert (code, lines[-1]) == (3, "dev.py check chromium,promtool")
    assert asked(home) == []
