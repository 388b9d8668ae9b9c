"""How long updates rest when the far side wants fewer of them."""

from __future__ import annotations

import random
from collections.abc import Callable

from runner.engine.clock import Clock
from runner.model import Millis

#: However long a rest is asked for, nobody silences hang-ups for longer; polls rest no longer
#: either.
LONGEST_REST: Millis = 60_000
#: The first rest where the far side names none; it doubles with each one in a row.
_FIRST: Millis = 2_000
_DOUBLINGS = 4


class Throttle:
    """The rests of one account, on the monotonic clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: Millis = 0
        self._in_a_row = 0
        self._noticed = False
        #: From a smallest and a greatest factor, the one by which a rest is stretched.
        self.stretch: Callable[[float, float], float] = random.uniform

    @property
    def resting(self) -> bool:
        """True while the far side wants no updates."""
        return self._clock.monotonic() < self._until

    def notice(self) -> None:
        """The far side wants fewer requests."""
        self._noticed = True

    def noticed(self) -> bool:
        """Whether it wanted fewer since this was asked last."""
        found, self._noticed = self._noticed, False
        return found

    def processed(self) -> None:
        """An update went through: the next rest is a first one again."""
        self._in_a_row = 0

    def rest(self, asked_for: Millis | None) -> None:
        """Rests for as long as was asked for, else longer each time in a row."""
        if asked_for is None:
            asked_for = _FIRST * 2 ** min(self._in_a_row, _DOUBLINGS)
            self._in_a_row += 1
        jittered = min(asked_for, LONGEST_REST) * self.stretch(1.0, 1.1)
        self._until = max(self._until, self._clock.monotonic() + round(jittered))
