"""Writes tables as Markdown: for the terminal, and for `bench/RESULTS.md`."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.measuring import NOT_THERE, Cell, Row, Sample, Table, Target, peers, versions

#: What is measured beside Python, in this environment and in that of the peers.
OURS = ("aiohttp", "google-re2", "jsonschema", "msgspec", "pyyaml", "requests", "twilio")
PEERS = (
    *("aiohttp", "c7n", "check-jsonschema", "drools-jpy", "jsonschema-rs"),
    *("orjson", "pyyaml", "requests"),
)

HEAD = """\
# Measurements

Written by `python3 dev.py bench`; [README](README.md) says what each table is for, and how to run
one alone. Cells are the median of the runs, with the least and the greatest in brackets. Figures
move with the machine and with what else it does: compare rows of one table, never tables of two
runs. Targets are ratios or amounts taken in this run.
"""


def page(tables: Sequence[Table], failures: Mapping[str, str]) -> str:
    """The whole report: how and on what it was taken, all targets at a glance, each table."""
    parts = [HEAD, "\n".join(machine()), _glance(tables, failures)]
    parts += [markdown(table) for table in tables]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def machine() -> Iterable[str]:
    """What the run was taken on, in lines of a list."""
    yield f"- taken: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    yield f"- machine: {_processor()}, {os.cpu_count()} cores, {_memory()}, {platform.system()}"
    if hasattr(os, "getloadavg"):
        yield f"- load over the last 15 minutes, this run's own included: {os.getloadavg()[2]:.1f}"
    yield f"- Python {platform.python_version()} ({platform.python_implementation()})"
    yield f"- callflow's environment: {_listed(versions(OURS))}"
    python = peers()
    found = _listed(versions(PEERS, python)) if python else NOT_THERE
    yield f"- the peers' environment: {found}; Java {_java()}"


def markdown(table: Table) -> str:
    """One table with its method, targets and losses."""
    lines = [f"## {table.name}: {table.title}", "", table.method, ""]
    lines += _grid(("", *table.columns), ((row.name, *_cells(table, row)) for row in table.rows))
    if table.targets:
        lines += ["", "Targets:", "", *_targets((table.name, each) for each in table.targets)]
    if table.losses:
        lines += ["", "Honest losses:", "", *(f"- {loss}" for loss in table.losses)]
    return "\n".join(lines)


def shown(cell: Cell) -> str:
    """A cell as text: the median, and the ends in brackets where there were several runs."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Sample):
        if len(cell.runs) == 1:
            return number(cell.median)
        return f"{number(cell.median)} ({number(cell.low)}\u2013{number(cell.high)})"
    return number(cell)


def number(value: float) -> str:
    """Three digits that count, thousands apart: `1.72`, `84.0`, `4,170`, `0.0173`."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if float(value).is_integer():
        return str(int(value))
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.1e}"


def _glance(tables: Sequence[Table], failures: Mapping[str, str]) -> str:
    every = [(table.name, target) for table in tables for target in table.targets]
    missed = sum(not target.met for _, target in every)
    lines = ["## All targets", "", f"{len(every) - missed} of {len(every)} are met.", ""]
    lines += _targets(every)
    lines += [f"\n`{name}` could not be measured: {why}" for name, why in failures.items()]
    return "\n".join(lines)


def _targets(targets: Iterable[tuple[str, Target]]) -> list[str]:
    rows = ((name, each.text, _wanted(each), _got(each), _state(each)) for name, each in targets)
    return _grid(("table", "target", "wanted", "got", ""), rows)


def _wanted(target: Target) -> str:
    sign = "\u2265" if target.at_least else "\u2264"
    return f"{sign} {number(target.wanted)} {target.unit}".rstrip()


def _got(target: Target) -> str:
    return "" if target.got is None else f"{number(target.got)} {target.unit}".rstrip()


def _state(target: Target) -> str:
    if target.got is None:
        return "not measured"
    return "met" if target.met else "**missed**"


def _cells(table: Table, row: Row) -> list[str]:
    return [shown(row.cells[name]) if name in row.cells else "" for name in table.columns]


def _grid(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def _listed(found: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in found.items()) or "nothing"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _memory() -> str:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{total / 2**30:.0f} GiB"


def _java() -> str:
    """The version of the Java that Drools would run on."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if not java or not Path(java).exists():
        return NOT_THERE
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    return said.split('"')[1] if '"' in said else "of unknown version"
