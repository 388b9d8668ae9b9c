"""Counts of work that are the same on every machine: function calls, memory held, commits."""

from __future__ import annotations

import gc
import struct
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

_HEADER, _FRAME_HEADER = 32, 24


def functions_called(work: Callable[[], object]) -> int:
    """How many functions the work calls, those that are written in C among them.

    It stands for time: a loop over rules, or over fields, can't hide from it.
    """
    count = 0

    def note(_frame: FrameType, event: str, _function: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def bytes_held(work: Callable[[], object]) -> int:
    """How many bytes more are in use once the work is done, its result among them.

    `tracemalloc` must have been at work since before anything was made that the work gives up.
    """
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    result = work()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    del result
    return after - before


def blocks_held(work: Callable[[], object]) -> int:
    """How many blocks of memory more are in use once the work is done, its result among them."""
    gc.collect()
    before = sys.getallocatedblocks()
    result = work()
    gc.collect()
    after = sys.getallocatedblocks()
    del result
    return after - before


def commits(database: Path) -> int:
    """How many transactions stand in the write-ahead log of a SQLite file: each was one sync.

    Read from the file and not asked of whoever writes it. Only transactions that have written
    something are there. SQLite begins the log anew after a thousand pages.
    """
    log = database.with_name(database.name + "-wal").read_bytes()
    if not log:
        return 0
    (page,) = struct.unpack_from(">I", log, 8)
    salts, count = log[16:24], 0
    for at in range(_HEADER, len(log) - _FRAME_HEADER, _FRAME_HEADER + page):
        _, size_after = struct.unpack_from(">II", log, at)
        if log[at + 8 : at + 16] != salts:
            break  # what follows is left of an older log
        count += size_after > 0  # which only the last page of a transaction tells
    return count
