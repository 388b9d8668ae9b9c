"""Every request that the sandbox received, and what it answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from runner.model import Millis

KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came. `kind` is one of `faults.KINDS`, "" for anything else."""

    at: Millis
    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    kind: str
    #: The call it is about; "" for a list.
    sid: str = ""
    user: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: the request, the status answered (None where no answer went out), the fault."""

    request: Request
    status: int | None
    fault: str = ""

    @property
    def at(self) -> Millis:
        """When it came."""
        return self.request.at

    def shown(self) -> dict[str, object]:
        """The entry as JSON data, without credentials."""
        request = self.request
        return {
            "at": request.at,
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "form": dict(request.form),
            "kind": request.kind,
            "status": self.status,
            "fault": self.fault,
        }


class Journal:
    """The newest entries, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Writes one line."""
        self._entries.append(entry)

    def of(self, kind: str, sid: str | None = None) -> list[Entry]:
        """The entries of one kind (`update`, …), of one call if a SID is given."""
        return [e for e in self if e.request.kind == kind and sid in (None, e.request.sid)]

    def clear(self) -> None:
        """Forgets everything."""
        self._entries.clear()
