"""Promises of `dev.py` on odd machines."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEV = Path(__file__).parent.parent / "dev.py"


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_an_environment_that_does_not_run_is_not_used(tmp_path: Path, mode: int) -> None:
    done = asked(broken(tmp_path, mode), "assert not dev.usable()")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_environment_that_does_not_run_is_made_anew(tmp_path: Path) -> None:
    done = asked(broken(tmp_path, 0o755), "dev.make_environment(); assert dev.usable()")
    assert (done.returncode, done.stderr) == (0, "")


def broken(folder: Path, mode: int) -> Path:
    """A checkout whose Python does not run."""
    checkout = folder / "with a space"
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(mode)
    shutil.copy(DEV, checkout)
    return checkout


def asked(checkout: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Runs code that has `dev`."""
    command = [sys.executable, "-c", f"import dev; {code}"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
