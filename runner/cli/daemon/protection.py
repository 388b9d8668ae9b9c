"""Keeps what `never` protects up to date: its lists are reloaded as flows are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runner.engine.reload import Also
from runner.engine.reloads import Reloads
from runner.language.files import Files
from runner.language.loader import Config, load_config
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
        self.also = None if config is None else Also(config.files, never, self._read)

    def follow(self, reloads: Reloads) -> None:
        """From now on what these hold counts."""
        self._reloads = reloads

    def current(self) -> Never:
        """The protection that is in force."""
        found = None if self._reloads is None else self._reloads.also
        return found if isinstance(found, Never) else self._never

    def _read(self, files: Files) -> tuple[Never, Sequence[Problem]]:
        assert self._path is not None
        config = load_config(self._path, files)
        never = (config.data or {}).get("never")
        return never if isinstance(never, Never) else Never(), config.problems
