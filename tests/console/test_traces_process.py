"""Promises of `callflow run --traces` as a process: its log stays its log, and stopping stops."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

from runner.sandbox import ManualClock, Sandbox
from tests.console.collector import Collector
from tests.process import callflow, daemon

FLOW = """\
version: 1
flow: ends
rules: [{id: end, match: {from: "+14155550199"}, then: [hangup]}]
"""
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "10"}


def sandbox_now() -> Sandbox:
    """A sandbox whose clock is this machine's."""
    return Sandbox(clock=ManualClock(time.time_ns() // 1_000_000))


def project(folder: Path) -> Path:
    (folder / "flow.yaml").write_text(FLOW)
    return folder


async def test_a_run_is_traced_to_its_end(tmp_path: Path, collector: Collector) -> None:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    async with sandbox_now() as sandbox:
        row = sandbox.add_call()
        run = daemon("flow.yaml", "--traces", at=sandbox, cwd=project(tmp_path), **variables)
        async with run as running:
            await running.hears("action.done")
            done = await running.end(signal.SIGTERM)
    assert done.code == 0
    # The second that spans wait for others had not passed: they went out when it stopped.
    (act,) = collector.named("callflow.act")
    assert (act.attributes["callflow.call"], act.attributes["callflow.outcome"]) == (
        row.sid,
        "done",
    )
    assert len(collector.named("callflow.lead")) == 1


async def test_one_poll_is_traced_too(tmp_path: Path, collector: Collector) -> None:
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    async with sandbox_now() as sandbox:
        sandbox.add_call()
        arguments = ("run", "flow.yaml", "--once", "--traces")
        done = await callflow(*arguments, at=sandbox, cwd=project(tmp_path), **variables)
    assert done.code == 0
    assert [len(collector.named(f"callflow.{name}")) for name in ("poll", "act")] == [1, 1]


async def test_a_collector_that_hangs_keeps_no_runner_from_stopping(
    tmp_path: Path, collector: Collector
) -> None:
    collector.open.clear()
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_EXPORTER_OTLP_TIMEOUT": "600"}
    async with sandbox_now() as sandbox:
        run = daemon(
            "flow.yaml", "--traces", at=sandbox, cwd=project(tmp_path), **variables, **SOON
        )
        async with run as running:
            for _ in range(2):
                await running.hears("poll")
            assert collector.requests
            done = await running.end(signal.SIGTERM)
    assert done.code == 0
    assert done.events[-1]["event"] == "stopped"
    collector.open.set()


async def test_one_that_is_gone_is_told_of_once_in_the_log_and_nowhere_else(tmp_path: Path) -> None:
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "0.5",
    }
    async with sandbox_now() as sandbox:
        run = daemon(
            "flow.yaml", "--traces", at=sandbox, cwd=project(tmp_path), **variables, **SOON
        )
        async with run as running:
            told = await running.hears("traces.failed")
            for _ in range(2):
                await running.hears("poll")
            done = await running.end(signal.SIGTERM)
    assert (done.code, told["to"], told["error"]) == (0, "http://127.0.0.1:1", "no answer")
    events = [json.loads(line) for line in done.err.splitlines()]
    assert [event["event"] for event in events].count("traces.failed") == 1


async def test_without_the_packages_it_does_not_run_and_says_what_to_do(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys; sys.modules['opentelemetry'] = None\n")
    async with sandbox_now() as sandbox:
        arguments = ("run", "flow.yaml", "--traces")
        folder = project(tmp_path)
        done = await callflow(*arguments, at=sandbox, cwd=folder, PYTHONPATH=str(hidden))
        assert list(sandbox.journal) == []
    assert done.code == 2
    assert "pip install 'callflow-runner[otel]'" in done.err
