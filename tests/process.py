"""Runs `callflow` as people do: a real process, with a sandbox's credentials in its environment."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.sandbox import Sandbox
from tests import warm

#: Real seconds after which a process that should have ended, or spoken, has failed the test.
PATIENCE = 15.0


@dataclass(frozen=True)
class Done:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON lines of its log."""
        return [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]


def environment(sandbox: Sandbox | None, **more: str) -> dict[str, str]:
    """A clean environment that opens this sandbox."""
    variables = warm.base()
    if sandbox is not None:
        variables["TWILIO_ACCOUNT_SID"] = sandbox.account_sid
        variables["TWILIO_AUTH_TOKEN"] = sandbox.auth_token
        variables["CALLFLOW_API_BASE"] = sandbox.url
    return variables | more


async def spawn(
    *arguments: str, at: Sandbox | None = None, cwd: Path | None = None, **more: str
) -> Process:
    """Starts `callflow` with these arguments, from scratch: it has all to load first."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "runner", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        env=environment(at, **more),
        cwd=cwd,
    )


async def start(
    *arguments: str, at: Sandbox | None = None, cwd: Path | None = None, **more: str
) -> Process | warm.Process:
    """Starts `callflow` with these arguments, with all loaded already where that is possible."""
    variables = environment(at, **more)
    if warm.can_start(variables):
        return await warm.start(arguments, variables, cwd or Path.cwd())
    return await spawn(*arguments, at=at, cwd=cwd, **more)


async def callflow(
    *arguments: str, at: Sandbox | None = None, cwd: Path | None = None, **more: str
) -> Done:
    """Runs `callflow` to its end."""
    process = await start(*arguments, at=at, cwd=cwd, **more)
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode is not None
    assert "Traceback" not in err.decode()
    return Done(process.returncode, out.decode(), err.decode())


def run(*arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs `callflow` to its end, in a test that awaits nothing."""
    variables = environment(None, **more)
    if warm.can_start(variables):
        return warm.run(arguments, variables, cwd)
    command = [sys.executable, "-m", "runner", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=variables, capture_output=True, text=True, check=False
    )


@dataclass
class Daemon:
    """A `callflow run` under way, its JSON log being read."""

    process: Process | warm.Process
    events: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    async def hears(self, name: str, **fields: Any) -> dict[str, Any]:
        """Waits for the next event of this name with these fields."""
        async with asyncio.timeout(PATIENCE):
            while True:
                event = await self._next()
                if event["event"] == name and fields.items() <= event.items():
                    return event

    async def _next(self) -> dict[str, Any]:
        assert self.process.stderr is not None
        while True:
            line = (await self.process.stderr.readline()).decode()
            assert line, f"the process ended; it said: {''.join(self.lines)}"
            self.lines.append(line)
            if line.startswith("{"):
                event: dict[str, Any] = json.loads(line)
                self.events.append(event)
                return event

    async def end(self, number: int) -> Done:
        """Sends a signal and waits for the end."""
        self.process.send_signal(number)
        return await self.rest()

    async def rest(self) -> Done:
        """Waits for the end."""
        out, err = await asyncio.wait_for(self.process.communicate(), PATIENCE)
        assert self.process.returncode is not None
        return Done(self.process.returncode, out.decode(), "".join(self.lines) + err.decode())


@asynccontextmanager
async def daemon(*arguments: str, at: Sandbox, cwd: Path, **more: str) -> AsyncIterator[Daemon]:
    """`callflow run` with a JSON log and a short interval; killed where a test leaves it."""
    process = await start(
        *("run", "--log-format", "json", "--interval", "500ms", *arguments),
        at=at,
        cwd=cwd,
        **more,
    )
    try:
        yield Daemon(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
