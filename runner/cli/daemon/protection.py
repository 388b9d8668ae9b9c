"""Keeps what `never` protects up to date: its lists are reloaded as flows are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from runner.engine.reload import Also
from runner.engine.reloads import Reloads
from runner.language.config import Config
from runner.language.files import Disk, Files
from runner.language.loader import load_config
from runner.never import Never
from runner.problems import Problem


class Protection:
    """What is protected now. `path` is the configuration file, None where there is none.

    Of the file only `never` is put in force while running; what else changes in it waits for the
    next start.
    """

    def __init__(self, path: Path | None, config: Config | None, never: Never) -> None:
        self._path = path
        self._never = never
        self._reloads: Reloads | None = None
        self._read_last: tuple[Files, Never, Sequence[Problem]] | None = None
        self.also = None if config is None else Also(config.files, never, self._read)

    def follow(self, reloads: Reloads) -> None:
        """From now on what these hold counts."""
        self._reloads = reloads

    def current(self) -> Never:
        """The protection that is in force."""
        found = None if self._reloads is None else self._reloads.also
        return found if isinstance(found, Never) else self._never

    def _read(self, files: Files) -> tuple[Never, Sequence[Problem]]:
        """What the file and its lists say now; they are parsed again only if they have changed."""
        assert self._path is not None
        if self._read_last is not None:
            earlier, never, problems = self._read_last
            if files.take_up(earlier):
                return never, problems
        config = load_config(self._path, files)
        found = (config.data or {}).get("never")
        never = found if isinstance(found, Never) else Never()
        self._read_last = replace(files, disk=Disk()), never, config.problems
        return never, config.problems
