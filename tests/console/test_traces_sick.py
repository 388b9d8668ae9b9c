"""Promises of traces where their collector is sick: nothing waits for it, and nothing grows."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import repeat

import pytest

from runner.console.tracing.openacts import MOST
from runner.console.tracing.otlp import Otlp
from runner.console.tracing.pipe import Pipe
from runner.console.tracing.spans import Span
from runner.engine.ports import Event
from tests.console.collector import Collector
from tests.console.tracing import traced
from tests.site import Site

FLOW = """\
version: 1
flow: ends
rules: [{id: end, match: {from: "+14155550199"}, then: [hangup]}]
"""
PATIENCE = 10.0


async def until(happened: Callable[[], bool]) -> None:
    """Waits, in real time, until that has happened."""
    async with asyncio.timeout(PATIENCE):
        for pause in repeat(0.01):
            if happened():
                return
            await asyncio.sleep(pause)


async def test_a_collector_that_hangs_delays_neither_polls_nor_stopping(
    site: Site, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "600")
    collector.open.clear()
    traces = traced(site)
    site.flows(FLOW)
    site.sandbox.add_call()
    await site.poll()
    await until(lambda: collector.requests == 1)
    site.sandbox.add_call(id="later")
    await site.poll()
    assert [outcome for _, outcome in await site.outcomes()] == ["done", "done"]
    async with asyncio.timeout(PATIENCE):
        await traces.close(within=50)
    assert collector.spans == []
    collector.open.set()


@pytest.mark.parametrize("status", [401, 404, 500, 503, 302])
async def test_what_is_refused_is_told_once_until_it_is_taken_again(
    site: Site, collector: Collector, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    # Shorter than the pause before another try, so that there is none.
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.5")
    collector.status = status
    told: list[Event] = []
    traces = traced(site)
    traces.report_to(told.append)
    for poll in range(2):
        await site.poll()
        await until(lambda: collector.requests == poll + 1)  # noqa: B023
    await until(lambda: len(told) == 1)
    collector.status = 200
    await site.poll()
    await until(lambda: len(told) == 2)
    await traces.close()
    failed, ok = told
    assert (failed.name, failed.level, ok.name, ok.level) == (
        *("traces.failed", "warning"),
        *("traces.ok", "info"),
    )
    assert (failed.fields["to"], failed.fields["error"]) == (collector.url, f"status {status}")
    assert (failed.fields["lost"], ok.fields) == (1, {"to": collector.url, "lost": 2})
    assert len(collector.named("callflow.poll")) == 1


async def test_one_that_is_gone_is_told_of_without_its_url(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.5")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:secret-1@127.0.0.1:1/secret-2")
    told: list[Event] = []
    traces = traced(site)
    traces.report_to(told.append)
    await site.poll()
    await until(lambda: bool(told))
    await traces.close()
    assert (told[0].fields["to"], told[0].fields["error"]) == ("http://127.0.0.1:1/…", "no answer")
    assert "secret" not in str(told)


async def test_what_waits_is_bounded_and_the_oldest_goes(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.open.clear()
    reports: list[tuple[str, int]] = []
    pipe = Pipe(
        Otlp(), report=lambda trouble, lost: reports.append((trouble, lost)), room=3, gather=10
    )
    pipe.put(Span("first", 1, 2, {}))
    await until(lambda: collector.requests == 1)
    for number in range(10):
        pipe.put(Span(f"later {number}", 1, 2, {}))
    collector.open.set()
    await pipe.close()
    names = [span.name for span in collector.spans]
    assert names == ["first", "later 7", "later 8", "later 9"]
    assert reports == []


async def test_acts_without_an_end_are_bounded(site: Site, collector: Collector) -> None:
    traces = traced(site)
    for number in range(MOST + 1):
        traces.hear(act("intended", number, at=1_000))
    for number in (0, MOST):
        traces.hear(act("done", number, at=5_000))
    await traces.close()
    first, last = collector.named("callflow.act")
    assert (first.began, first.ended) == (5_000, 5_000)
    assert (last.began, last.ended) == (1_000, 5_000)


async def test_spans_that_can_not_be_made_end_nothing(site: Site, collector: Collector) -> None:
    told: list[Event] = []
    traces = traced(site)
    traces.report_to(told.append)
    traces.hear(Event("poll", -(10**30), "info", {"account": "AC1"}))  # no time that OTLP can hold
    await until(lambda: bool(told))
    await site.poll()
    await until(lambda: len(told) == 2)
    await traces.close()
    assert [event.name for event in told] == ["traces.failed", "traces.ok"]
    assert len(collector.named("callflow.poll")) == 1


ALONE = """
import asyncio, sys
from runner.engine.clock import SystemClock
from runner.engine.ports import Event
from runner.console.tracing.traces import CannotTrace, open_traces

async def main():
    traces = open_traces(SystemClock())
    told = []
    traces.report_to(told.append)
    traces.hear(Event("poll", 1000, "info", {"account": "AC1", "calls": 1}))
    while not told:
        await asyncio.sleep(0.01)
    await traces.close()
    print(told[0].fields["error"])

try:
    asyncio.run(main())
except CannotTrace as error:
    print(f"{error} -- {error.hint}")
"""


def alone(before: str = "") -> subprocess.CompletedProcess[str]:
    """A process that is traced to a collector that is not there."""
    environ = {
        "PATH": os.environ["PATH"],
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "0.5",
        "OTEL_BSP_SCHEDULE_DELAY": "10",
    }
    command = [sys.executable, "-W", "error", "-c", before + ALONE]
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=30, check=False
    )


def test_the_packages_write_nothing_of_their_own() -> None:
    done = alone()
    assert (done.stdout, done.stderr, done.returncode) == ("no answer\n", "", 0)


def test_missing_packages_are_an_error_with_the_fix() -> None:
    done = alone("import sys; sys.modules['opentelemetry'] = None\n")
    assert done.stderr == ""
    assert "traces need OpenTelemetry's packages" in done.stdout
    assert done.stdout.endswith("-- pip install 'callflow-runner[otel]'\n")


def act(outcome: str, number: int, *, at: int) -> Event:
    """How one of many acts stands."""
    fields = {"account": "AC1", "call": f"CA{number}", "flow": "f", "rule": "r", "then": ["say"]}
    return Event(f"action.{outcome}", at, "info", fields)
