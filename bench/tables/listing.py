"""Table `listing`: what it costs to list 100,000 live calls, beside the SDK and leaner clients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from bench.far_side import FarSide, serve
from bench.measuring import (
    NOT_THERE,
    Cell,
    Lacking,
    Row,
    Sample,
    Table,
    Target,
    in_process,
    peers,
)
from bench.report import number

QUICK: dict[str, Any] = {"calls": 1_000, "delay": 1, "clients": ("callflow", "sdk", "bytes")}
CLIENTS = {
    "callflow": "**callflow**, every field that rules can read",
    "sdk": "the SDK's `calls.list()`",
    "async": "the SDK's `calls.list_async()`",
    "orjson": "aiohttp + orjson, dictionaries",
    "msgspec": "aiohttp + msgspec, 14 fields",
    "bytes": "aiohttp, bytes and the link alone: the floor",
}
#: Their packages are in the peers' environment.
PEERS = ("orjson",)
COLUMNS = {
    "cpu": "CPU, µs a call",
    "kib": "memory at the most, KiB a call",
    "stall": "longest stall, ms",
    "freed": "freeing them, ms",
    "waited": "{delay} ms a page: s",
}
#: What one run of a client told; None is what can't be measured on it.
Told: TypeAlias = Mapping[str, float | None]
METHOD = """\
{calls:,} live calls in pages of 1,000, 2 KB of compact JSON a call, without compression and TLS,
from a server of its own process that has them written beforehand. Each client has a fresh process,
in which one page has been listed before. Memory is the highest resident set less what was resident
before. A stall is the longest that a client's loop kept another task from its turn, in processor
time; the SDK's `list()` keeps everybody waiting until it has ended. Freeing is what throwing the
calls away takes, which is in neither. The last column is seconds on the clock with a pause of
{delay} ms before each of the {pages} pages. Clients take turns."""


def table(
    runs: int,
    *,
    calls: int = 100_000,
    delay: int = 100,
    clients: Sequence[str] = tuple(CLIENTS),
) -> Table:
    """Every client with the same calls; the paused listing is part of each run."""
    found: dict[str, list[Told]] = {client: [] for client in clients}
    with serve(calls) as far:
        for _ in range(runs):
            for client, told in found.items():
                told += _measured(client, far, calls, delay)
    cells = {client: _cells(told, calls) for client, told in found.items()}
    names = {key: name.format(delay=delay) for key, name in COLUMNS.items()}
    return Table(
        "listing",
        "what it costs to list all live calls",
        METHOD.format(calls=calls, delay=delay, pages=-(-calls // 1_000)),
        tuple(names.values()),
        tuple(
            Row(CLIENTS[client], {names[key]: cell for key, cell in own.items()})
            for client, own in cells.items()
        ),
        _targets(cells),
        _losses(cells, names),
    )


def _measured(client: str, far: FarSide, calls: int, delay: int) -> list[Told]:
    """One run of a client; nothing where it is not installed."""
    python = peers() if client in PEERS else None
    if client in PEERS and python is None:
        return []
    try:
        return [in_process("bench.listers", client, far.url, calls, delay, python=python)]
    except Lacking:
        return []


def _cells(told: list[Told], calls: int) -> Mapping[str, Cell]:
    """A client's cells, by column."""
    units = {"cpu": 1e6 / calls, "kib": 1 / calls, "stall": 1.0, "freed": 1.0, "waited": 1.0}
    return {key: _cell([run[key] for run in told], unit) for key, unit in units.items()}


def _cell(found: list[float | None], unit: float) -> Cell:
    if not found:
        return NOT_THERE
    runs = [run for run in found if run is not None]
    return Sample(tuple(runs)).scaled(unit) if runs else "all of it"


def _targets(cells: Mapping[str, Mapping[str, Cell]]) -> tuple[Target, ...]:
    def times(key: str, above: str, below: str) -> float | None:
        ends = _median(cells[above][key]), _median(cells[below][key])
        return ends[0] / ends[1] if ends[0] and ends[1] else None

    ours = cells["callflow"]
    return (
        Target(
            "CPU of the SDK's list beside callflow's",
            6,
            times("cpu", "sdk", "callflow"),
            "times",
            at_least=True,
        ),
        Target("memory a call", 1.2, _median(ours["kib"]), "KiB"),
        Target("longest stall of the loop", 10, _median(ours["stall"]), "ms"),
        Target(
            "seconds with pauses beside the floor's",
            1.1,
            times("waited", "callflow", "bytes"),
            "times",
        ),
    )


def _median(cell: Cell) -> float | None:
    return cell.median if isinstance(cell, Sample) else None


def _losses(cells: Mapping[str, Mapping[str, Cell]], names: Mapping[str, str]) -> tuple[str, ...]:
    """Where a client that keeps the calls is cheaper, and what the targets leave out."""
    said = []
    for key, what in names.items():
        ours = _median(cells["callflow"][key])
        for client in cells.keys() - {"callflow", "bytes"}:
            theirs = _median(cells[client][key])
            if ours and theirs is not None and theirs < ours:
                title = CLIENTS[client]
                said.append(f"{what}: {title} takes {number(theirs)}, callflow {number(ours)}.")
    freed = number(_median(cells["callflow"]["freed"]) or 0)
    return (
        *sorted(said),
        f"Freeing the list that the next one replaces takes the loop {freed} ms in one go; the "
        "longest stall leaves that out, for every client.",
    )
