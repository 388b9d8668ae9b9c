"""A terminal for tests: a pty with a process on it, and what stands on its screen."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.process import PATIENCE, environment

_TOKEN = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])|[^\x1b]", re.DOTALL)


class Emulator:
    """What a terminal of this size shows, as far as `callflow top` makes use of it.

    Whatever else it is sent is an error: nothing from outside may move the cursor.
    """

    def __init__(self, width: int, height: int) -> None:
        self.modes: set[str] = set()
        self.alternate = False
        self.before = ""
        self._rest = ""
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.cells = [[" "] * width for _ in range(height)]
        self.row = self.column = 0

    def feed(self, text: str) -> None:
        text = self._rest + text
        self._rest = ""
        while text:
            token = _TOKEN.match(text)
            if token is None:
                assert len(text) < 20, f"not understood: {text[:20]!r}"
                self._rest = text
                return
            text = text[token.end() :]
            if token[0][0] == "\x1b":
                self._control(token[1], token[2], token[3])
            elif self.alternate:
                self._put(token[0])
            else:
                self.before += token[0]

    @property
    def lines(self) -> list[str]:
        return ["".join(row).rstrip() for row in self.cells]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def _control(self, private: str, numbers: str, final: str) -> None:
        if private:
            assert final in "hl", f"?{numbers}{final}"
            (self.modes.add if final == "h" else self.modes.discard)(numbers)
            if numbers == "1049":
                self.alternate = final == "h"
        elif final == "H":
            row, column = (int(n) for n in numbers.split(";"))
            assert 1 <= row <= self.height, f"row {row} of {self.height}"
            self.row, self.column = row - 1, column - 1
        elif final == "K":
            self.cells[self.row][self.column :] = [" "] * (self.width - self.column)
        elif final == "J":
            self.resize(self.width, self.height)
        else:
            assert final == "m", f"{numbers}{final}"

    def _put(self, char: str) -> None:
        assert char.isprintable(), repr(char)
        wide = 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
        assert self.column + wide <= self.width, f"{char!r} stands beyond the edge: {self.lines}"
        self.cells[self.row][self.column] = char
        if wide == 2:
            self.cells[self.row][self.column + 1] = ""
        self.column += wide


class Terminal:
    """A process on a terminal."""

    def __init__(self, width: int, height: int) -> None:
        self.master, self.slave = pty.openpty()
        self.screen = Emulator(width, height)
        self.sent = b""
        self._size(width, height)
        self.attributes = self.settings()
        self.process: asyncio.subprocess.Process
        os.set_blocking(self.master, False)

    async def start(self, *arguments: str, cwd: Path, **more: str) -> None:
        """Runs `callflow` there, in a session of its own that has this terminal."""
        variables = environment(None, TERM="xterm-256color", PYTHONIOENCODING="utf-8") | more
        slave = self.slave

        def own_terminal() -> None:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "runner", *arguments),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=variables,
            cwd=cwd,
            preexec_fn=own_terminal,
        )
        asyncio.get_running_loop().add_reader(self.master, self.read)

    def type(self, text: str) -> None:
        """Presses keys."""
        os.write(self.master, text.encode())

    def resize(self, width: int, height: int) -> None:
        """As a window that is dragged; what stands there is undefined until it is drawn anew."""
        self.screen.resize(width, height)
        self._size(width, height)
        self.process.send_signal(signal.SIGWINCH)

    async def shows(self, *wanted: str, gone: str = "\0") -> str:
        """Waits until all of this stands on the screen, and `gone` doesn't."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not all(each in self.screen.text for each in wanted) or (
                    gone in self.screen.text
                ):
                    assert self.process.returncode is None, self.screen.before
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"{wanted} never came:\n{self.screen.text}") from None
        return self.screen.text

    async def stopped(self) -> None:
        """Waits until the process is stopped, as by the shell."""
        for _ in range(1_000):
            if self._state() == "T":
                break
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.02)  # what it wrote last

    def _state(self) -> str:
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]

    async def ends(self) -> int:
        """Waits for the end; the terminal must then be as it was. Returns the exit code."""
        code = await asyncio.wait_for(self.process.wait(), PATIENCE)
        await asyncio.sleep(0.02)  # what it wrote last
        self.read()
        self.is_given_back()
        return code

    def is_given_back(self) -> None:
        """Asserts that nothing of the screen is left."""
        assert not self.screen.alternate
        assert self.screen.modes <= {"25", "7"}
        assert {"25", "7"} <= self.screen.modes
        assert self.settings() == self.attributes

    def settings(self) -> list[Any]:
        """Of the line: echo and the like."""
        return termios.tcgetattr(self.slave)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)
        os.close(self.slave)

    def _size(self, width: int, height: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def read(self) -> None:
        try:
            data = os.read(self.master, 65_536)
        except OSError:
            return
        self.sent += data
        self.screen.feed(data.decode("utf-8", "surrogateescape").replace("\r\n", "\n"))


@asynccontextmanager
async def on_terminal(
    *arguments: str, cwd: Path, size: tuple[int, int] = (100, 30), **more: str
) -> AsyncIterator[Terminal]:
    """`callflow` on a terminal of this size; killed where a test leaves it."""
    terminal = Terminal(*size)
    await terminal.start(*arguments, cwd=cwd, **more)
    try:
        yield terminal
    finally:
        if terminal.process.returncode is None:
            terminal.process.kill()
            await terminal.process.wait()
        terminal.close()
