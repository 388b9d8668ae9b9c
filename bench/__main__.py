"""Runs tables: `python -m bench [--quick] [--runs N] [--out FILE] [NAME...]`.

Without a name it runs every table and writes `bench/RESULTS.md`. Each runs in a fresh process, so
that none inherits another's memory. `--quick` takes the small sizes of tests: its figures say
nothing, so it writes no results unless `--out` says where.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import traceback
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench.measuring import ROOT, Table, made_by
from bench.report import markdown, page

#: Every table, in the order of the report: its name, and the module that makes it.
TABLES: dict[str, str] = {
    "verdicts": "bench.tables.verdicts",
    "listing": "bench.tables.listing",
    "applying": "bench.tables.applying",
    "ledger": "bench.tables.ledger",
    "poll": "bench.tables.poll",
    "growth": "bench.tables.growth",
    "showing": "bench.tables.showing",
    "reloading": "bench.tables.reloading",
    "validating": "bench.tables.validating",
    "starting": "bench.tables.starting",
}
RESULTS = ROOT / "bench" / "RESULTS.md"
RUNS = 5


def measure_all(names: Sequence[str], runs: int, quick: bool) -> tuple[list[Table], dict[str, str]]:
    """Makes these tables one after another and prints them; also what failed, and why."""
    tables: list[Table] = []
    failures: dict[str, str] = {}
    spawning = multiprocessing.get_context("spawn")
    for name in names:
        print(f"--- {name}", file=sys.stderr, flush=True)
        with ProcessPoolExecutor(1, mp_context=spawning) as fresh:
            try:
                tables.append(fresh.submit(made_by, TABLES[name], runs, quick).result())
                print(markdown(tables[-1]) + "\n", flush=True)
            except Exception as error:  # one that fails must not cost an hour of the others
                traceback.print_exc()
                failures[name] = f"{type(error).__name__}: {error}"
    return tables, failures


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the tables asked for; of all, writes the report."""
    parser = argparse.ArgumentParser(prog="bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(TABLES))
    parser.add_argument("--quick", action="store_true", help="small sizes, one run")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each measurement")
    parser.add_argument("--out", type=Path, help="where to write the report")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in TABLES]:
        parser.error(f"no table {', '.join(unknown)}; there are {', '.join(TABLES)}")
    tables, failures = measure_all(options.names or list(TABLES), options.runs, options.quick)
    out = options.out or (None if options.names or options.quick else RESULTS)
    if out:
        out.write_text(page(tables, failures), encoding="utf-8")
        print(f"wrote {out}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
