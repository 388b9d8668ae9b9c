"""Table `poll`: what a whole poll costs that finds nothing to do, by phase, and as a process."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.far_side import DIALLED, FarSide, serve
from bench.measuring import Row, Sample, Table, Target, in_process
from bench.rulebook import resting, rules, write
from bench.running import running

QUICK: dict[str, Any] = {"calls": 200, "count": 40, "hows": ("plain",), "watched": 0}
CHANGED = 0.05
#: Later polls for each run that is asked for.
POLLS = 4
#: In the first poll every call is new; the second is the first to note how rows look.
EARLY = ("the first poll of an engine", "the second")
LEARNING = len(EARLY)
PHASES = {each: f"{each}, ms" for each in ("list", "decide", "plan", "keep", "whole")}
ENGINES = {
    "plain": "engine",
    "console": "engine, the console's board and metrics on",
    "spent": "engine, 1 % of the calls fit a rule that has had its turn",
}
RUNNERS: dict[str, tuple[str, ...]] = {
    "`callflow run`, whole process": (),
    "`callflow run --listen`, whole process": ("--listen", "127.0.0.1:0"),
}
METHOD = """\
Processor milliseconds of a poll over {calls:,} live calls, of which {changed:.0%} changed since
the poll before, with {count:,} rules that find nothing to do: the real engine, gateway and ledger,
and a far side in another process, over a socket. Rules are those of the table `verdicts`, but that
none fits: equalities meet calls and fail on the direction. `list` is what it takes to ask for the
calls and to read them, `keep` what the ledger takes; the plan is made once more beside the poll,
and `decide` is the rest. `callflow run` polls every half second, and is charged all that its
process spends from poll to poll, by the kernel's count: the mean of {watched} polls."""


def table(
    runs: int,
    *,
    calls: int = 10_000,
    count: int = 1_000,
    hows: Sequence[str] = tuple(ENGINES),
    watched: int = 20,
) -> Table:
    """Polls of an engine, and of so many polls of whole processes the mean."""
    early, rows = list[Row](), list[Row]()
    with serve(calls, changed=CHANGED) as far:
        for how in hows:
            polls = in_process("bench.polling", far.url, count, LEARNING + POLLS * runs, how)
            if how == "plain":
                early = [
                    _row(*each) for each in zip(EARLY, ([poll] for poll in polls), strict=False)
                ]
            rows.append(_row(ENGINES[how], polls[LEARNING:]))
        if watched:
            rows += [_watched(far, name, count, watched) for name in RUNNERS]
    return Table(
        "poll",
        "a whole poll that finds nothing to do",
        METHOD.format(calls=calls, count=count, changed=CHANGED, watched=watched),
        tuple(PHASES.values()),
        (*early, *rows),
        tuple(_targets(rows)),
    )


def _row(name: str, polls: Sequence[dict[str, float]]) -> Row:
    """Every phase of these polls."""
    return Row(
        name,
        {
            title: Sample(tuple(1000 * poll.get(phase, 0) for poll in polls))
            for phase, title in PHASES.items()
        },
    )


def _watched(far: FarSide, name: str, count: int, watched: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, "flows"), resting(rules(count), DIALLED))
        with running(Path(folder), far.url, "--interval", "500ms", *RUNNERS[name]) as runner:
            runner.wait_for(3)
            began, polls = runner.cpu, runner.polls
            runner.wait_for(polls + watched)
            each = (runner.cpu - began) / (runner.polls - polls)
    return Row(name, {PHASES["whole"]: 1000 * each})


def _targets(rows: Sequence[Row]) -> list[Target]:
    """The budget of a poll, for all that go on from poll to poll."""
    found = []
    for row in rows:
        whole = row.cells[PHASES["whole"]]
        got = whole.median if isinstance(whole, Sample) else float(whole)
        found.append(Target(f"a poll: {row.name}", 150, got, "ms"))
    return found
