"""Several worlds in one order of time: each plays by itself, and all stop where one must wait."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from runner.model import Millis
from runner.sandbox.world import World


def advance(worlds: Iterable[World], to: Millis) -> Millis | None:
    """Plays all worlds up to `to`, or until one has something for the network: returns when."""
    worlds = list(worlds)
    heap = [(due, n) for n, world in enumerate(worlds) if (due := world.timeline.due) is not None]
    heapq.heapify(heap)
    while heap and heap[0][0] <= to:
        _, number = heapq.heappop(heap)
        world = worlds[number]
        # Worlds don't touch one another: this one may go on until another one's turn comes.
        if not world.advance(min(to, heap[0][0]) if heap else to, until_fetch=True):
            return world.now
        if (due := world.timeline.due) is not None:
            heapq.heappush(heap, (due, number))
    for world in worlds:
        world.advance(to)
    return None


def next_due(worlds: Iterable[World]) -> Millis | None:
    """When something happens next in any of them; None where nothing is planned."""
    return min((due for world in worlds if (due := world.timeline.due) is not None), default=None)
