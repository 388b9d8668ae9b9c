"""What tables are made of, and how they measure. Standard library only: peers' Pythons read it too.

Only processor time and ratios taken in one run are worth anything on a machine that others use.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parent.parent
#: The environment of the peers; `dev.py bench` makes it.
PEERS = ROOT / ".venv-bench"
#: What stands where a peer, or a tool that it needs, is not installed.
NOT_THERE = "not there"
#: How a process that `in_process` starts says so.
LACKING = 77


@dataclass(frozen=True, slots=True)
class Sample:
    """The runs of one measurement, each a number of the same unit."""

    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        """The run in the middle."""
        return statistics.median(self.runs)

    @property
    def low(self) -> float:
        """The least."""
        return min(self.runs)

    @property
    def high(self) -> float:
        """The greatest."""
        return max(self.runs)

    def beside(self, other: Sample) -> Sample:
        """How many times the other's run in the same turn each is."""
        return Sample(tuple(one / its for one, its in zip(self.runs, other.runs, strict=True)))

    def scaled(self, factor: float) -> Sample:
        """In another unit, or for one of many."""
        return Sample(tuple(run * factor for run in self.runs))


Cell: TypeAlias = Sample | float | str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: cells by the name of their column."""

    name: str
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Target:
    """What was wanted of this run, and what it got: at most `wanted`, or at least.

    `got` is None where it could not be measured, for want of a peer.
    """

    text: str
    wanted: float
    got: float | None
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether it was reached. What was not measured was not."""
        if self.got is None:
            return False
        return self.got >= self.wanted if self.at_least else self.got <= self.wanted


@dataclass(frozen=True, slots=True)
class Table:
    """One measurement as it is reported. `losses` says in sentences what peers do better."""

    name: str
    title: str
    method: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    targets: tuple[Target, ...] = ()
    losses: tuple[str, ...] = ()


def made_by(module: str, runs: int, quick: bool = False) -> Table:
    """The table of a module, measured in this process; `quick` takes the small sizes of tests."""
    table = importlib.import_module(module)
    made: Table = table.table(1, **table.QUICK) if quick else table.table(runs)
    return made


def cpu(work: Callable[[], object], runs: int) -> Sample:
    """Processor seconds of this process for each run, the garbage of the last one swept first."""
    return _timed(time.process_time, work, runs)


def wall(work: Callable[[], object], runs: int) -> Sample:
    """Seconds on the clock for each run; only for what waits, or works in other processes."""
    return _timed(time.perf_counter, work, runs)


def _timed(clock: Callable[[], float], work: Callable[[], object], runs: int) -> Sample:
    found = []
    for _ in range(runs):
        gc.collect()
        began = clock()
        work()
        found.append(clock() - began)
    return Sample(tuple(found))


def in_process(module: str, *arguments: object, python: str | None = None) -> Any:
    """Runs `python -m MODULE ARGUMENTS` afresh; returns what its last line of output holds as JSON.

    Raises `Lacking` where it ended with that code, and `CalledProcessError` where it failed.
    """
    command = [python or sys.executable, "-m", module, *(str(each) for each in arguments)]
    environ = dict(os.environ, PYTHONPATH=str(ROOT))
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    if done.returncode == LACKING:
        raise Lacking(done.stderr.strip())
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
    done.check_returncode()
    return json.loads(done.stdout.splitlines()[-1])


class Lacking(Exception):
    """A process said that what it should measure is not installed."""


def say(result: object) -> None:
    """How a process that `in_process` starts hands over its result."""
    print(json.dumps(result), flush=True)


def peak_kib() -> int:
    """The most memory that this process has had resident so far."""
    status = Path("/proc/self/status")
    if status.exists():  # the other counts what a parent had before the program was started
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


def resident_kib() -> int:
    """The memory that this process has resident now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def peers() -> str | None:
    """The Python of the peers' environment; None where there is none."""
    python = PEERS / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return str(python) if python.exists() else None


def versions(names: Sequence[str], python: str | None = None) -> dict[str, str]:
    """The installed versions of these distributions, by name; the missing are left out."""
    code = (
        "import json, sys\n"
        "from importlib.metadata import PackageNotFoundError, version\n"
        "found = {}\n"
        "for name in sys.argv[1:]:\n"
        "    try: found[name] = version(name)\n"
        "    except PackageNotFoundError: pass\n"
        "print(json.dumps(found))"
    )
    command = [python or sys.executable, "-c", code, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found
