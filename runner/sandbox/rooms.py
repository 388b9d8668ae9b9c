"""What is shared by all rooms of an account, conferences and queues: by SID, by name, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Generic, Protocol, TypeVar

#: This many rooms that are over are kept; older ones are forgotten. So are places in a room.
KEPT = 10_000


class Room(Protocol):
    """What has a SID and a name."""

    @property
    def sid(self) -> str: ...

    @property
    def name(self) -> str: ...


R = TypeVar("R", bound=Room)


class Rooms(Generic[R]):
    """Rooms of one kind. A name is that of one open room; those that are over keep only SIDs."""

    def __init__(self) -> None:
        self._rooms: dict[str, R] = {}
        self._open: dict[str, R] = {}
        self._over: deque[str] = deque()
        #: How many there have ever been.
        self.count = 0

    @property
    def rows(self) -> Mapping[str, R]:
        """All of them by SID, oldest first."""
        return self._rooms

    def add(self, room: R) -> None:
        """Opens a room."""
        self.count += 1
        self._rooms[room.sid] = self._open[room.name] = room

    def named(self, name: str) -> R | None:
        """The open room of this name."""
        return self._open.get(name)

    def close(self, room: R) -> None:
        """Frees the name of a room that is over, and forgets the room in time."""
        del self._open[room.name]
        self._over.append(room.sid)
        if len(self._over) > KEPT:
            del self._rooms[self._over.popleft()]
