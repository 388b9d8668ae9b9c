"""Every request that the sandbox received, and what it answered; and the callbacks it sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.model import Millis

if TYPE_CHECKING:
    from runner.sandbox.exchange import Deed

KEPT = 50_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came. `kind` is one of `faults.KINDS`, "" for anything else.

    A status callback that the sandbox sent is of kind `callback`, and its path is the whole URL.
    """

    at: Millis
    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    kind: str
    #: What it is about, mostly a call; "" for a list.
    sid: str = ""
    user: str = ""
    password: str = ""
    #: The account that its path names, or else who asks.
    account: str = ""
    #: What it is about below that: a recording, a stream by its name, …
    below: str = ""
    #: Answers it; None where there is no such resource.
    deed: Deed | None = field(default=None, repr=False, compare=False)
    #: Fields of the form that came more than once, with all their values; `form` has the last.
    repeated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def page(self) -> int:
        """The page of a list that it asks for, counted from 1."""
        number = self.query.get("Page", "0")
        return int(number) + 1 if number.isascii() and number.isdigit() else 1

    def values(self, name: str) -> tuple[str, ...]:
        """All values of one field of the form."""
        once = (self.form[name],) if name in self.form else ()
        return self.repeated.get(name, once)


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
            "form": dict(request.form) | dict(request.repeated),
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

    def of(self, kind: str, sid: str | None = None, *, account: str | None = None) -> list[Entry]:
        """The entries of one kind (`update`, …), of one call or account if its SID is given."""
        return [
            entry
            for entry in self.by(account)
            if entry.request.kind == kind and sid in (None, entry.request.sid)
        ]

    def by(self, account: str | None) -> Iterator[Entry]:
        """The entries about one account, by its SID; all of them for None."""
        return (entry for entry in self if account in (None, entry.request.account))

    def clear(self) -> None:
        """Forgets everything."""
        self._entries.clear()
