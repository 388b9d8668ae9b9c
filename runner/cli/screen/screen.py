"""The terminal that `callflow top` draws on: taken over, given back as it was on every way out."""

from __future__ import annotations

import os
import shutil
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from runner.cli.screen.cells import Line, written
from runner.cli.screen.frame import Size

#: The other screen, no cursor, no breaking of lines, pastes marked as such; and all of it undone.
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[2J"
_LEAVE = "\x1b[0m\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l"


class Screen:
    """Draws frames on `out`, a terminal, and has `keys` (None: nobody types) send them at once."""

    def __init__(self, out: int, keys: int | None, *, colour: bool, unicode: bool) -> None:
        self._out = out
        self.keys = keys
        self._colour = colour
        self._unicode = unicode
        self._shown: list[str] = []
        self._before: list[Any] | None = None

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Has the screen as long as this lasts."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def enter(self) -> None:
        """Takes the screen over."""
        if self.keys is not None:
            self._before = termios.tcgetattr(self.keys)
            termios.tcsetattr(self.keys, termios.TCSADRAIN, _at_once(self._before))
        self._shown = []
        self._write(_ENTER)

    def leave(self) -> None:
        """Gives it back. A terminal that has gone needs nothing."""
        with suppress(OSError, termios.error):
            self._write(_LEAVE)
        if self.keys is not None and self._before is not None:
            with suppress(OSError, termios.error):
                termios.tcsetattr(self.keys, termios.TCSADRAIN, self._before)

    def size(self) -> Size:
        """How large it is now."""
        try:
            width, height = os.get_terminal_size(self._out)
        except OSError:
            width = height = 0
        # A serial line doesn't know: what the environment says, or 80x24.
        if width <= 0 or height <= 0:
            width, height = shutil.get_terminal_size()
        return Size(width, height, self._unicode)

    def draw(self, lines: Sequence[Line]) -> None:
        """Shows the frame; what stands there already is not written again."""
        new = [written(line, colour=self._colour) for line in lines]
        if len(new) != len(self._shown):
            self.clear()
        before = self._shown or [""] * len(new)
        changed = [
            f"\x1b[{number};1H{text}\x1b[K"
            for number, (text, old) in enumerate(zip(new, before, strict=True), 1)
            if text != old
        ]
        if changed:
            self._write("".join(changed))
        self._shown = new

    def clear(self) -> None:
        """Forgets what stands there: the size has changed."""
        self._shown = []
        self._write("\x1b[2J")

    def _write(self, text: str) -> None:
        data = text.encode("utf-8" if self._unicode else "ascii", "replace")
        while data:
            data = data[os.write(self._out, data) :]


def _at_once(before: list[Any]) -> list[Any]:
    """Keys come one by one, and are not shown; signals are sent by keys as ever."""
    after = [*before[:3], before[3] & ~(termios.ICANON | termios.ECHO), *before[4:6], [*before[6]]]
    after[0] &= ~termios.IXON  # Ctrl-S must not stop a screen that warns
    after[6][termios.VMIN], after[6][termios.VTIME] = 1, 0
    return after


def open_screen(environ: dict[str, str] | os._Environ[str]) -> Screen | None:
    """The terminal of standard output, None where there is none that can be drawn on."""
    if not sys.stdout.isatty() or environ.get("TERM", "dumb") in ("", "dumb"):
        return None
    keys = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    colour = not environ.get("NO_COLOR")
    return Screen(sys.stdout.fileno(), keys, colour=colour, unicode=unicode)
