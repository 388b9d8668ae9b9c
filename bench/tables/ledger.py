"""Table `ledger`: durable claims and outcomes a second, on an empty ledger and on a large one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from bench.measuring import Cell, Row, Sample, Table, Target, in_process

QUICK: dict[str, Any] = {"large": 2_000, "scale": 5, "pause": 0.0}
WAYS = {
    "claim 1": "claims, one a commit",
    "claim 50": "claims, 50 a commit",
    "claim 1000": "claims, a poll of 1,000 in one commit",
    "outcome 1": "outcomes, one after another",
    "outcome 50": "outcomes, 50 at once",
    "alone 1": "SQLite alone, one claim a commit",
    "alone 1000": "SQLite alone, 1,000 a commit",
}
METHOD = """\
Claims and outcomes a second on the clock, each durable before its caller goes on (a write-ahead
log, synchronous FULL), with the journal and its chain of hashes, by the holder of the lease. The
large ledger holds {large:,} acts, made by claims too; the calls' SIDs are in no order. The two
ledgers have a process each. Between two polls of 1,000 there is a pause of a quarter of a second,
as polls have, in which the store brings its log into the file. SQLite alone writes three columns
under one key, and keeps no journal. Processor time is that of the whole process."""
#: What one way told: seconds, processor seconds, how many; for each run.
Runs: TypeAlias = Sequence[tuple[float, float, int]]


def table(runs: int, *, large: int = 1_000_000, scale: int = 1_000, pause: float = 0.25) -> Table:
    """Every way of writing on both ledgers."""
    small = in_process("bench.ledgers", 0, runs, scale, pause)
    big = in_process("bench.ledgers", large, runs, scale, pause)
    columns = ("a second, empty", f"a second, {large:,} acts", "CPU, µs each", "CPU of the large")
    rows = [
        Row(name, dict(zip(columns, _cells(small[way], big.get(way)), strict=True)))
        for way, name in WAYS.items()
    ]
    return Table(
        "ledger",
        "what it costs to have acts on record",
        METHOD.format(large=large),
        columns,
        tuple(rows),
        _targets(small, big),
        _losses(small),
    )


def _cells(small: Runs, big: Runs | None) -> Sequence[Cell]:
    nothing: Cell = "-"
    return (
        _rate(small),
        nothing if big is None else _rate(big),
        _spent(small),
        nothing if big is None else _spent(big),
    )


def _rate(runs: Runs) -> Sample:
    return Sample(tuple(many / wall for wall, _, many in runs))


def _spent(runs: Runs) -> Sample:
    return Sample(tuple(1e6 * cpu / many for _, cpu, many in runs))


def _targets(small: Mapping[str, Runs], big: Mapping[str, Runs]) -> tuple[Target, ...]:
    def rate(found: Mapping[str, Runs], way: str) -> float:
        return _rate(found[way]).median

    polls, many = rate(small, "claim 1000"), rate(small, "outcome 50")
    return (
        Target("claims a second, a poll of 1,000", 30_000, polls, at_least=True),
        Target("an empty ledger beside the large one", 2, polls / rate(big, "claim 1000"), "times"),
        Target(
            "50 outcomes at once beside one after another",
            5,
            many / rate(small, "outcome 1"),
            "times",
            at_least=True,
        ),
    )


def _losses(small: Mapping[str, Runs]) -> tuple[str, ...]:
    said = []
    for ours, theirs, what in (
        ("claim 1", "alone 1", "a claim in a commit of its own"),
        ("claim 1000", "alone 1000", "a claim of a poll"),
    ):
        slower = _rate(small[theirs]).median / _rate(small[ours]).median
        if slower > 1:
            said.append(f"SQLite alone takes {what} {slower:.1f} times as fast, without a journal.")
    return tuple(said)
