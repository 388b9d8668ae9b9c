"""`callflow run` as a process of its own: what it spends, what it keeps, and how often it polls."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.far_side import ACCOUNT_SID, AUTH_TOKEN
from bench.measuring import ROOT

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Runner:
    """A runner that goes on until the block ends; its log is in JSON."""

    process: subprocess.Popen[str]
    log: Path

    @property
    def polls(self) -> int:
        """How many good polls it has told of."""
        return self.log.read_text(encoding="utf-8").count('"event": "poll"')

    @property
    def cpu(self) -> float:
        """Processor seconds so far (Linux)."""
        return cpu_of(self.process.pid)

    @property
    def resident_kib(self) -> int:
        """The memory that it has resident now (Linux)."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * _PAGE // 1024

    def wait_for(self, polls: int, *, longest: float = 120.0) -> None:
        """Waits until so many polls have ended."""
        deadline = time.monotonic() + longest
        while self.polls < polls:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"no {polls} polls: {self.log.read_text(encoding='utf-8')[-2000:]}"
                )
            time.sleep(0.01)


@contextmanager
def running(folder: Path, far: str, *options: str) -> Iterator[Runner]:
    """Runs the flows in `folder/flows` against the far side at this URL."""
    command = [sys.executable, "-m", "runner", "run", "--log-format", "json", "--api-base", far]
    environ = os.environ | {
        "PYTHONPATH": str(ROOT),
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    }
    with (folder / "log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, *options], stderr=log, stdout=log, text=True, cwd=folder, env=environ
        )
        try:
            yield Runner(process, folder / "log")
        finally:
            process.terminate()
            process.wait()


def cpu_of(pid: int) -> float:
    """Processor seconds of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
