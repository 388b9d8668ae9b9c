"""All rows in listing order: by status, by SID, and as they stood a while ago."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any

from runner.model import Millis
from runner.sandbox.rows import Order, Row

_order = attrgetter("order")

#: How many changes and how many deleted calls are remembered.
MEMORY = 50_000


class Shelf:
    """Rows sorted oldest first, once for all and once for each status."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._all: list[Row] = []
        self._by_status: dict[str, list[Row]] = {}
        self._changes: deque[tuple[Millis, str, Row | None]] = deque(maxlen=MEMORY)
        self._gone: dict[str, Order] = {}
        #: JSON of rows as they are, made by whoever shows them; a change throws it away.
        self.heads: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._all)

    def get(self, sid: str) -> Row | None:
        """The row of this call as it is."""
        return self._rows.get(sid)

    def put(self, row: Row, at: Millis) -> None:
        """Shelves a new row, or a newer one of a call that is here already."""
        old = self._rows.get(row.sid)
        self._changes.append((at, row.sid, old))
        self._rows[row.sid] = row
        self.heads.pop(row.sid, None)
        _replace(self._all, old, row)
        if old is not None and old.status != row.status:
            _take_out(self._by_status[old.status], old)
            old = None
        _replace(self._by_status.setdefault(row.status, []), old, row)

    def remove(self, sid: str, at: Millis) -> None:
        """Forgets a call, but not where it stood: pages that point at it stay usable."""
        row = self._rows.pop(sid)
        self.heads.pop(sid, None)
        self._changes.append((at, sid, row))
        _take_out(self._all, row)
        _take_out(self._by_status[row.status], row)
        self._gone[sid] = row.order
        if len(self._gone) > MEMORY:
            del self._gone[next(iter(self._gone))]

    def rows(self, status: str | None = None) -> Sequence[Row]:
        """All rows, or those of one status, oldest first. Not a copy: don't keep it."""
        return self._all if status is None else self._by_status.get(status, ())

    def place(self, sid: str) -> Order | None:
        """Where a call stands or stood in the order; None where it never was here."""
        row = self._rows.get(sid)
        return self._gone.get(sid) if row is None else row.order

    def as_of(self, moment: Millis, status: str | None = None) -> Sequence[Row]:
        """All rows as they stood at an earlier moment, as far back as changes are remembered."""
        then: dict[str, Row | None] = {}
        for at, sid, before in reversed(self._changes):
            if at <= moment:
                break
            then[sid] = before
        rows = [row for row in self._all if row.sid not in then]
        rows += [row for row in then.values() if row is not None]
        return sorted((r for r in rows if status in (None, r.status)), key=_order)


def before(rows: Sequence[Any], order: Order) -> int:
    """How many of them stand before this place; each has an `order`."""
    return bisect_left(rows, order, key=_order)


def _replace(rows: list[Row], old: Row | None, new: Row) -> None:
    if old is None and (not rows or rows[-1].order < new.order):
        rows.append(new)
    elif old is None:
        insort(rows, new, key=_order)
    else:
        rows[before(rows, old.order)] = new


def _take_out(rows: list[Row], row: Row) -> None:
    del rows[before(rows, row.order)]
