"""Hot reload: the whole flow set is loaded off to the side, then swapped, or not at all.

Only what has changed is parsed again. The contents decide whether anything did, by hash: editors
rename, Kubernetes swaps symlinks, and neither must fool us. So it does no harm to be woken for
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from runner.language import lists, source
from runner.language.files import Files
from runner.language.kept import Look, look_at
from runner.language.loader import Loaded, load_again
from runner.model import Millis
from runner.problems import Problem


def _nothing(_: Files) -> tuple[None, Sequence[Problem]]:
    return None, ()


@dataclass(frozen=True, slots=True)
class Also:
    """Other files that come into force with the flows, and by the same rule: all or nothing.

    `files` are the SHA-256 of them by path as they were read last, `value` what they held then.
    `read` reads them again, through the `Files` that it is given, on a thread of its own: it
    returns the new value and what is wrong with it. After an error nothing comes into force.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    value: Any = None
    read: Callable[[Files], tuple[Any, Sequence[Problem]]] = _nothing


@dataclass(frozen=True, slots=True)
class Seen:
    """What lies on disk at one moment, and the SHA-256 of what was read of it by then, by path.

    What is found and can't be read has an empty one: it is news, too.
    """

    look: Look
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What loading gave: the flows, and the value of the files beside them."""

    loaded: Loaded
    also: Any = None


class Reloader:
    """Knows what was loaded last, tells when the files differ from it, and loads them.

    `poll` is the time between two polls, as for `load`. Nothing here is safe to call twice at the
    same time.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        loaded: Loaded,
        *,
        also: Also | None = None,
        poll: Millis | None = None,
    ) -> None:
        self._paths = paths
        self._also = also or Also()
        self._poll = poll
        self._last = replace(loaded, files={**loaded.files, **self._also.files})
        #: What the files beside the flows held when they were read last without an error.
        self.also: Any = self._also.value

    @property
    def files(self) -> Sequence[str]:
        """The files that were read last, those beside the flows included."""
        return (*self._last.files, *self._also.files)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files as they were read last, warnings included."""
        return tuple(self._last.problems)

    def look(self, known: Iterable[str] = ()) -> Seen:
        """Reads what a load would read now, as far as that is known before loading.

        That is the flows as found now, the list files as named the last time, and `known`.
        """
        look = look_at(self._paths)
        flows = dict.fromkeys(look.found)
        others = dict.fromkeys(path for path in (*self.files, *known) if path not in flows)
        digests = {problem.position.path: "" for problem in look.problems}
        for path in flows:
            digests[path] = look.disk.read(path, largest=source.LARGEST).digest
        for path in others:
            largest = source.LARGEST if path.endswith((".yaml", ".yml")) else lists.LARGEST
            if digest := look.disk.read(path, largest=largest).digest:
                digests[path] = digest
        return Seen(look, digests)

    def differ(self, seen: Seen) -> bool:
        """Whether this is not what was loaded last."""
        # After an error a file may be missing that no hash tells of, so then it is always loaded.
        return self._last.flow_set is None or seen.digests != self._last.files

    def load(self, seen: Seen) -> Reading:
        """Loads what was seen; nothing is remembered of it before `accept`."""
        files = Files(disk=seen.look.disk)
        value, problems = self._also.read(files)
        loaded = load_again(seen.look, self._last.kept, poll=self._poll)
        merged = replace(
            loaded,
            flow_set=None if any(p.is_error for p in problems) else loaded.flow_set,
            problems=tuple(sorted({*loaded.problems, *problems})),
            texts={**loaded.texts, **files.texts},
            files={**loaded.files, **files.digests},
        )
        return Reading(merged, value)

    def accept(self, reading: Reading) -> Loaded | None:
        """Makes this the last load, and gives it back where it differs from the one before."""
        loaded, before = reading.loaded, self._last
        self._last = loaded
        if loaded.flow_set is not None:
            self.also = reading.also
        if (loaded.files, loaded.problems) == (before.files, before.problems):
            return None
        return loaded

    def crashed(self) -> None:
        """Loading raised: whatever comes next is news."""
        self._last = replace(self._last, flow_set=None, files={}, problems=())
