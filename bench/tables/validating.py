"""Table `validating`: `callflow validate` as a whole process, beside judges of JSON Schemas."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.corpus import RULES, write_corpus
from bench.measuring import NOT_THERE, ROOT, Row, Table, Target, peers
from bench.processes import Took, in_turn

QUICK: dict[str, Any] = {"sizes": (2,)}
CHECK, SLOW, FAST = "check-jsonschema", "CSafeLoader + jsonschema", "CSafeLoader + jsonschema-rs"
OURS = "callflow validate"
#: How much of check-jsonschema's time it may take at each size, from one file up.
OF_CHECK = (1 / 3, 1 / 5, 1 / 10)
#: How much of the fastest judge's time it may take at the largest size.
OF_FAST = 1.5
#: How many times as often one file is checked: it takes so little that neighbours move it most.
OFTEN = 5
METHOD = """\
Whole processes over flow files of {rules} rules and some 64 lines, none with a mistake: processor
seconds, start-up among them, and below seconds on the clock. Commands take turns, so that all meet
the same machine; those with one file five times as often, because it is over so soon. The peers
judge the shape of the data alone; `callflow validate` keeps the place of every value, compiles the
rules and looks for what is odd about them."""
LOSSES = (
    "jsonschema-rs judges the shape of a file in about a quarter of the time that our closures "
    "take; they take some sixteenth of the whole, so it is not worth another wheel.",
    "Who wants a bare yes or no, without places or rules, gets it sooner from the fastest peer.",
)


def table(runs: int, *, sizes: Sequence[int] = (1, 100, 1_000)) -> Table:
    """Every command at every size."""
    found: dict[int, dict[str, Took]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            write_corpus(Path(folder), size)
            found[size] = in_turn(commands(Path(folder)), runs * OFTEN if size == 1 else runs)
    return Table(
        "validating",
        "checking flow files",
        METHOD.format(rules=RULES),
        tuple(heading for size in sizes for heading in (_cpu(size), _wall(size))),
        tuple(_row(name, found) for name in (CHECK, SLOW, FAST, OURS)),
        tuple(_targets(found)),
        LOSSES,
    )


def commands(folder: Path) -> dict[str, list[str]]:
    """What is run, by row; without the peers where they aren't installed."""
    ours = {OURS: [sys.executable, "-m", "runner", "validate", str(folder)]}
    python = peers()
    if python is None:
        return ours
    schema = str(ROOT / "schemas" / "flow.schema.json")
    files = sorted(map(str, folder.glob("*.yaml")))
    judge = [python, "-m", "bench.peers.schemas"]
    return {
        CHECK: [python, "-m", "check_jsonschema", "--schemafile", schema, *files],
        SLOW: [*judge, "jsonschema", schema, str(folder)],
        FAST: [*judge, "jsonschema-rs", schema, str(folder)],
        **ours,
    }


def _cpu(size: int) -> str:
    return f"{size:,} {'file' if size == 1 else 'files'}, s"


def _wall(size: int) -> str:
    return f"{_cpu(size)} on the clock"


def _row(name: str, found: Mapping[int, Mapping[str, Took]]) -> Row:
    cells: dict[str, Any] = {}
    for size, took in found.items():
        there = took.get(name)
        cells[_cpu(size)] = there.cpu if there else NOT_THERE
        cells[_wall(size)] = there.wall if there else NOT_THERE
    return Row(name, cells)


def _targets(found: Mapping[int, Mapping[str, Took]]) -> Iterator[Target]:
    for (size, took), share in zip(found.items(), OF_CHECK, strict=False):
        text = f"{_cpu(size).removesuffix(', s')}: of {CHECK}'s time"
        yield Target(text, round(share, 3), _share(took, CHECK), "times")
    largest = max(found)
    text = f"{_cpu(largest).removesuffix(', s')}: of the time of {FAST}"
    yield Target(text, OF_FAST, _share(found[largest], FAST), "times")


def _share(took: Mapping[str, Took], peer: str) -> float | None:
    return took[OURS].cpu.median / took[peer].cpu.median if peer in took else None
