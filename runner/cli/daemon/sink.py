"""Writes lines to where a log goes and never waits there: who stopped reading it stops no act.

What a pipe, socket or terminal does not take now is held, and offered again with the next line.
"""

from __future__ import annotations

import os
import select
import stat
from collections import deque
from contextlib import suppress
from typing import TextIO

#: A pipe that takes anything takes so much at once, and in one piece.
PIECE = 4_096
#: So much is held for a reader that comes back; of more, the oldest lines are dropped.
HELD = 1_000_000


class Sink:
    """Where lines go. `lost` counts those that were dropped, until it is asked for."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._number = _blocking(stream)
        self._waiting: deque[bytes] = deque()
        self._size = 0
        #: The first of those that wait was written in part.
        self._begun = False
        self._lost = 0

    def take_lost(self) -> int:
        """How many lines were dropped since this was asked, once more can be written."""
        if self._waiting:
            return 0
        lost, self._lost = self._lost, 0
        return lost

    def write(self, line: str) -> None:
        """Writes one line, with its end; later, or never, where nobody takes it."""
        if self._number is None:
            # A full disk must not stop acts half way: what was done stands in the ledger too.
            with suppress(OSError):
                self._stream.write(line)
                self._stream.flush()
            return
        written = line.encode(self._stream.encoding or "utf-8", "backslashreplace")
        self._waiting.append(written)
        self._size += len(written)
        self._offer(self._number)
        self._bound()

    def offer(self) -> None:
        """Writes what is held, as far as it is taken."""
        if self._number is not None:
            self._offer(self._number)

    def _offer(self, number: int) -> None:
        try:
            while self._waiting and _takes(number):
                self._shorten(os.write(number, self._piece()))
        except BlockingIOError:
            return
        except OSError:  # the reader is gone for good
            self._waiting.clear()
            self._size, self._begun = 0, False

    def _piece(self) -> bytes:
        """As many lines as go out at once, or the beginning of a long one."""
        piece = b""
        for line in self._waiting:
            if piece and len(piece) + len(line) > PIECE:
                break
            piece += line
        return piece[:PIECE]

    def _shorten(self, written: int) -> None:
        self._size -= written
        while written and written >= len(self._waiting[0]):
            written -= len(self._waiting.popleft())
            self._begun = False
        if written:
            self._waiting[0] = self._waiting[0][written:]
            self._begun = True

    def _bound(self) -> None:
        while self._size > HELD and len(self._waiting) > 1 + self._begun:
            oldest = self._waiting[self._begun]
            del self._waiting[self._begun]
            self._size -= len(oldest)
            self._lost += 1


def _takes(number: int) -> bool:
    poll = select.poll()
    poll.register(number, select.POLLOUT)
    return bool(poll.poll(0))


def _blocking(stream: TextIO) -> int | None:
    """The descriptor of a stream that can keep a writer waiting; None for files and the like."""
    if not hasattr(select, "poll"):
        return None
    try:
        number = stream.fileno()
        mode = os.fstat(number).st_mode
    except (AttributeError, OSError, ValueError):
        return None
    waits = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)
    return number if waits else None
