"""What metrics are counted in: tallies by labels, and histograms; adding costs next to nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from runner.model import Millis

Labels: TypeAlias = tuple[str, ...]

#: Upper bounds in milliseconds. A request takes tens of them, a poll hundreds, a retry seconds, and
#: what a pause held back minutes.
BOUNDS: tuple[Millis, ...] = (
    *(5, 10, 25, 50, 100, 250, 500),
    *(1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000),
)


class Tally:
    """A counter for each set of labels. What was promised is there from the start, as zero."""

    def __init__(self, promised: Iterable[Labels] = ()) -> None:
        self.values: Counter[Labels] = Counter()
        self.promise(promised)

    def promise(self, promised: Iterable[Labels]) -> None:
        """From now on these are shown, whether or not they were counted."""
        for labels in promised:
            self.values.setdefault(labels, 0)

    def add(self, *labels: str, times: int = 1) -> None:
        """One more, or several."""
        self.values[labels] += times

    def drop(self, gone: Callable[[Labels], bool]) -> None:
        """Forgets those for which this is true."""
        for labels in [labels for labels in self.values if gone(labels)]:
            del self.values[labels]


class Histogram:
    """How many lengths of time were how long."""

    def __init__(self, bounds: Sequence[Millis] = BOUNDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total: Millis = 0

    def observe(self, millis: Millis) -> None:
        """Counts one. A clock that was set back makes none of them shorter than nothing."""
        millis = max(0, millis)
        self._counts[bisect_left(self._bounds, millis)] += 1
        self.total += millis

    def buckets(self) -> list[tuple[str, float]]:
        """(upper bound in seconds, how many were no longer), the last one endless."""
        found: list[tuple[str, float]] = []
        so_far = 0
        for bound, count in zip(self._bounds, self._counts, strict=False):
            so_far += count
            found.append((str(bound / 1000), float(so_far)))
        return [*found, ("+Inf", float(so_far + self._counts[-1]))]
