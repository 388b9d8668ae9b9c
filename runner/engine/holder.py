"""Names this process, so that another on the same machine can tell for certain that it is dead.

A name holds the machine's boot, the process's own view of process numbers (containers have theirs),
its number, and when it started. Only where all of that can be compared is anything said.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path


def identify() -> str:
    """`HOST:PID:STARTED:WORLD`, unique while this process lives; parts may be empty elsewhere."""
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid}:{_started(pid) or ''}:{_world()}"


def is_gone(holder: str) -> bool:
    """Whether the process of that name is surely dead. False where that can't be known."""
    *_, number, started, world = f"::{holder}".rsplit(":", 3)
    if not world or world != _world() or not number.isdecimal() or not started:
        return False
    return _started(int(number)) != started


def _world() -> str:
    """This boot of the machine and this space of process numbers; "" where that has no name."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        space = os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
    return f"{boot}-{space.strip('pid:[]')}"


def _started(pid: int) -> str | None:
    """When the process started, in ticks since boot; None where there is none, or a dead one."""
    try:
        # The name in parentheses may hold anything; after it the state comes first.
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if state in "ZX" else fields[18]
