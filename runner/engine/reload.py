"""Hot reload: the whole flow set is loaded off to the side, then swapped, or not at all.

The contents decide whether anything changed, by hash: editors rename, Kubernetes swaps symlinks,
and neither must fool us. So it does no harm to be woken for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runner.language import source
from runner.language.files import Files
from runner.language.folders import find_flows
from runner.language.loader import Loaded, load


class Reloader:
    """Tells when the flows below the paths changed on disk, and loads them."""

    def __init__(self, paths: Sequence[Path], loaded: Loaded) -> None:
        self._paths = paths
        self._last = loaded

    def changed(self) -> Loaded | None:
        """What loading gives now, where that differs from the last time; else None."""
        # After an error a file may be missing that no hash tells of, so then it is always loaded.
        if self._last.flow_set is not None and self._digests() == self._last.files:
            return None
        loaded, before = load(self._paths), self._last
        self._last = loaded
        if (loaded.files, loaded.problems) == (before.files, before.problems):
            return None
        return loaded

    def _digests(self) -> dict[str, str]:
        """Hashes of the files that a load would read: flows as found now, lists as named then."""
        found, _ = find_flows(self._paths)
        files = Files()
        for path in dict.fromkeys([*found, *self._last.files]):
            files.read(path, largest=source.LARGEST)
        return files.digests
