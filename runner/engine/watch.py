"""Wakes the runner when something below the flow paths changes, through `watchdog`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

#: Opening and closing without writing changes nothing; our own loading causes these.
_IDLE = frozenset({"opened", "closed_no_write"})


class _Waker(FileSystemEventHandler):
    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type not in _IDLE:
            self._wake()


class Watcher:
    """Watches the directories of the given paths; `wake` is called on watchdog's thread.

    Directories are watched, never files: editors and ConfigMaps replace files by renaming. For a
    file its own directory alone, without those below: it may be somebody's home. What can't be
    watched (not there, no inotify left) is left to the daemon's slow look.
    """

    def __init__(self, paths: Sequence[Path], wake: Callable[[], None]) -> None:
        self._folders = {path.parent: False for path in paths if not path.is_dir()}
        self._folders |= {path: True for path in paths if path.is_dir()}
        self._handler = _Waker(wake)
        self._observer: BaseObserver = Observer()

    def __enter__(self) -> Watcher:
        for folder, below in sorted(self._folders.items()):
            try:
                self._observer.schedule(self._handler, str(folder), recursive=below)
            except OSError:
                continue
        try:
            self._observer.start()
        except OSError:
            self._observer = Observer()
        return self

    def __exit__(self, *_: object) -> None:
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=2)
