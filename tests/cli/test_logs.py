"""Promises of log lines: whole, readable by machines whatever is in them, and never waited for."""

from __future__ import annotations

import asyncio
import fcntl
import io
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

import pytest

from runner.cli.daemon.logs import LONGEST, event_log
from runner.cli.daemon.sink import HELD
from runner.engine.ports import Event
from runner.sandbox import ManualClock, Sandbox
from tests.process import PATIENCE, environment

SMALLEST = 4_096
HOSTILE: dict[str, Any] = {
    "not-a-number": float("nan"),
    "endless": float("-inf"),
    "half": "\ud83d and \\ud83d",
    "whole": "\ud83d\ude00 \U0001f600",
    "controls": "a\nb\r\x1b[2J\x00\x9b\u2028c",
    "nested": {"half": ["\udc00", ("\x07", float("inf"))], 1: None},
    "thing": Path("/x"),
    "text": "größer",
}


def line_of(log_format: str, **fields: Any) -> str:
    """The line that is made of such an event."""
    stream = io.StringIO()
    event_log(stream, log_format, show_numbers=True)(Event("x", 0, "info", fields))
    return stream.getvalue()


def test_json_is_valid_whatever_is_in_it() -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    line = line_of("json", **HOSTILE)
    assert line.isascii()
    assert line.count("\n") == 1
    told = json.loads(line, parse_constant=refuse)
    assert (told["not-a-number"], told["endless"], told["thing"]) == ("nan", "-inf", "/x")
    assert told["half"] == "\ufffd and \\ud83d"
    assert told["whole"] == "\U0001f600 \U0001f600"
    assert told["nested"] == {"half": ["\ufffd", ["\x07", "inf"]], "1": None}
    assert (told["controls"], told["text"]) == (HOSTILE["controls"], "größer")
    json.dumps(told, ensure_ascii=False).encode()  # nothing in it is half


def test_text_is_one_line_that_moves_no_cursor() -> None:
    line = line_of("text", **HOSTILE)
    assert line.count("\n") == 1
    assert not {"\x1b", "\x00", "\x9b", "\r"} & set(line)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_line_is_endless(log_format: str) -> None:
    huge = {"detail": "x" * 1_000_000, "problems": ["y" * 5_000] * 1_000, "errors": 7}
    line = line_of(log_format, **huge)
    assert len(line) < 2 * LONGEST
    assert "xxx" in line
    assert "7" in line
    assert line_of(log_format, detail="x" * 20_000).count("x") >= 20_000


@contextmanager
def narrow_pipe() -> Iterator[tuple[int, TextIO]]:
    """A pipe that holds little: where to read, and what to write to."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, SMALLEST)
    os.set_blocking(reader, False)
    with suppress(OSError), os.fdopen(writer, "w", encoding="utf-8") as stream:
        try:
            yield reader, stream
        finally:
            os.close(reader)


def read(reader: int) -> str:
    """What is in the pipe now."""
    try:
        return os.read(reader, 1_000_000).decode()
    except BlockingIOError:
        return ""


def test_nobody_waits_for_a_reader_and_what_it_missed_is_counted() -> None:
    with narrow_pipe() as (reader, stream):
        tell = event_log(stream, "json", show_numbers=True)
        most = 3 * HELD // 1_000
        for number in range(most):
            tell(Event("x", 0, "info", {"number": number, "padding": "p" * 1_000}))
        text, count = "", most
        while "log.lost" not in text and count < 2 * most:
            text += read(reader)
            tell(Event("x", 0, "info", {"number": count}))
            count += 1
    events = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    (lost,) = (event["lines"] for event in events if event["event"] == "log.lost")
    at = next(i for i, event in enumerate(events) if event["event"] == "log.lost")
    numbers = [event["number"] for event in events[:at]]
    assert numbers == sorted(set(numbers))
    assert lost > 0
    assert len(numbers) + lost == numbers[-1] + 1


def test_a_line_longer_than_the_pipe_arrives_whole() -> None:
    with narrow_pipe() as (reader, stream):
        tell = event_log(stream, "json", show_numbers=True)
        tell(Event("long", 0, "info", {"detail": "z" * 20_000}))
        text = ""
        for _ in range(10):
            text += read(reader)
            tell(Event("x", 0))
        lines = [json.loads(line) for line in text.splitlines()]
    assert lines[0]["detail"] == "z" * 20_000
    assert {line["event"] for line in lines[1:]} == {"x"}


def test_a_reader_that_is_gone_stops_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with suppress(BrokenPipeError), os.fdopen(writer, "w", encoding="utf-8") as stream:
        tell = event_log(stream, "text", show_numbers=True)
        for _ in range(3):
            tell(Event("x", 0))


FLOW = """\
version: 1
flow: ends
rules: [{id: end, guard: {burst: unlimited}, match: {status: in-progress}, then: [hangup]}]
"""


async def test_a_runner_acts_and_stops_while_nobody_reads_its_log(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW)
    async with Sandbox(clock=ManualClock(time.time_ns() // 1_000_000)) as sandbox:
        for number in range(30):
            sandbox.add_call(id=f"c{number}")
        with narrow_pipe() as (_reader, stream):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "runner", "run", "flow.yaml", "--log-format", "json"),
                stderr=stream.fileno(),
                env=environment(sandbox),
                cwd=tmp_path,
            )
            async with asyncio.timeout(PATIENCE):
                while len(sandbox.journal.of("update")) < 30:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                process.send_signal(signal.SIGTERM)
                assert await process.wait() == 0
