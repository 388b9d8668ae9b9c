"""Promises of the kill switch and the lease: whatever lies there, nothing acts by mistake of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runner.decision.bounds import reason_of
from runner.engine.holder import identify, is_gone
from runner.engine.killswitch import KillSwitch
from runner.pauses import Pause


def standing(path: Path) -> Pause:
    """What this kill switch says, as a poll would word it."""
    pause = KillSwitch(path).standing(now=10**12)
    assert pause is not None, "it stops nothing"
    assert reason_of(pause)[0] == "paused"
    assert pause.covers("AC1", "any", "rule")
    return pause


# ---- what may stand where the file is looked for ---------------------------------------------


def test_a_link_that_leads_nowhere_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "PAUSED").symlink_to(tmp_path / "not" / "mounted")
    standing(tmp_path / "PAUSED")


def test_a_link_is_lifted_and_not_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "why").write_text('{"reason": "kept elsewhere"}')
    (tmp_path / "PAUSED").symlink_to(tmp_path / "why")
    assert standing(tmp_path / "PAUSED").reason == "kept elsewhere"
    assert KillSwitch(tmp_path / "PAUSED").lift()
    assert (tmp_path / "why").exists()


def test_a_folder_of_that_name_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "PAUSED").mkdir()
    standing(tmp_path / "PAUSED")


def test_a_pipe_stops_everything_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    """In a process of its own: who opens a pipe waits for whoever opens its other end."""
    os.mkfifo(tmp_path / "PAUSED")
    code = (
        "import sys; from pathlib import Path; from runner.engine.killswitch import KillSwitch;"
        "print(KillSwitch(Path(sys.argv[1])).standing(0) is not None)"
    )
    looked = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "PAUSED")],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert (looked.stdout, looked.returncode) == ("True\n", 0), looked.stderr


@pytest.mark.parametrize(
    "content",
    [
        "[" * 60_000,
        '{"until": 99999999999999999999}',
        '{"until": 999999999999999999, "at": -99999999999999999999}',
        '{"at": 99999999999999999999}',
        '{"until": true}',
        '{"until": "tomorrow"}',
    ],
    ids=["deep", "until-never", "at-never", "at-late", "until-true", "until-text"],
)
def test_whatever_it_says_it_stops_everything_and_breaks_nothing(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "PAUSED").write_text(content)
    pause = standing(tmp_path / "PAUSED")
    assert pause.until is None
    assert abs(pause.at) < 10**14


# ---- who is dead ------------------------------------------------------------------------------


def test_a_process_that_is_merely_hidden_is_not_gone(tmp_path: Path) -> None:
    """With `hidepid`, /proc shows other users' processes to nobody."""
    assert not is_gone(identify(), processes=tmp_path)


def test_a_process_that_ended_is_gone_hidden_or_not(tmp_path: Path) -> None:
    code = "from runner.engine.holder import identify; print(identify())"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert is_gone(ended.stdout.strip())
    assert is_gone(ended.stdout.strip(), processes=tmp_path)
