"""When to poll next: on time while all is well, more seldom while the far side is busy or ill.

A poll that was told to slow down (429) doubles the interval, and so does each one after it; each
good poll halves it again, back to the one configured. Other failures wait longer each time, and
are forgotten with the first good poll.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from runner.engine.poll import Poll
from runner.engine.ports import AccessRefused, NotProcessed, Throttled
from runner.model import Millis

#: Credentials that were refused are tried again this often.
REFUSED_RETRY: Millis = 60_000
LONGEST_DELAY: Millis = 60_000


class Tempo:
    """The pace of one account. All times are on the monotonic clock.

    `stretch` turns a smallest and a greatest factor into the one by which a pause is stretched.
    """

    def __init__(
        self, interval: Millis, *, stretch: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._configured = interval
        self._stretch = stretch
        self._failures = 0
        #: From poll to poll, as it is now.
        self.interval = interval

    def next(self, due: Millis, now: Millis, poll: Poll | None) -> Millis:
        """When to poll after the one that was due at `due` and has ended `now`.

        None stands for a poll that the store kept from being made. Missed polls are skipped.
        """
        error = poll.error if poll is not None else None
        if poll is not None and error is None:
            self._failures = 0
            self._adapt(poll.throttled)
            late = max(0, now - due)
            return due + self.interval * (late // self.interval + 1)
        if isinstance(error, Throttled):
            self._adapt(True)
            return now + max(_asked_for(error), self._jittered(self.interval))
        self._failures += 1
        if isinstance(error, AccessRefused):
            return now + max(self.interval, REFUSED_RETRY)
        if isinstance(error, NotProcessed) and error.retry_after is not None:
            return now + max(self.interval, _asked_for(error))
        doubled = self.interval << min(self._failures - 1, 10)
        return now + max(self.interval, self._jittered(min(doubled, LONGEST_DELAY)))

    def _adapt(self, throttled: bool) -> None:
        if throttled:
            self.interval = max(self._configured, min(self.interval * 2, LONGEST_DELAY))
        else:
            self.interval = max(self._configured, self.interval // 2)

    def _jittered(self, millis: Millis) -> Millis:
        return round(millis * self._stretch(0.9, 1.1))


def _asked_for(error: NotProcessed) -> Millis:
    return min(error.retry_after or 0, LONGEST_DELAY)
