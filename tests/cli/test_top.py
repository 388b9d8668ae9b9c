"""Promises of `callflow top`: the picture of a real daemon, on a real terminal, and its brakes."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.sandbox import ManualClock, Sandbox
from tests.cli.terminals import on_terminal
from tests.process import Daemon, callflow, daemon

FLOW = """\
version: 1
flow: surveys
rules:
  - {id: cut, match: {age: {gte: 30m}}, then: [hangup]}
  - {id: vip, match: {to: "+14155550177"}, then: [{say: hello}, hangup]}
"""
READ, OPERATE = "r" * 24, "o" * 24
TOKENS = {"CALLFLOW_READ_TOKEN": READ, "CALLFLOW_OPERATOR_TOKEN": OPERATE}


@dataclass
class Here:
    """A daemon with calls, a pause, and where it listens."""

    sandbox: Sandbox
    folder: Path
    running: Daemon
    url: str


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


@pytest.fixture
async def here(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Here]:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "surveys.yaml").write_text(FLOW)
    sandbox.add_call(id="old", from_="+14155550111", age=300_000)
    sandbox.add_call(id="evil", from_="sip:\x1b[2J電話@example.com", caller_name="\x1b]0;x\x07")
    async with daemon("--listen", "127.0.0.1:0", at=sandbox, cwd=tmp_path, **TOKENS) as running:
        url = (await running.hears("started"))["console"]
        await running.hears("poll")
        yield Here(sandbox, tmp_path, running, url)


# ---- one picture ----------------------------------------------------------------------------


async def test_a_pipe_gets_one_picture_as_text_and_as_documents(here: Here) -> None:
    asked = ("top", "--url", here.url)
    done = await callflow(*asked, cwd=here.folder, CALLFLOW_READ_TOKEN=READ, COLUMNS="80")
    assert (done.code, done.err) == (0, "")
    assert "\x1b" not in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    for part in ("leading  ready  2 live", "surveys/cut", "+1415***0111", "in-progress"):
        assert part in done.out
    done = await callflow(*asked, "--format", "json", cwd=here.folder, CALLFLOW_READ_TOKEN=READ)
    documents = json.loads(done.out)
    assert list(documents) == ["status", "rules", "calls", "held", "acts", "chart"]
    assert documents["status"]["access"]["role"] == "reader"
    assert {call["status"] for call in documents["calls"]["calls"]} == {"in-progress"}


async def test_numbers_are_shown_to_operators_alone_and_that_is_recorded(here: Here) -> None:
    asked = ("top", "--url", here.url, "--once", "--show-numbers")
    done = await callflow(*asked, cwd=here.folder, CALLFLOW_READ_TOKEN=READ)
    assert done.code == 2, done.out
    done = await callflow(*asked, cwd=here.folder, CALLFLOW_OPERATOR_TOKEN=OPERATE)
    assert "+14155550111" in done.out
    assert await here.running.hears("numbers.shown")


async def test_nobody_there_and_a_wrong_token_are_said(here: Here) -> None:
    done = await callflow("top", "--url", "http://127.0.0.1:1", cwd=here.folder)
    assert (done.code, done.err.splitlines()[0]) == (
        3,
        "error: nobody listens at http://127.0.0.1:1",
    )
    done = await callflow("top", "--url", here.url, cwd=here.folder, CALLFLOW_READ_TOKEN="x" * 20)
    assert (done.code, done.err.splitlines()[0]) == (2, "error: the token is wrong")
    done = await callflow("top", "--url", here.url, cwd=here.folder)
    assert (done.code, "CALLFLOW_OPERATOR_TOKEN or CALLFLOW_READ_TOKEN" in done.err) == (2, True)
    for url in ("http://me:secret@127.0.0.1:1", "127.0.0.1:9090", "ftp://x", "http://[::1"):
        done = await callflow("top", "--url", url, cwd=here.folder, CALLFLOW_READ_TOKEN=READ)
        assert (done.code, "http://127.0.0.1:9090" in done.err) == (2, True), done.err
        assert "secret" not in done.err
    done = await callflow("top", "--url", here.sandbox.url, cwd=here.folder)
    assert (done.code, "no console of callflow" in done.err) == (3, True)


async def test_where_it_listens_is_read_from_the_configuration(here: Here) -> None:
    port = here.url.rpartition(":")[2]
    (here.folder / "callflow.yaml").write_text(
        f"version: 1\nlisten: 0.0.0.0:{port}\nconsole: {{read_token_env: MY_TOKEN}}\n"
    )
    done = await callflow("top", cwd=here.folder, MY_TOKEN=READ)
    assert (done.code, "2 live" in done.out) == (0, True), done.err


# ---- on a terminal --------------------------------------------------------------------------


async def test_it_is_live_and_ends_with_q_as_it_found_the_terminal(here: Here) -> None:
    top = ("top", "--url", here.url)
    async with on_terminal(*top, cwd=here.folder, CALLFLOW_READ_TOKEN=READ) as terminal:
        text = await terminal.shows("> rules", "surveys/cut", "2 live", "+1415***0111")
        assert text.splitlines()[-1].startswith("q quit  ? help")
        assert "K stop" not in text, "not for readers"
        here.sandbox.add_call(from_="+14155550122")
        await terminal.shows("3 live", "+1415***0122")
        terminal.type("\t")
        await terminal.shows("> calls", gone="> rules")
        terminal.type("/0122\r")
        await terminal.shows("> calls /0122/", gone="+1415***0111")
        terminal.type("K")
        await terminal.shows("a reader may look and change nothing")
        terminal.type("?")
        await terminal.shows("back-tab", gone="> calls")
        terminal.type("\x1b")
        await terminal.shows("> calls")
        terminal.type("q")
        assert await terminal.ends() == 0


async def test_why_of_the_chosen_call_is_that_of_the_command(here: Here) -> None:
    top = ("top", "--url", here.url)
    async with on_terminal(*top, cwd=here.folder, CALLFLOW_READ_TOKEN=READ) as terminal:
        await terminal.shows("2 live", "5m")
        terminal.type("\tw")
        sid = here.sandbox.world.call("old").sid
        text = await terminal.shows(f"why {sid}", "surveys/cut", "does not match")
        command = await callflow("why", sid, at=here.sandbox, cwd=here.folder)
        wanted = [
            line.strip() for line in command.out.splitlines() if "age" in line and ">" in line
        ]
        assert all(line in text for line in wanted)


async def test_an_operator_pauses_resumes_and_stops_everything(here: Here) -> None:
    top = ("top", "--url", here.url)
    async with on_terminal(*top, cwd=here.folder, CALLFLOW_OPERATOR_TOKEN=OPERATE) as terminal:
        await terminal.shows("surveys/cut", "K stop everything")
        terminal.type("p")
        await terminal.shows("pause surveys/cut, because:")
        terminal.type("cuts off agents\r")
        await terminal.shows("for how long")
        terminal.type("soon\r")
        await terminal.shows("'soon' is not a duration")
        terminal.type("\x1530m\r")
        await terminal.shows("paused surveys/cut", "paused: rule surveys/cut: cuts off agents (op")
        old = here.sandbox.add_call(id="c3", age=3_600_000)
        await terminal.shows("3 live", "held: paused")
        terminal.type("r")
        await terminal.shows("resume surveys/cut? yes, or esc (paused: cuts off agents):")
        asked = ("pause", "surveys/cut", "--reason", "ends the wrong calls")
        assert (await callflow(*asked, cwd=here.folder)).code == 0
        await terminal.shows("paused: rule surveys/cut: ends the wrong calls")
        terminal.type("yes\r")
        await terminal.shows(
            "it is another pause by now: resume surveys/cut? yes, or esc (paused: e"
        )
        terminal.type("yes\r")
        await terminal.shows("resumed surveys/cut", gone="paused: rule")
        await here.running.hears("action.done", call=old.sid)
        terminal.type("r")
        await terminal.shows("surveys/cut is not paused")
        terminal.type("K")
        await terminal.shows("STOP EVERYTHING, because:")
        terminal.type("\x1b")
        await terminal.shows("q quit", gone="STOP")
        terminal.type("K\x1b[200~too many\x1b[201~\r")
        await terminal.shows("EVERYTHING IS STOPPED: too many (operator@")
        assert (here.folder / "PAUSED").exists()
        terminal.type("\x1b[200~Kyes\r\x1b[201~?")  # pasted: no keys
        await terminal.shows("back-tab", "EVERYTHING IS STOPPED")
        terminal.type("\x1b")
        await terminal.shows("q quit", gone="back-tab")
        terminal.type("Kyes\r")
        await terminal.shows("everything may act again", gone="IS STOPPED")
        terminal.type("q")
        assert await terminal.ends() == 0


async def test_it_fits_any_size_and_follows_it(here: Here) -> None:
    top = ("top", "--url", here.url)
    async with on_terminal(*top, cwd=here.folder, CALLFLOW_READ_TOKEN=READ) as terminal:
        await terminal.shows("surveys/cut")
        for width, height in ((60, 6), (72, 12), (40, 5), (300, 60)):
            terminal.resize(width, height)
            await terminal.shows("too small" if width < 60 else "surveys/cut")
            assert len(terminal.screen.lines) == height


async def test_signals_end_it_with_the_terminal_as_it_was(here: Here) -> None:
    top = ("top", "--url", here.url)

    async def ended_by(number: int) -> int:
        async with on_terminal(*top, cwd=here.folder, CALLFLOW_READ_TOKEN=READ) as terminal:
            await terminal.shows("surveys/cut")
            terminal.process.send_signal(number)
            return await terminal.ends()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    assert await asyncio.gather(*map(ended_by, numbers)) == [130, 0, 0]


async def test_it_stops_and_goes_on_as_the_shell_asks(here: Here) -> None:
    top = ("top", "--url", here.url)
    async with on_terminal(*top, cwd=here.folder, CALLFLOW_READ_TOKEN=READ) as terminal:
        await terminal.shows("surveys/cut")
        terminal.type("\x1a")
        await terminal.stopped()
        terminal.is_given_back()
        terminal.process.send_signal(signal.SIGCONT)
        await terminal.shows("surveys/cut", "> rules")
        terminal.type("q")
        assert await terminal.ends() == 0


async def test_a_runner_that_goes_and_comes_back_is_told_of(here: Here) -> None:
    top = ("top", "--url", here.url)
    async with on_terminal(*top, cwd=here.folder, CALLFLOW_READ_TOKEN=READ) as terminal:
        await terminal.shows("2 live")
        await here.running.end(signal.SIGTERM)
        await terminal.shows("OLD: this is what was so")
        listen = here.url.removeprefix("http://")
        async with daemon("--listen", listen, at=here.sandbox, cwd=here.folder, **TOKENS):
            await terminal.shows("2 live", gone="OLD")


async def test_without_colour_and_on_a_dumb_terminal(here: Here) -> None:
    top = ("top", "--url", here.url)
    async with on_terminal(
        *top, cwd=here.folder, NO_COLOR="1", CALLFLOW_READ_TOKEN=READ
    ) as terminal:
        await terminal.shows("surveys/cut")
        assert b"\x1b[7m" in terminal.sent
        assert re.search(rb"\x1b\[(?:\d;)?[34]\d(?:;\d+)*m", terminal.sent) is None
    async with on_terminal(
        *top, cwd=here.folder, TERM="dumb", CALLFLOW_READ_TOKEN=READ
    ) as terminal:
        code = await terminal.process.wait()
        terminal.read()
        assert (code, b"\x1b" in terminal.sent, b"2 live" in terminal.sent) == (0, False, True)
