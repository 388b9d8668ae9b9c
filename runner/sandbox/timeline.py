"""What happens when: a heap of coming events, which costs nothing while none is due."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from runner.model import Millis

Deed = Callable[[], None]


class Timeline:
    """Runs deeds in the order of their times; deeds of the same time in the order they came."""

    def __init__(self, start: Millis) -> None:
        self.now = start
        self._heap: list[tuple[Millis, int, Deed]] = []
        self._count = 0

    def at(self, when: Millis, deed: Deed) -> None:
        """Plans a deed; one that is planned for the past is done at the next step."""
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, deed))

    def after(self, millis: Millis, deed: Deed) -> None:
        """Plans a deed for so long from now."""
        self.at(self.now + millis, deed)

    @property
    def due(self) -> Millis | None:
        """When the next deed is to be done; None where nothing is planned."""
        return self._heap[0][0] if self._heap else None

    def advance(self, to: Millis, pause: Callable[[], bool] = lambda: False) -> bool:
        """Does everything that is due up to `to`, and stands there afterwards.

        Stops early, at the time of the deed just done, when `pause` says so; returns whether it
        arrived.
        """
        while self._heap and self._heap[0][0] <= to:
            when, _, deed = heapq.heappop(self._heap)
            self.now = max(self.now, when)
            deed()
            if pause():
                return False
        self.now = max(self.now, to)
        return True
