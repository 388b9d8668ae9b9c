"""Whole processes, from their start to their end, and what each took."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measuring import ROOT, Sample


@dataclass(frozen=True, slots=True)
class Took:
    """The runs of one command: seconds of processor, and on the clock."""

    cpu: Sample
    wall: Sample


def in_turn(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, Took]:
    """Runs the commands one after another, each once in every round, after a round to warm up.

    In that first round Python writes its bytecode, which an installed package has. Raises
    `CalledProcessError` for a command that fails.
    """
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for each in range(runs + 1):
        for name, command in commands.items():
            took = _run(command)
            if each:
                found[name].append(took)
    return {name: _took(runs) for name, runs in found.items()}


def _took(runs: Sequence[tuple[float, float]]) -> Took:
    return Took(Sample(tuple(run[0] for run in runs)), Sample(tuple(run[1] for run in runs)))


def modules_of(command: Sequence[str]) -> int:
    """How many modules a Python command loads."""
    python, *rest = command
    done = _checked([python, "-X", "importtime", *rest])
    lines = [line for line in done.splitlines() if line.startswith("import time:")]
    return len(lines) - 1  # the first is the heading


def _checked(command: Sequence[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env=_environ(), capture_output=True, text=True)
    done.check_returncode()
    return done.stderr


def _run(command: Sequence[str]) -> tuple[float, float]:
    """Processor seconds, and seconds on the clock."""
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=_environ(), stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise subprocess.CalledProcessError(process.returncode, command, said.read())
    return usage.ru_utime + usage.ru_stime, took


def _environ() -> dict[str, str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # Other settings of Python's could slow a process down, or keep it from writing its bytecode.
    return {**environ, "PYTHONPATH": str(Path(ROOT))}
