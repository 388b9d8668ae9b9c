"""Who is logged in: sessions made by a token, in memory, for half a day."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field

from runner.console.doors.tokens import Role, hashed
from runner.engine.clock import Clock
from runner.model import Millis

#: A shift; after that the token is asked for again.
LIFETIME: Millis = 12 * 3_600_000
#: Sessions of one role at once: each took a right token, so more are browsers that were closed.
MOST = 64


@dataclass(frozen=True, slots=True)
class Session:
    """One login. `until` is on the monotonic clock; `over` is set when it is ended before."""

    name: str  # for messages and to tell one from another; it opens nothing
    role: Role
    until: Millis
    over: asyncio.Event = field(default_factory=asyncio.Event, compare=False, repr=False)


class Sessions:
    """The sessions by the hash of their id, oldest first: the id itself is only in the browser."""

    def __init__(self, clock: Clock, *, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._kept: dict[bytes, Session] = {}

    def open(self, role: Role) -> str:
        """Begins a session and returns its id; the oldest of the role makes room."""
        self._trim()
        alike = [key for key, session in self._kept.items() if session.role == role]
        for key in alike[: max(0, len(alike) + 1 - self._most)]:
            self._end(key)
        id_ = secrets.token_urlsafe(32)
        until = self._clock.monotonic() + LIFETIME
        self._kept[hashed(id_)] = Session(secrets.token_hex(4), role, until)
        return id_

    def find(self, id_: str) -> Session | None:
        """The session of this id; None where there is none, or no longer."""
        self._trim()
        return self._kept.get(hashed(id_))

    def stands(self, session: Session) -> bool:
        """Whether it goes on."""
        return not session.over.is_set() and self._clock.monotonic() < session.until

    def close(self, id_: str) -> None:
        """Ends the session of this id, if there is one."""
        if hashed(id_) in self._kept:
            self._end(hashed(id_))

    def _end(self, key: bytes) -> None:
        self._kept.pop(key).over.set()

    def _trim(self) -> None:
        now = self._clock.monotonic()
        while self._kept and (oldest := next(iter(self._kept.items())))[1].until <= now:
            self._end(oldest[0])
