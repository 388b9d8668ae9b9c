"""A copy of this checkout that a test may change, with an environment of its own.

The environment borrows the packages of the one that runs the tests: nothing is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
#: Real seconds after which something in the copy hangs.
PATIENCE = 300.0


@dataclass(frozen=True)
class Checkout:
    """The copy, in `root`."""

    root: Path

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Runs a command in the copy, to its end; what it prints is all in `stdout`."""
        return subprocess.run(
            [*map(str, words)],
            cwd=self.root,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def succeed(self, *words: str | Path) -> str:
        """What a command prints that must end well."""
        done = self.run(*words)
        assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def python(self, *words: str | Path) -> str:
        """What the copy's own Python prints."""
        return self.succeed(self.interpreter, *words)

    @property
    def interpreter(self) -> Path:
        return self.root / ".venv" / "bin" / "python"

    def changed(self) -> set[str]:
        """The paths of all files that differ from those that were remembered, or are new."""
        listed = self.succeed("git", "status", "--porcelain", "--no-renames", "--untracked-files")
        return {line[3:] for line in listed.splitlines() if line[1] != " "}


def checkout(folder: Path) -> Checkout:
    """Copies what is in the working tree and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    made = Checkout(folder / "checkout")
    for name in sorted(set(listed.stdout.split("\0")) - {""}):
        if (ROOT / name).is_file():
            (made.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, made.root / name)
    return made


def furnish(made: Checkout) -> None:
    """Remembers how the copy is, and gives it a `.venv` and the editors' server if there is one."""
    made.succeed("git", "init", "-q")
    made.succeed("git", "add", "-A")
    made.succeed(sys.executable, "-m", "venv", "--without-pip", ".venv")
    (packages,) = (made.root / ".venv").glob("lib/python*/site-packages")
    # Paths in such a file are added as they are: the checkout that these packages know as theirs
    # is not, so that `runner` is the copy.
    lines = [str(made.root), sysconfig.get_path("purelib")]
    (packages / "borrowed.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    made.python("-c", "import dev; dev.write_stamp('runtime'); dev.write_stamp('dev')")
    server = Path(".cache", "yaml-language-server")
    if (ROOT / server).is_dir():
        (made.root / server).parent.mkdir()
        (made.root / server).symlink_to(ROOT / server)


def _environment() -> dict[str, str]:
    """This one, without what says how the tests around it are run, and with nothing to install."""
    own = ("CALLFLOW", "TWILIO", "PYTEST", "VIRTUAL_ENV", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return kept | {"PIP_NO_INDEX": "1"}
