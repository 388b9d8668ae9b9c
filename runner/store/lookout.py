"""Whether anything is paused, seen at once: each act asks right before it is sent.

Nothing is, mostly, and then no act need wait for the store's thread, which may just be writing the
outcomes of others. This looks by a connection of its own at two small tables, of which the system
has the pages in its memory: they are read all the time. It waits for nobody, and whatever else than
"nothing is paused" it sees, or can't see, is left to the thread to find out.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runner.engine.ports import StoreError
from runner.store.failures import Identity

#: Seconds for which a look counts at most: a turn of the loop may be longer, or be frozen in.
LASTS = 0.005
#: So many outcomes may wait to be written, about twice those that come at once from one account.
MOST = 100
#: In one statement, so of one moment. `?1` is the fence of the lease that must stand, or NULL.
_CLEAR = """
SELECT NOT EXISTS (SELECT 1 FROM pauses)
  AND (?1 IS NULL OR EXISTS (SELECT 1 FROM lease WHERE fence = ?1 AND typeof(holder) = 'text'))
"""


class Lookout:
    """Looks at one file, and never writes. Until it is open it sees nothing."""

    def __init__(self) -> None:
        self._opened: tuple[sqlite3.Connection, Identity] | None = None
        self._seen: int | None = None  # in this turn of the loop, for the lease of this fence
        self._until = 0.0  # for so long, on the monotonic clock
        self._changes = 0
        self._unwritten = 0

    def open(self, path: Path, identity: Identity) -> None:
        """Begins to look at a file that is open already; a failure leaves it as it is."""
        with suppress(sqlite3.Error):
            uri = f"{path.absolute().as_uri()}?mode=rw"
            db = sqlite3.connect(
                uri, uri=True, timeout=0, check_same_thread=False, isolation_level=None
            )
            db.execute("PRAGMA query_only = ON")
            self._opened = (db, identity)
            self.is_clear(None)  # reads the schema

    @contextmanager
    def changing(self) -> Iterator[None]:
        """While this lasts nobody is told that nothing is paused: who asks later is told later."""
        self._changes += 1
        try:
            yield
        finally:
            self._changes -= 1
            self._forget()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """While an outcome is being written. Where `MOST` of them are, whoever asks waits as well.

        Else, while a store is locked, all acts of a poll would be sent, and the end of none known.
        """
        self._unwritten += 1
        try:
            yield
        finally:
            self._unwritten -= 1

    def is_clear(self, fence: int | None) -> bool:
        """True where nothing is paused, and the lease is still that of this fence.

        Whoever asks for a lease in the same turn of the loop is told the same, unless that is long:
        some acts do each time that answers come, and each look lets the store's thread take the
        turn away from them.
        """
        if self._opened is None or self._changes or self._unwritten >= MOST:
            return False
        began = time.monotonic()
        if fence is not None and fence == self._seen and began < self._until:
            return True
        db, identity = self._opened
        try:
            identity.check()
            [(clear,)] = db.execute(_CLEAR, (fence,))
        except (sqlite3.Error, StoreError):
            return False
        if clear and fence is not None:
            self._seen, self._until = fence, began + LASTS
            asyncio.get_running_loop().call_soon(self._forget)
        return bool(clear)

    def _forget(self) -> None:
        self._seen = None

    def close(self) -> None:
        """Looks no more."""
        if self._opened is not None:
            (db, _), self._opened = self._opened, None
            db.close()
