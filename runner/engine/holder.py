"""Names this process, so that another on the same machine can tell for certain that it is dead.

A name holds the machine's boot, the process's own view of process numbers (containers have theirs),
its number, and when it started. Only where all of that can be compared is anything said.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

PROCESSES = Path("/proc")
#: In place of a time of start.
DEAD = "dead"


def identify() -> str:
    """`HOST:PID:STARTED:WORLD`, unique while this process lives; parts may be empty elsewhere."""
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid}:{_started(pid) or ''}:{_world()}"


def is_gone(holder: str, *, processes: Path = PROCESSES) -> bool:
    """Whether the process of that name is surely dead. False where that can't be known."""
    *_, number, started, world = f"::{holder}".rsplit(":", 3)
    if not world or world != _world() or not number.isdecimal() or not started:
        return False
    found = _started(int(number), processes)
    if found is None:
        return not _is_there(int(number))
    return found != started


def _world() -> str:
    """This boot of the machine and this space of process numbers; "" where that has no name."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
    return f"{boot}-{space.strip('pid:[]')}"


def _started(pid: int, processes: Path = PROCESSES) -> str | None:
    """When the process started, in ticks since boot, or that it is dead; None where none shows."""
    try:
        # The name in parentheses may hold anything; after it the state comes first.
        stat = Path(processes, str(pid), "stat").read_text()
        state, *fields = stat.rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return DEAD if state in "ZX" else fields[18]


def _is_there(pid: int) -> bool:
    """Whether there is a process of that number, though it may be hidden from us."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # it is somebody else's, or nobody knows
    return True
