"""Table `growth`: how a poll grows with the calls and with the rules, and what a call occupies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from bench.far_side import serve
from bench.measuring import Row, Sample, Table, Target, in_process

QUICK: dict[str, Any] = {"calls": (20, 60), "rules": (40,), "usual": (20, 40)}
CHANGED = 0.05
#: Each size has so many processes, in turns, because the machine's speed moves.
ROUNDS = 6
#: Polls of a process that ratios leave out, and how they are shown.
LEARNING = 2
FIRST, SECOND = "the first poll, ms", "the second, ms"
COLUMNS = {
    "whole": "a later one, ms",
    "list": "of that list, ms",
    "decide": "of that decide, ms",
}
MEMORY = "resident growth a call after two polls, KiB"
LATER = "after all polls, KiB"
METHOD = """\
Processor milliseconds of a whole poll, as in the table `poll`, with other numbers of calls and of
rules; each row is some processes of its own, which take turns with the others. In their first poll
every call is new, and the second is the first to note how rows look: a ratio is of the later ones
of two processes in one round, and what counts is the median of all rounds.
Memory is by how much the process that grew most has grown since before its first poll, connection,
ledger and all, divided by the number of calls."""


def table(
    runs: int,
    *,
    calls: Sequence[int] = (1_000, 10_000, 100_000),
    rules: Sequence[int] = (10, 10_000),
    usual: tuple[int, int] = (10_000, 1_000),
) -> Table:
    """One row for each number of calls, then one for each number of rules."""
    usual_calls, usual_rules = usual
    sizes = [(count, usual_rules) for count in calls] + [(usual_calls, count) for count in rules]
    found: dict[tuple[int, int], list[Polls]] = {size: [] for size in sizes}
    for _ in range(ROUNDS):
        for size, rounds in found.items():
            rounds.append(_polls(*size, runs))
    by_calls = {count: found[count, usual_rules] for count in calls}
    by_rules = {count: found[usual_calls, count] for count in rules}
    rows = [_row(*size, rounds) for size, rounds in found.items()]
    return Table(
        "growth",
        "more calls, more rules",
        METHOD,
        (FIRST, SECOND, *COLUMNS.values(), MEMORY, LATER),
        tuple(rows),
        (*_by_calls(by_calls), *_by_rules(by_rules), _memory(by_calls)),
    )


Polls: TypeAlias = Sequence[Mapping[str, float]]
Rounds: TypeAlias = Sequence[Polls]


def _polls(calls: int, rules: int, runs: int) -> Polls:
    with serve(calls, changed=CHANGED) as far:
        polls: Polls = in_process("bench.polling", far.url, rules, LEARNING + max(3, runs), "plain")
    return polls


def _row(calls: int, rules: int, rounds: Rounds) -> Row:
    cells: dict[str, Any] = {
        title: Sample(tuple(1000 * polls[number]["whole"] for polls in rounds))
        for number, title in enumerate((FIRST, SECOND))
    }
    cells |= {title: _sample(rounds, phase) for phase, title in COLUMNS.items()}
    cells[MEMORY] = _grown(rounds, 1) / calls
    cells[LATER] = _grown(rounds, -1) / calls
    return Row(f"{calls:,} calls, {rules:,} rules", cells)


def _sample(rounds: Rounds, phase: str) -> Sample:
    """All later polls, in milliseconds."""
    return Sample(tuple(each for polls in rounds for each in _later(polls, phase).runs))


def _later(polls: Polls, phase: str) -> Sample:
    return Sample(tuple(1000 * poll.get(phase, 0) for poll in polls[LEARNING:]))


def _grown(rounds: Rounds, poll: int) -> float:
    return max(polls[poll]["grown_kib"] for polls in rounds)


def _ratio(more: Rounds, fewer: Rounds, phase: str) -> float:
    large, small = (
        Sample(tuple(_later(polls, phase).median for polls in rounds)) for rounds in (more, fewer)
    )
    return large.beside(small).median


def _by_calls(found: Mapping[int, Rounds]) -> list[Target]:
    counts = sorted(found)
    return [
        Target(
            f"a poll, {fewer:,} calls to {more:,}",
            1.1 * more / fewer,
            _ratio(found[more], found[fewer], "whole"),
            "times",
        )
        for fewer, more in pairwise(counts)
    ]


def _by_rules(found: Mapping[int, Rounds]) -> list[Target]:
    fewer, more = min(found), max(found)
    named = {"whole": "a poll", "decide": "deciding alone"}
    return [
        Target(
            f"{name}, {fewer:,} rules to {more:,}",
            3,
            _ratio(found[more], found[fewer], phase),
            "times",
        )
        for phase, name in named.items()
    ]


def _memory(found: Mapping[int, Rounds]) -> Target:
    most = max(found)
    return Target(f"memory, {most:,} calls", 2, _grown(found[most], 1) / most, "KiB a call")
