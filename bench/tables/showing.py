"""Table `showing`: what a poll costs beside its list and its verdicts: plan, live set, console."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle
from typing import Any

from bench.measuring import Cell, Row, Sample, Table, Target
from bench.polling import failed
from bench.standing import MOMENT, Standing, spent, standing
from bench.workload import ACCOUNT, NOW
from runner.cli.daemon.watching import Guarded, Watch
from runner.console.measuring.metrics import Metrics
from runner.console.picture.board import Board
from runner.console.summing import Summing
from runner.decision.live import LiveSet
from runner.decision.once import History
from runner.decision.planner import Planner
from runner.decision.turns import at_once
from runner.engine.clock import SystemClock

QUICK: dict[str, Any] = {"calls": 60, "rules": 20, "few": 5, "many": 120}
CPU, LONGEST, KEPT = "CPU, ms", "longest turn, ms", "kept a call, KiB"
METHOD = """\
Each part alone, on calls and verdicts made beforehand; processor milliseconds. Where work is done
in turns, the event loop does other things between them: the longest turn is what others wait for at
most. What an earlier run made is freed before the next. A *spent* verdict is one of a rule that has
acted on its call already. `shown`: a board and metrics see one poll after another; in every other
one each twentieth verdict is of another rule. What they keep is beside the poll itself: its calls,
verdicts and plan."""

#: One measurement: does it anew, pausing where the runner would; what it makes goes into the list,
#: for the runner has it for longer than that.
Work = Callable[[list[object]], Iterator[None]]


def table(
    runs: int, *, calls: int = 10_000, rules: int = 1_000, few: int = 300, many: int = 100_000
) -> Table:
    """One row a part, at the usual number of calls and at `many`."""
    usual, large = standing(calls, rules), standing(many, rules)
    gc.collect()
    gc.freeze()  # as `callflow run` does when it has started
    try:
        found = {name: _measured(work, runs) for name, work in _works(usual, large, few).items()}
        shown = {
            f"shown, {count:,} of {len(each.calls):,} calls match": _shown(each, count, runs)
            for each, count in ((usual, few), (usual, calls), (large, many // 20), (large, many))
        }
        held = {
            f"shown, {len(each.calls):,} calls match what is paused": _shown(each, None, runs)
            for each in (usual, large)
        }
    finally:
        gc.unfreeze()
    (quiet, all_match, large_quiet, _), (all_held, _) = shown.values(), held.values()
    rows = [Row(name, cells) for name, cells in (found | shown | held).items()]
    targets = (
        Target(
            f"a plan with {few:,} spent verdicts, and a poll shown in which these change",
            10,
            _median(found[f"plan, {few:,} spent verdicts"], CPU) + _median(quiet, CPU),
            "ms",
        ),
        _no_longer("a plan with an act on each call", found[f"plan, {calls:,} acts"]),
        _no_longer("a poll shown in which each call matches", all_match),
        _no_longer("a poll shown in which each call matches what is paused", all_held),
        _no_longer(f"a poll of {many:,} calls shown, {many // 20:,} match", large_quiet),
        _no_longer(f"a live set of {many:,}", found[f"live set of {many:,}, prepared"]),
    )
    title = "planning and showing"
    return Table("showing", title, METHOD, (CPU, LONGEST, KEPT), tuple(rows), targets)


def _no_longer(text: str, cells: Mapping[str, Cell]) -> Target:
    return Target(f"{text}, longest turn", 10, _median(cells, LONGEST), "ms")


def _median(cells: Mapping[str, Cell], column: str) -> float:
    cell = cells[column]
    assert isinstance(cell, Sample)
    return cell.median


def _works(usual: Standing, large: Standing, few: int) -> dict[str, Work]:
    count, many = len(usual.calls), len(large.calls)
    return {
        "plan, nothing matches": _plan(usual, 0),
        f"plan, {few:,} spent verdicts": _plan(usual, few, acted=True),
        f"plan, {count:,} spent verdicts": _plan(usual, count, acted=True),
        f"plan, {few:,} acts": _plan(usual, few),
        f"plan, {count:,} acts": _plan(usual, count),
        f"plan, {many:,} spent verdicts": _plan(large, many, acted=True),
        f"live set of {count:,}, counted by a field": _counted(usual),
        f"live set of {count:,}, ranked by a field": _ranked(usual),
        f"live set of {many:,}, prepared": _prepared(large),
    }


def _plan(scene: Standing, count: int, *, acted: bool = False) -> Work:
    verdicts = scene.verdicts(count)
    history = spent(verdicts) if acted else History(now=NOW)

    def work(made: list[object]) -> Iterator[None]:
        planner = Planner(scene.calls, MOMENT)
        made += planner, (yield from planner.plan_in_turns(verdicts, history))

    return work


def _counted(scene: Standing) -> Work:
    def work(made: list[object]) -> Iterator[None]:
        live = LiveSet(scene.calls, NOW)
        made.append(live)
        for call in scene.calls:
            live.count("to", call.to or "")
        yield

    return work


def _ranked(scene: Standing) -> Work:
    def work(made: list[object]) -> Iterator[None]:
        live = LiveSet(scene.calls, NOW)
        made.append(live)
        for call in scene.calls:
            live.rank("to", call.to or "", call.sid)
        yield

    return work


def _prepared(scene: Standing) -> Work:
    """A field with few values, and one that all calls have in common."""
    before, first = LiveSet(scene.calls, NOW), scene.calls[0]
    before.count("to", "")
    before.rank("account_sid", ACCOUNT, first.sid)

    def work(made: list[object]) -> Iterator[None]:
        live = LiveSet(scene.calls, NOW)
        made.append(live)
        return live.prepare(before)

    return work


def _shown(scene: Standing, count: int | None, runs: int) -> dict[str, Cell]:
    """None for the `count` of those that match: all do, and all is paused."""
    matching, paused = (len(scene.calls), True) if count is None else (count, False)
    verdicts = (scene.verdicts(matching, other=other) for other in (False, True))
    polls = [scene.poll(each, paused=paused) for each in verdicts]
    clock, shared = SystemClock(), Summing()
    accounts = {ACCOUNT: ("", 2_000)}
    tracemalloc.start()
    board = Board(accounts, clock, summing=shared)
    metrics = Metrics(accounts, clock, summing=shared)
    metrics.load(scene.flow_set)
    watched = Guarded(Watch((), (board.see, metrics.see)), clock, failed)
    empty = tracemalloc.get_traced_memory()[0]
    at_once(watched.see(ACCOUNT, polls[0]))()
    kept = tracemalloc.get_traced_memory()[0] - empty
    tracemalloc.stop()
    at_once(watched.see(ACCOUNT, polls[1]))()
    turns = cycle(polls)

    def work(_made: list[object]) -> Iterator[None]:
        show = yield from watched.see(ACCOUNT, next(turns))
        show()

    return _measured(work, runs) | {KEPT: kept / 1024 / len(scene.calls)}


def _measured(work: Work, runs: int) -> dict[str, Cell]:
    totals, longest, made = [], [], list[object]()
    for _ in range(runs):
        made.clear()
        gc.collect()
        lengths = [1000 * length for length in _lengths(work(made))]
        totals.append(sum(lengths))
        longest.append(max(lengths))
    return {CPU: Sample(tuple(totals)), LONGEST: Sample(tuple(longest))}


def _lengths(turns: Iterator[None]) -> Iterator[float]:
    """Of each turn, in seconds."""
    going = True
    while going:
        began = time.process_time()
        going = next(turns, _OVER) is not _OVER
        yield time.process_time() - began


_OVER = object()
