"""Promises: loading that hangs, crashes or never rests stops nothing, and leaves nothing open."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from runner.engine.reload import Also
from runner.language.files import Files
from runner.problems import Problem
from tests.engine.reloading import Hurried, desk, flow, open_files, save

ONE, TWO = flow("f", "a"), flow("f", "a", "b")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "flows"
    made.mkdir()
    (made / "f.yaml").write_text(ONE)
    return made


# ---- what hangs, crashes, or can't be watched -----------------------------------------------


async def test_a_load_that_hangs_stops_nothing_and_the_next_one_follows(folder: Path) -> None:
    async with desk(folder) as edited:
        pipe = folder / "pipe.yaml"
        os.mkfifo(pipe)  # whoever reads it waits for a writer, as on a share that is gone
        await asyncio.sleep(0.3)
        save(folder / "f.yaml", TWO)
        await asyncio.sleep(0.3)
        assert edited.events.empty()
        other = await asyncio.to_thread(os.open, pipe, os.O_RDWR)  # lets those who wait go on
        pipe.unlink()
        os.close(other)
        await edited.in_force("f/a", "f/b")


async def test_a_load_that_crashes_is_told_once_and_mended(folder: Path) -> None:
    broken = threading.Event()

    def read(_: Files) -> tuple[None, Sequence[Problem]]:
        if broken.is_set():
            raise RuntimeError("no more luck")
        return None, ()

    async with desk(folder, clock=Hurried(), also=Also(read=read)) as edited:
        broken.set()
        save(folder / "f.yaml", TWO)
        assert await edited.fails() == "RuntimeError: no more luck"
        await asyncio.sleep(0.2)
        assert edited.events.empty()
        assert (edited.reloads.ok, edited.rules) == (False, ["f/a"])
        broken.clear()
        await edited.in_force("f/a", "f/b")


def no_inotify() -> BaseObserver:
    raise OSError(errno.EMFILE, "inotify instance limit reached")


def no_watches() -> BaseObserver:
    class Full(type(Observer())):  # type: ignore[misc]
        def schedule(self, *_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")

    return Full()


@pytest.mark.parametrize("observer", [no_inotify, no_watches])
async def test_without_inotify_the_slow_look_still_finds_edits(
    folder: Path, observer: type[BaseObserver]
) -> None:
    async with desk(folder, clock=Hurried(), observer=observer) as edited:
        save(folder / "f.yaml", TWO)
        await edited.in_force("f/a", "f/b")


async def test_inotify_that_is_free_again_is_used(folder: Path) -> None:
    tries = iter([no_inotify, no_inotify, Observer])
    async with desk(folder, observer=lambda: next(tries)()) as edited:
        save(folder / "f.yaml", TWO)
        edited.reloads.changed.set()  # in place of one slow look
        await edited.in_force("f/a", "f/b")
        save(folder / "f.yaml", ONE)
        await edited.in_force("f/a")


# ---- much at once, and for long -------------------------------------------------------------


async def test_a_hundred_edits_a_second_end_in_the_last_one(folder: Path) -> None:
    loads = 0

    def read(_: Files) -> tuple[None, Sequence[Problem]]:
        nonlocal loads
        loads += 1
        return None, ()

    async with desk(folder, also=Also(read=read)) as edited:
        for number in range(250):
            save(folder / "f.yaml", flow("f", f"r{number}"))
            await asyncio.sleep(0.01)
        before = edited.reloads.revision
        while edited.rules != ["f/r249"]:
            await edited.hears("reload.ok")
        # Edits don't put off loading for ever, and don't each cause it: one a second, and the last.
        assert before >= 1
        assert loads < 25


async def test_a_thousand_reloads_leave_nothing_open(folder: Path) -> None:
    async with desk(folder, clock=Hurried()) as edited:
        for number in range(1_000):
            if number == 20:
                settle()
                before = open_files(), threading.active_count()
            save(folder / "f.yaml", flow("f", f"r{number}"))
            await edited.in_force(f"f/r{number}")
        settle()
        assert (open_files(), threading.active_count()) <= before


async def test_watching_anew_leaves_nothing_open(folder: Path) -> None:
    async with desk(folder, clock=Hurried()) as edited:
        for number in range(30):
            if number == 3:
                settle()
                before = open_files(), threading.active_count()
            folder.rename(folder.parent / "old")
            await edited.fails()
            (folder.parent / "old").rename(folder)
            await edited.in_force("f/a")
        settle()
        assert (open_files(), threading.active_count()) <= before


def settle() -> None:
    """Waits until no look is under way: one comes every few milliseconds."""
    for thread in threading.enumerate():
        if thread.name == "callflow-reload":
            thread.join()
