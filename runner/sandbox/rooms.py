"""What is shared by all rooms of an account, conferences and queues: by SID, by name, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from runner.sandbox.listing import Listed
from runner.sandbox.rows import Order
from runner.sandbox.shelf import before

#: This many rooms that are over are kept; older ones are forgotten.
KEPT = 10_000


class Room(Listed, Protocol):
    """What has a name."""

    @property
    def name(self) -> str: ...


R = TypeVar("R", bound=Room)


class Rooms(Generic[R]):
    """Rooms of one kind. A name is that of one open room; those that are over keep only SIDs."""

    def __init__(self) -> None:
        self._by_sid: dict[str, R] = {}
        self._open: dict[str, R] = {}
        self._rows: list[R] = []
        self._over: deque[R] = deque()
        #: How many there have ever been.
        self.count = 0

    def add(self, room: R) -> None:
        """Opens a room."""
        self.count += 1
        self._by_sid[room.sid] = self._open[room.name] = room
        self._rows.append(room)

    def get(self, sid: str) -> R | None:
        """A room by its SID, whether or not it is over."""
        return self._by_sid.get(sid)

    def named(self, name: str) -> R | None:
        """The open room of this name."""
        return self._open.get(name)

    def rows(self) -> Sequence[R]:
        """All of them, oldest first. Not a copy: don't keep it."""
        return self._rows

    def place(self, sid: str) -> Order | None:
        """Where a room stands in the list; None where there is none."""
        room = self._by_sid.get(sid)
        return None if room is None else room.order

    def rename(self, room: R, old: str) -> None:
        """Lets an open room be found by its new name instead of the old one."""
        del self._open[old]
        self._open[room.name] = room

    def close(self, room: R) -> None:
        """Frees the name of a room that is over, and forgets the room in time."""
        del self._open[room.name]
        self._over.append(room)
        if len(self._over) > KEPT:
            self.forget(self._over.popleft())

    def forget(self, room: R) -> None:
        """Removes the record of a room."""
        if self._open.get(room.name) is room:
            del self._open[room.name]
        del self._by_sid[room.sid]
        del self._rows[before(self._rows, room.order)]
