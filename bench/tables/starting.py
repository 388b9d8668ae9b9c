"""Table `starting`: what it takes until a command does its work, and what it loads for that."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.corpus import write_corpus
from bench.measuring import Row, Table, Target
from bench.processes import Took, in_turn, modules_of

QUICK: dict[str, Any] = {}
NOTHING, CLICK = "`python -c pass`", "`import click`"
HELP, VALIDATE = "`callflow --help`", "`callflow validate` of one file"
CPU, WALL, MODULES = "processor, ms", "on the clock, ms", "modules loaded"
MOST = 120  # milliseconds of processor that help may take beyond Python's own start
METHOD = """\
Whole processes with their bytecode written, taking turns. Python's own start is in every row. Of a
process that waits for nothing the processor time is the time that it takes on an idle machine."""


def table(runs: int) -> Table:
    """Every command, and the modules that it loads."""
    with tempfile.TemporaryDirectory() as folder:
        write_corpus(Path(folder), 1)
        given = commands(folder)
        found = in_turn(given, runs)
        loaded = {name: modules_of(command) for name, command in given.items()}
    return Table(
        "starting",
        "start-up",
        METHOD,
        (CPU, WALL, MODULES),
        tuple(_rows(found, loaded)),
        tuple(_targets(found)),
    )


def commands(folder: str) -> dict[str, list[str]]:
    """What is run, by row."""
    ours = [sys.executable, "-m", "runner"]
    return {
        NOTHING: [sys.executable, "-c", "pass"],
        CLICK: [sys.executable, "-c", "import click"],
        HELP: [*ours, "--help"],
        VALIDATE: [*ours, "validate", folder],
    }


def _rows(found: Mapping[str, Took], loaded: Mapping[str, int]) -> Iterator[Row]:
    for name, took in found.items():
        cells = {CPU: took.cpu.scaled(1_000), WALL: took.wall.scaled(1_000)}
        yield Row(name, {**cells, MODULES: float(loaded[name])})


def _targets(found: Mapping[str, Took]) -> Iterator[Target]:
    beyond = found[HELP].cpu.median - found[NOTHING].cpu.median
    yield Target(f"{HELP} beyond {NOTHING}", MOST, beyond * 1_000, "ms")
