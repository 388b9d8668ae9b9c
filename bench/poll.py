"""Measures one whole poll: 10,000 live calls, 100 rules; list, decide and apply, and peak memory.

  python3 dev.py bench                      (or: python bench/poll.py --calls 10000 --rules 100)

The far side is the project's sandbox in a process of its own, so CPU seconds are the runner's
alone. Figures move with the machine: compare rows of one run, never rows of two.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from runner.decision.holds import Holds  # noqa: E402
from runner.decision.matcher import Matcher  # noqa: E402
from runner.decision.once import History  # noqa: E402
from runner.decision.planner import Plan, Planner, decide  # noqa: E402
from runner.decision.scope import needed_query  # noqa: E402
from runner.engine.clock import SystemClock  # noqa: E402
from runner.engine.loop import Engine  # noqa: E402
from runner.engine.ports import Listing  # noqa: E402
from runner.gateway.credentials import Credentials  # noqa: E402
from runner.gateway.twilio import TwilioGateway, open_gateway  # noqa: E402
from runner.language.loader import load  # noqa: E402
from runner.model import FlowSet, Moment  # noqa: E402
from runner.sandbox import ACCOUNT_SID, AUTH_TOKEN  # noqa: E402
from runner.settings import TwilioSettings  # noqa: E402
from runner.store.url import open_store  # noqa: E402


@dataclass
class Row:
    """The runs of one phase: wall and CPU seconds of each."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Adds one run."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)


def write_flows(folder: Path, rules: int) -> FlowSet:
    """Flows of ten rules each: equality, prefixes, patterns, ages and groups; one rule acts."""
    for number in range(rules // 10 or 1):
        lines = ["version: 1", f"flow: f{number}", "rules:"]
        for rule in range(min(10, rules)):
            n = number * 10 + rule
            match = (
                f'{{to: "+1212555{n:04d}", direction: inbound}}',
                f'{{from: {{prefix: "+1{200 + n % 700}{n:04d}"}}}}',
                f"{{caller_name: {{regex: '.*ACME {n} .*'}}}}",
                f"{{age: {{gte: {4 + n}h}}, direction: outbound-api}}",
                f'{{any: [{{forwarded_from: "+1312555{n:04d}"}}, {{queue_time: {{gt: 9h}}}}]}}',
            )[n % 5]
            lines.append(f"  - {{id: r{rule}, match: {match}, then: [hangup]}}")
        (folder / f"f{number}.yaml").write_text("\n".join(lines) + "\n")
    acting = (
        "version: 1\nflow: acting\nguard: unlimited\n"
        'rules: [{id: end, match: {from: {suffix: "7"}, age: {gte: 1m}}'
    )
    (folder / "acting.yaml").write_text(acting + ", then: [hangup]}]\n")
    loaded = load([folder])
    assert loaded.flow_set is not None, loaded.problems
    return loaded.flow_set


@contextmanager
def sandbox(calls: int) -> Iterator[str]:
    """The far side in its own process; gives its URL."""
    command = [sys.executable, "-m", "runner", "sandbox", "--calls", str(calls)]
    command += ["--speed", "0", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        line = ""
        while "http://127.0.0.1:" not in line:
            line = process.stdout.readline()
            assert line, "the sandbox ended before it listened"
        yield "http://127.0.0.1:" + line.split("http://127.0.0.1:")[1].split()[0].strip("/,.")
    finally:
        process.terminate()
        process.wait()


def plan_for(flow_set: FlowSet, listing: Listing) -> Plan:
    """The pure part of a poll, matcher built beforehand in the runner, here each time."""
    moment = Moment(listing.server_time or 0)
    verdicts = decide(Matcher(flow_set.flows), listing.calls, moment, Holds({}, moment.now))
    return Planner(listing.calls, moment).plan(verdicts, History())


async def measure(gateway: TwilioGateway, flow_set: FlowSet, runs: int) -> dict[str, object]:
    """All phases, `runs` times; applying happens once, because it ends the calls."""
    rows = {name: Row() for name in ("list", "decide", "apply")}
    query = needed_query(flow_set)
    assert query is not None
    await gateway.list_calls(query)  # warm: connections, caches
    for _ in range(runs):
        with rows["list"].timed():
            listing = await gateway.list_calls(query)
        with rows["decide"].timed():
            plan = plan_for(flow_set, listing)
    with tempfile.TemporaryDirectory() as folder:
        store = await open_store(f"sqlite:///{folder}/bench.db")
        clock = SystemClock()
        engine = Engine(ACCOUNT_SID, gateway, store=store, clock=clock, tell=lambda _event: None)
        engine.load(flow_set)
        with rows["apply"].timed():
            await engine.tick(clock.now())
            await engine.settle()
        await store.close()
    poll = statistics.median(rows["list"].wall) + statistics.median(rows["decide"].wall)
    rows["apply"].wall[0] -= poll
    rows["apply"].cpu[0] -= statistics.median(rows["list"].cpu) + statistics.median(
        rows["decide"].cpu
    )
    return {"rows": rows, "calls": len(listing.calls), "steps": len(plan.steps)}


def sdk_list(url: str) -> Row:
    """The same listing by the SDK's own `calls.list()`, for scale."""
    from twilio.rest import Client

    client = Client(ACCOUNT_SID, AUTH_TOKEN)
    client.api.base_url = url
    row = Row()
    for _ in range(3):
        with row.timed():
            client.calls.list(status="in-progress", page_size=1000)
    return row


async def run(url: str, rules: int, runs: int) -> dict[str, object]:
    """Measures against the sandbox at `url`."""
    login = Credentials(ACCOUNT_SID, ACCOUNT_SID, password=AUTH_TOKEN)
    gateway = open_gateway(login, TwilioSettings(api_base=url, concurrency=50))
    try:
        with tempfile.TemporaryDirectory() as folder:
            return await measure(gateway, write_flows(Path(folder), rules), runs)
    finally:
        await gateway.close()


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with sandbox(options.calls) as url:
        with urlopen(f"{url}/sandbox/state") as answer:
            live = json.load(answer)
        found = asyncio.run(run(url, options.rules, options.runs))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        rows: dict[str, Row] = {**found["rows"], "SDK calls.list()": sdk_list(url)}  # type: ignore[dict-item]
    print(f"sandbox: {json.dumps(live)[:100]}")
    print(f"{found['calls']} calls listed, {options.rules} rules, {found['steps']} updates\n")
    print(f"{'phase':<18}{'wall s':>10}{'CPU s':>10}{'µs/call CPU':>14}   runs (wall)")
    for name, row in rows.items():
        wall, cpu = statistics.median(row.wall), statistics.median(row.cpu)
        each = 1e6 * cpu / max(1, int(str(found["calls"])))
        spread = f"{min(row.wall):.3f} to {max(row.wall):.3f}"
        print(f"{name:<18}{wall:>10.3f}{cpu:>10.3f}{each:>14.1f}   {len(row.wall)}: {spread}")
    print(
        f"\npeak memory {peak / 1024:.0f} MiB, of which {before / 1024:.0f} before the first poll"
    )


if __name__ == "__main__":
    main()
