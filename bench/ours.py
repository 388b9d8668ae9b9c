"""callflow's side of the table `verdicts`, alone in its process: `python -m bench.ours RULES CALLS
RUNS FOLDER`.

Prints its times and its verdicts; leaves the conditions and the calls in FOLDER for its peers.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import msgspec

from bench import workload
from bench.measuring import Sample, cpu, say
from bench.rulebook import Planned, rules, write
from bench.workload import NOW, changed, renamed
from runner.call import Call
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher, Verdict
from runner.decision.planner import decide
from runner.decision.rulebook import Rulebooks
from runner.decision.turns import slices
from runner.gateway.rows import decode_page
from runner.language.loader import load
from runner.language.phones import country_of
from runner.model import Flow, Moment

Listed = list[dict[str, Any]]
POLL = 2_000
#: So many rows come in one answer.
A_PAGE = 1_000
#: From the first of the polls whose verdicts are compared to the second.
LATER = 60_000
SHARE = 0.05
TEXTS = ("sid", "from", "to", "status", "direction", "caller_name", "forwarded_from", "answered_by")


class Polls:
    """A matcher from poll to poll, with its holds."""

    def __init__(self, flows: tuple[Flow, ...], books: Rulebooks | None = None) -> None:
        self.matcher = Matcher(flows, books)
        self._holds = Holds({}, NOW)
        self._now = NOW

    def poll(self, rows: Sequence[Call], after: int = POLL) -> list[Verdict]:
        """The verdicts so long after the poll before."""
        self._now += after
        self._holds = Holds(self._holds.after, self._now)
        found = decide(self.matcher, rows, Moment(self._now), self._holds)
        self.matcher.next_poll()
        return found


def decoded(listed: Listed) -> list[Call]:
    """Rows, new objects each time, as the gateway reads them: page by page."""
    return asyncio.run(_read(listed))


async def _read(listed: Listed) -> list[Call]:
    pages = [msgspec.json.encode({"calls": part}) for part in slices(listed, A_PAGE)]
    return [call for page in pages for call in (await decode_page(page, host="here")).calls]


def times(flows: tuple[Flow, ...], listed: Listed, runs: int) -> dict[str, Sample]:
    """Processor seconds of a poll's verdicts; each kind of poll follows its own kind.

    Rows are decoded just before, as a poll has them, and freed when all is measured. Those that
    are `warm` have been asked about since, by a matcher that the one that is timed knows nothing of
    but its rules.
    """
    polls = Polls(flows)
    base = decoded(listed)
    polls.poll(base)
    kinds: dict[str, Callable[[int], Listed]] = {
        "warm": lambda run: renamed(listed, seed=2_000 + run),
        "seen": lambda run: renamed(listed, seed=run),
        "unseen": lambda run: workload.calls(len(listed), seed=1_000 + run),
        "unchanged": lambda run: listed,
        "changed": lambda run: changed(listed, SHARE, seed=run),
    }
    found, kept = {}, [base]
    for kind, make in kinds.items():
        if kind == "unchanged":
            polls.poll(base)
        taken = []
        for run in range(runs):
            written = make(run)
            gc.collect()
            rows, timed = decoded(written), polls
            kept.append(rows)
            if kind == "warm":
                polls.poll(rows)
                timed = Polls(flows, polls.matcher.books)
            began = time.process_time()
            timed.poll(rows)
            taken.append(time.process_time() - began)
        found[kind] = Sample(tuple(taken))
    return found


def loaded(folder: Path) -> tuple[Flow, ...]:
    """The flows of a folder, out of the garbage collector's sight as in `run`."""
    flow_set = load([folder]).flow_set
    assert flow_set is not None
    gc.freeze()
    return flow_set.flows


def loading(folder: Path, flows: tuple[Flow, ...], runs: int) -> dict[str, Sample]:
    """What it takes to read the flows, and to build their matcher."""
    read = cpu(lambda: load([folder]), min(runs, 3))
    return {"read": read, "built": cpu(lambda: Matcher(flows), runs)}


def verdicts(flows: tuple[Flow, ...], polls: Sequence[Listed]) -> list[list[list[str]]]:
    """Of each poll, a minute apart, and of each of its calls: the keys of the rules."""
    asked = Polls(flows)
    found = []
    for listed in polls:
        keys: dict[str, list[str]] = {call["sid"]: [] for call in listed}
        for verdict in asked.poll(decoded(listed), LATER):
            keys[verdict.call.sid].append(verdict.rule.key)
        found.append(list(keys.values()))
    return found


def given(planned: Sequence[Planned], polls: Sequence[Listed]) -> Mapping[str, Any]:
    """What peers are asked: conditions, and records of the same polls."""
    records = [
        [_record(call, NOW + number * LATER) for call in listed]
        for number, listed in enumerate(polls, 1)
    ]
    return {"conditions": [rule.condition for rule in planned], "polls": records}


def _record(call: Mapping[str, Any], now: int) -> dict[str, Any]:
    """The fields that rules read, the derived ones among them; empty where the call has none."""
    began = round(parsedate_to_datetime(call["start_time"]).timestamp() * 1000)
    return {
        **{name: call[name] or "" for name in TEXTS},
        "queue_time": int(call["queue_time"]),
        "age": max(0, now - began),
        "leg": "child" if call["parent_call_sid"] else "parent",
        "from_country": country_of(call["from"]) or "",
    }


def main() -> None:
    """Measures so many rules and calls."""
    count, calls, runs = map(int, sys.argv[1:4])
    folder = Path(sys.argv[4])
    planned, listed = rules(count), workload.calls(calls)
    write(folder / "flows", planned)
    flows = loaded(folder / "flows")
    # First, while memory is as it is in a runner that has just begun.
    deciding = times(flows, listed, runs)
    taken = loading(folder / "flows", flows, runs)
    taken |= {kind: sample.scaled(1e6 / calls) for kind, sample in deciding.items()}
    polls = [listed, changed(listed, SHARE, seed=0)]
    (folder / "given.json").write_text(json.dumps(given(planned, polls)), encoding="utf-8")
    say({"times": {k: s.runs for k, s in taken.items()}, "verdicts": verdicts(flows, polls)})


if __name__ == "__main__":
    main()
