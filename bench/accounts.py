"""Measures two hundred accounts on one runner: what polls cost, and what sick ones do to others.

  python3 dev.py bench accounts             (or: .venv/bin/python bench/accounts.py --accounts 200)

Sandbox and runner are processes of their own. Each healthy account gets matching calls, one at a
time, and is watched for three spans of the same length: all well; one account hanging, one
answering 401, one 429 and one slowly; and, all well again, one account with very many calls.
Compare the rows of one run, never those of two.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.sandboxed import sandbox  # noqa: E402

CALLER = "+14155550199"
FAULTS: tuple[dict[str, Any], ...] = (
    {"name": "hang"},
    {"name": "401"},
    {"name": "429"},
    {"name": "slow", "seconds": 1.5},
)
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Far:
    """The sandbox, by its control API."""

    url: str
    accounts: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, path: str, body: object = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(self.url + path, data, headers, method=method)) as answer:
            return json.loads(answer.read() or "null")

    def add_calls(self, sid: str, calls: Sequence[dict[str, Any]]) -> list[str]:
        """These calls, now, in that account."""
        return list(self.ask("/sandbox/calls", {"account": sid, "calls": list(calls)})["sids"])

    def updates(self) -> dict[str, int]:
        """Call SID → when its first update came."""
        found: dict[str, int] = {}
        for entry in self.ask("/sandbox/journal?kind=update")["requests"]:
            found.setdefault(entry["path"].rpartition("/")[2].removesuffix(".json"), entry["at"])
        return found


@dataclass
class Span:
    """One span: when calls appeared, what polls took, and the processor time of the runner."""

    name: str
    start: float
    cpu: float
    appeared: dict[str, float] = field(default_factory=dict)


@contextmanager
def far_side(accounts: int, calls: int) -> Iterator[Far]:
    """The far side in its own process, playing in real time."""
    with sandbox(accounts * calls, "--accounts", str(accounts - 1)) as url:
        far = Far(url)
        far.accounts = far.ask("/sandbox/accounts")["accounts"]
        yield far


@contextmanager
def runner(far: Far, folder: Path, rules: int, interval: float) -> Iterator[subprocess.Popen[str]]:
    """`callflow run` on all accounts of the sandbox, its log in a file."""
    (folder / "flows").mkdir()
    (folder / "flows" / "end.yaml").write_text(flow(rules))
    told, environ = {}, dict(os.environ)
    for number, account in enumerate(far.accounts):
        environ[f"TOKEN_{number}"] = account["auth_token"]
        told[f"a-{number}"] = {"sid": account["sid"], "auth_token": {"env": f"TOKEN_{number}"}}
    config = {"version": 1, "interval": f"{round(interval * 1000)}ms", "accounts": told}
    (folder / "callflow.yaml").write_text(json.dumps(config))
    command = [sys.executable, "-m", "runner", "run", "--log-format", "json", "--api-base", far.url]
    environ |= {"PYTHONPATH": str(ROOT)}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stderr=log, text=True, cwd=folder, env=environ)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def flow(rules: int) -> str:
    """One rule that acts on one caller, and many that match nobody."""
    head = "version: 1\nflow: bench\nguard: unlimited\nmatch: {status: in-progress}\nrules:\n"
    others = "".join(
        f'  - {{id: r{n}, match: {{from: {{prefix: "+1999{n:04d}"}}}}, then: [hangup]}}\n'
        for n in range(rules - 1)
    )
    return head + others + f'  - {{id: end, match: {{from: "{CALLER}"}}, then: [hangup]}}\n'


def cpu_of(pid: int) -> float:
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def span(name: str, far: Far, pid: int, healthy: Sequence[str], seconds: float) -> Span:
    """Lets matching calls appear at random moments, two in each healthy account."""
    found = Span(name, time.time(), cpu_of(pid))
    moments = sorted((random.uniform(0, seconds - 6), sid) for sid in (*healthy, *healthy))
    for moment, sid in moments:
        time.sleep(max(0.0, found.start + moment - time.time()))
        (call,) = far.add_calls(sid, [{"from": CALLER, "to": "+14155550100", "talk": "never"}])
        found.appeared[call] = time.time()
    time.sleep(max(0.0, found.start + seconds - time.time()))
    found.cpu = cpu_of(pid) - found.cpu
    return found


def quantiles(values: Sequence[float]) -> str:
    """Median, 95th and greatest, in milliseconds."""
    if not values:
        return f"{'-':>8}{'-':>8}{'-':>8}"
    p95 = statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
    return f"{statistics.median(values):>8.0f}{p95:>8.0f}{max(values):>8.0f}"


@dataclass
class Polls:
    """The polls that the log tells of: when each ended and, of the healthy, how long it took."""

    healthy: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    every: list[float] = field(default_factory=list)


def polls_of(log: Path, healthy: Sequence[str]) -> Polls:
    """Reads the log."""
    polls, wanted = Polls(), set(healthy)
    for line in log.read_text().splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "poll":
            at = datetime.fromisoformat(event["time"]).timestamp()
            polls.every.append(at)
            if event["account"] in wanted:
                polls.healthy[event["account"]].append((at, event["took_ms"]))
    return polls


def report(spans: Sequence[Span], polls: Polls, updates: dict[str, int], seconds: float) -> None:
    """One row a span."""
    heads = "".join(f"{head:^24}" for head in ("poll, ms", "gap, ms", "act, ms"))
    print(f"{'':<16}{heads}{'acted':>9}{'CPU':>7}{'a poll':>9}")
    print(f"{'span':<16}" + f"{'p50':>8}{'p95':>8}{'max':>8}" * 3 + f"{'of':>9}{'%':>7}{'ms':>9}")
    for one in spans:
        end = one.start + seconds
        took = [ms for each in polls.healthy.values() for at, ms in each if one.start <= at < end]
        gaps = [
            1000 * (after - before)
            for each in polls.healthy.values()
            for (before, _), (after, _) in pairwise(each)
            if one.start <= before and after < end
        ]
        acts = [updates[c] - 1000 * at for c, at in one.appeared.items() if c in updates]
        count = sum(one.start <= at < end for at in polls.every)
        share, each_cost = 100 * one.cpu / seconds, 1000 * one.cpu / max(1, count)
        print(
            f"{one.name:<16}{quantiles(took)}{quantiles(gaps)}{quantiles(acts)}"
            f"{len(acts):>5}/{len(one.appeared)}{share:>6.0f}{each_cost:>9.2f}"
        )


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--calls", type=int, default=20, help="live calls in each account")
    parser.add_argument("--many", type=int, default=10_000, help="calls of the one with very many")
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--interval", type=float, default=2.0)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long a span is")
    options = parser.parse_args()
    random.seed(1)
    with tempfile.TemporaryDirectory() as name, far_side(options.accounts, options.calls) as far:
        folder = Path(name)
        sids = [account["sid"] for account in far.accounts]
        sick, many, healthy = sids[1:5], sids[5], [sids[0], *sids[6:]]
        with runner(far, folder, options.rules, options.interval) as process:
            time.sleep(5 + options.interval)
            took = options.seconds
            spans = [span("all well", far, process.pid, healthy, took)]
            for sid, fault in zip(sick, FAULTS, strict=True):
                far.ask("/sandbox/faults", {**fault, "account": sid})
            spans.append(span("four are sick", far, process.pid, healthy, took))
            far.ask("/sandbox/faults", method="DELETE")
            crowd = [{"from": f"+1777{n:07d}", "talk": "never"} for n in range(options.many)]
            for first in range(0, len(crowd), 1_000):
                far.add_calls(many, crowd[first : first + 1_000])
            spans.append(span("one has many", far, process.pid, healthy, took))
        print(
            f"{len(sids)} accounts, {options.calls} calls each, {options.rules} rules, a poll every"
        )
        print(f"{options.interval:g} s; at last one has {options.many} calls. Healthy ones only:\n")
        report(spans, polls_of(folder / "log", healthy), far.updates(), took)


if __name__ == "__main__":
    main()
