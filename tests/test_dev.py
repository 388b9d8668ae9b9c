"""Promises of `dev.py` on odd machines."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DEV = Path(__file__).parent.parent / "dev.py"


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_an_environment_that_does_not_run_is_made_anew(tmp_path: Path, mode: int) -> None:
    checkout = tmp_path / "with a space"
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(mode)
    shutil.copy(DEV, checkout)
    code = "import dev; assert not dev.usable(); dev.make_environment(); assert dev.usable()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
