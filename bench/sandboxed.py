"""The project's sandbox as a process of its own, so that what is measured is the runner's alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.measuring import ROOT


@contextmanager
def sandbox(calls: int, *options: str) -> Iterator[str]:
    """A far side with so many calls, in real time; gives its URL."""
    command = [sys.executable, "-m", "runner", "sandbox", "--listen", "127.0.0.1:0"]
    command += ["--calls", str(calls), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield _url_of(process)
    finally:
        process.terminate()
        process.wait()


def _url_of(process: subprocess.Popen[str]) -> str:
    """Where it listens, read from what it says."""
    assert process.stdout is not None
    for line in process.stdout:
        _, found, rest = line.partition("http://127.0.0.1:")
        if found:
            return found + rest.split()[0].strip("/,.")
    raise RuntimeError("the sandbox ended before it listened")
