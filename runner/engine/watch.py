"""Wakes the runner when something below the flow paths changes, through `watchdog`."""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver, ObservedWatch

#: Opening and closing without writing changes nothing; our own loading causes these.
_IDLE = frozenset({"opened", "closed_no_write"})
#: All that is asked for where only some names matter: a database may be written to beside them.
_OF_NAMES: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
]

#: A folder as the kernel knows it, and whether what is below it is meant too.
_Folder: TypeAlias = tuple[str, bool]


class _Waker(FileSystemEventHandler):
    """Hears of one folder. `names` are those that matter in it; None: all do."""

    def __init__(self, wake: Callable[[], None], names: frozenset[str] | None) -> None:
        self._wake = wake
        self.names = names
        self.read: frozenset[str] = frozenset()  # names of files that were read, lists too
        self.writing: set[str] = set()
        self._hears_closing = False  # only Linux tells it; elsewhere nothing would end a write

    def on_any_event(self, event: FileSystemEvent) -> None:
        paths = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
        self._note(event, paths)
        if event.event_type not in _IDLE and any(map(self._matters, paths)):
            self._wake()

    def _matters(self, path: str) -> bool:
        name = os.path.basename(path)
        # Kubernetes exchanges `..data`, through which the files are linked.
        return self.names is None or name in self.names or name.startswith("..")

    def _note(self, event: FileSystemEvent, paths: Sequence[str]) -> None:
        """Who writes to a file, and has not closed it yet, is not done with it."""
        self._hears_closing |= event.event_type in ("opened", "closed")
        if event.event_type in ("closed", "moved", "deleted"):
            self.writing.difference_update(paths)
        elif event.event_type == "modified" and not event.is_directory and self._hears_closing:
            name = os.path.basename(paths[0])
            if name in self.read or name.endswith((".yaml", ".yml")):
                self.writing.add(paths[0])


@dataclass(frozen=True, slots=True)
class _Watch:
    """One folder that is watched; `inode` tells it from another one put in its place."""

    watch: ObservedWatch
    handler: _Waker
    inode: tuple[int, int]


class Watcher:
    """Watches the folders of the given paths; `wake` is called on watchdog's thread.

    Folders are watched, never files: editors and ConfigMaps replace files by renaming. Of a file's
    own folder, and of the folder in which a flow folder lies, only those names count: it may be
    somebody's home. What can't be watched (not there, no inotify left) is tried again at each
    `refresh`, and meanwhile left to the slow look.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        wake: Callable[[], None],
        *,
        observer: Callable[[], BaseObserver] = Observer,
    ) -> None:
        self._paths = paths
        self._wake = wake
        self._new_observer = observer
        self._observer: BaseObserver | None = None
        self._watches: dict[_Folder, _Watch] = {}

    def __enter__(self) -> Watcher:
        self.refresh()
        return self

    def __exit__(self, *_: object) -> None:
        if self._observer is not None and self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=2)

    @property
    def writing(self) -> bool:
        """Whether somebody has begun to write to a file in a flow folder, and holds it open."""
        return any(held.handler.writing for held in tuple(self._watches.values()))

    def refresh(self, files: Iterable[str] = ()) -> None:
        """Watches what should be watched now: folders come back, links point elsewhere.

        `files` are those that count although no path names or contains them, such as lists.
        """
        if self._observer is None and not self._start():
            return
        files = tuple(files)
        wanted = _wanted(self._paths, files)
        for folder in [*self._watches]:
            if folder not in wanted or not self._is_sound(folder):
                self._forget(folder)
        for folder, names in wanted.items():
            if folder in self._watches:
                self._watches[folder].handler.names = names
            else:
                self._watch(folder, names)
        read = frozenset(map(os.path.basename, files))
        for held in self._watches.values():
            held.handler.read = read

    def _start(self) -> bool:
        # Of folders made in quick succession watchdog may register one twice. That harms nobody,
        # but where a warning is an error it would end the thread that listens.
        warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
        with suppress(OSError):  # no inotify left
            observer = self._new_observer()
            observer.start()
            self._observer = observer
        return self._observer is not None

    def _is_sound(self, folder: _Folder) -> bool:
        assert self._observer is not None
        held = self._watches[folder]
        alive = any(e.watch == held.watch and e.is_alive() for e in self._observer.emitters)
        return alive and _inode(folder[0]) == held.inode

    def _watch(self, folder: _Folder, names: frozenset[str] | None) -> None:
        assert self._observer is not None
        path, below = folder
        inode = _inode(path)
        handler = _Waker(self._wake, names)
        only = None if names is None else _OF_NAMES
        with suppress(OSError):
            watch = self._observer.schedule(handler, path, recursive=below, event_filter=only)
            if inode is not None:
                self._watches[folder] = _Watch(watch, handler, inode)

    def _forget(self, folder: _Folder) -> None:
        assert self._observer is not None
        held = self._watches.pop(folder)
        with suppress(OSError, KeyError):
            self._observer.unschedule(held.watch)


def _wanted(paths: Sequence[Path], files: Iterable[str]) -> Mapping[_Folder, frozenset[str] | None]:
    """The folders to watch, and which names count in each; None: all of them."""
    whole = {os.path.realpath(path) for path in paths if path.is_dir()}
    names: dict[str, set[str]] = defaultdict(set)
    for path in [*map(os.fspath, paths), *files]:
        parent, name = os.path.split(os.path.abspath(path))
        names[parent].add(name)
    wanted: dict[_Folder, frozenset[str] | None] = {(folder, True): None for folder in whole}
    for parent, its_names in names.items():
        real = os.path.realpath(parent)
        if os.path.isdir(real) and not any(_is_in(real, folder) for folder in whole):
            wanted[real, False] = frozenset(its_names) | (wanted.get((real, False)) or frozenset())
    return wanted


def _is_in(folder: str, other: str) -> bool:
    return folder == other or folder.startswith(other.rstrip(os.sep) + os.sep)


def _inode(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
