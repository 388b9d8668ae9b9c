"""The kill switch: while the file `PAUSED` stands beside the store, nothing is done to any call.

A file, because it works when the store does not, and can be made and removed with any tool. Who
made it, why, and until when stand in it as JSON; an empty or unreadable one stops everything just
the same, until it is removed.
"""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from runner.durations import LAST_MOMENT
from runner.model import Millis
from runner.pauses import Pause

#: Its name, in the folder of the store.
NAME = "PAUSED"
_LARGEST = 65_536


class KillSwitch:
    """Looks for the file, makes it and removes it. Without a path only `throw` stops anything."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._thrown: Pause | None = None

    def standing(self, now: Millis) -> Pause | None:
        """The pause of everything that is in force; None where acts are free to go on."""
        if self._thrown is not None and self._thrown.stands(now):
            return self._thrown
        if self.path is None:
            return None
        try:
            found = os.lstat(self.path)  # once, where nothing is, as nearly always
            if stat.S_ISLNK(found.st_mode):
                found = os.stat(self.path)
        except FileNotFoundError:
            if not self.path.is_symlink():
                return None
            return Pause(reason=f"{self.path} is a link that leads nowhere")
        except OSError as error:  # it may be there: nobody can tell that it is not
            return Pause(reason=f"{self.path} can't be looked at: {error.strerror}")
        pause = self._read(round(found.st_mtime * 1000))
        return pause if pause.stands(now) else None

    def throw(self, pause: Pause) -> None:
        """Stops everything from now on, and writes the file. Raises OSError where it can't.

        Whether or not the file could be written, this object stops everything.
        """
        self._thrown = pause
        if self.path is None:
            return
        told = {"reason": pause.reason, "by": pause.by, "at": pause.at, "until": pause.until}
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        try:
            beside.write_text(json.dumps(told, ensure_ascii=False) + "\n", "utf-8")
            beside.replace(self.path)  # never half a file, which would lose the reason
        except OSError:
            with suppress(OSError):
                beside.unlink()
            raise
        self._thrown = None  # from here on the file speaks, and its removal lifts it

    def lift(self) -> bool:
        """Removes the file; False where there was none. Raises OSError where it can't."""
        was_thrown, self._thrown = self._thrown is not None, None
        if self.path is None:
            return was_thrown
        try:
            self.path.unlink()
        except FileNotFoundError:
            return was_thrown
        return True

    def _read(self, changed: Millis) -> Pause:
        """What the file says. What can't be understood pauses without an end."""
        assert self.path is not None
        told: Any = None
        with suppress(OSError, ValueError, RecursionError):
            told = json.loads(_content(self.path) or b"{}")
        if not isinstance(told, dict):
            told = {}
        return Pause(
            reason=_text(told.get("reason")) or f"the file {self.path}",
            by=_text(told.get("by")),
            at=_moment(told.get("at")) or _moment(changed) or 0,
            until=_moment(told.get("until")),
        )


def _content(path: Path) -> bytes:
    """What a plain file holds; nothing else is waited for, such as a pipe's other end."""
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with open(file, "rb") as stream:
        return stream.read(_LARGEST) if stat.S_ISREG(os.fstat(file).st_mode) else b""


def _moment(value: Any) -> Millis | None:
    """A time that can be written as one; anything else is none."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= LAST_MOMENT else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
