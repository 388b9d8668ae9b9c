"""Hot reload: the whole flow set is loaded off to the side, then swapped, or not at all.

A watcher on the directories wakes us; a slow look behind it catches what it missed. Either way
the contents decide, by hash: editors rename, Kubernetes swaps symlinks, and neither must fool us.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runner.model import FlowSet
from runner.problems import Problem


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading gave: a flow set, or None and the problems that prevented it."""

    flow_set: FlowSet | None
    problems: Sequence[Problem]


#: Loads every flow below the paths; the language's loader, given by the composition root.
Load = Callable[[], Loaded]
#: The files that matter now, without reading more than needed to tell: path → hash of content.
Fingerprint = Callable[[], dict[str, str]]


class Reloader:
    """Tells when the flows changed on disk, and loads them."""

    def __init__(self, load: Load, fingerprint: Fingerprint) -> None:
        self._load = load
        self._fingerprint = fingerprint
        self._seen: dict[str, str] | None = None

    def first(self) -> Loaded:
        """Loads for the first time."""
        self._seen = self._fingerprint()
        return self._load()

    def changed(self) -> Loaded | None:
        """Loads again where any content changed since the last load, else None."""
        seen = self._fingerprint()
        if seen == self._seen:
            return None
        self._seen = seen
        return self._load()
