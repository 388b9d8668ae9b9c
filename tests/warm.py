"""Starts `callflow` in no time: real processes, forked off one that has loaded everything already.

A process of its own loads for half a second before it does anything, and the tests start hundreds.
From there on it is the same: its own arguments, environment, folder, output, signals and end. What
is about loading itself takes a process from scratch: `tests.process.spawn`, the tests of the
documentation, and those of the package.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from asyncio import StreamReader, StreamReaderProtocol
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.warm_server import SIZE

#: What the interpreter reads when it starts, and could not be told later.
EARLY = ("PYTHON", "LANG", "LC_", "TZ", "MALLOC")
ROOT = Path(__file__).parent.parent


def base() -> dict[str, str]:
    """The environment that each process has at least."""
    # No host of the tests speaks TLS, and to read the certificates of the machine takes time.
    certificates = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
    python = {"PYTHONWARNINGS": "error", "PYTHONUNBUFFERED": "1"}
    return {"PATH": os.environ["PATH"], **python, **certificates}


def can_start(environment: Mapping[str, str]) -> bool:
    """Whether a process with this environment may be forked, as its interpreter has started."""
    early = {name: value for name, value in environment.items() if name.startswith(EARLY)}
    return early == {name: value for name, value in base().items() if name.startswith(EARLY)}


@functools.cache
def server() -> socket.socket:
    """The socket of the process that forks, started by who asks first; it ends with the tests."""
    ours, theirs = socket.socketpair()
    with theirs:
        number = theirs.fileno()
        command = [sys.executable, "-m", "tests.warm_server", str(number)]
        process = subprocess.Popen(
            command, pass_fds=[number], env=base(), cwd=ROOT, stdin=subprocess.DEVNULL
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def ask(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path, out: int, err: int
) -> int:
    """Has a process forked; returns where its id, and later its end, are to be read."""
    asked = {"arguments": arguments, "environment": dict(environment), "folder": str(folder)}
    body = json.dumps(asked).encode()
    news, theirs = os.pipe()
    socket.send_fds(server(), [SIZE.pack(len(body))], [out, err, theirs])
    server().sendall(body)
    os.close(theirs)
    return news


def number_of(news: int) -> int:
    """The next number that is told."""
    told = os.read(news, SIZE.size)
    assert len(told) == SIZE.size, "the process that forks others has ended"
    (number,) = SIZE.unpack(told)
    assert isinstance(number, int)
    return number


def run(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Runs `callflow` to its end, as `subprocess.run` does."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        news = ask(arguments, environment, folder, out.fileno(), err.fileno())
        number_of(news)
        code = number_of(news)
        os.close(news)
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess(list(arguments), code, *said)


class Process:
    """A forked process, with what the tests use of asyncio's."""

    def __init__(self, stdout: StreamReader, stderr: StreamReader) -> None:
        self.stdout, self.stderr = stdout, stderr
        self.pid = 0
        self.returncode: int | None = None
        self._ended = asyncio.Event()

    def follow(self, news: int) -> None:
        """Learns its id, and later its end."""
        self.pid = number_of(news)
        asyncio.get_running_loop().add_reader(news, self._end, news)

    def _end(self, news: int) -> None:
        asyncio.get_running_loop().remove_reader(news)
        self.returncode = number_of(news)
        os.close(news)
        self._ended.set()

    async def wait(self) -> int:
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    async def communicate(self) -> tuple[bytes, bytes]:
        out, err, _ = await asyncio.gather(self.stdout.read(), self.stderr.read(), self.wait())
        return out, err

    def send_signal(self, number: int) -> None:
        if self.returncode is not None:
            raise ProcessLookupError(self.pid)
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


async def _piped() -> tuple[StreamReader, int]:
    """A reader, and the file to write to."""
    reading, writing = os.pipe()
    reader = StreamReader()

    def protocol() -> Any:
        return StreamReaderProtocol(reader)

    await asyncio.get_running_loop().connect_read_pipe(protocol, os.fdopen(reading, "rb", 0))
    return reader, writing


async def start(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    err: int | None = None,
) -> Process:
    """Starts `callflow`; its errors go to the file `err`, or are read as its output is."""
    stdout, out = await _piped()
    stderr, piped = await _piped()
    process = Process(stdout, stderr)
    process.follow(ask(arguments, environment, folder, out, piped if err is None else err))
    os.close(out)
    os.close(piped)
    return process
