"""The far side's clock: its `Date` headers, and what to think of those that are missing or leap.

Ages are measured on it, because this machine's wall clock may be wrong. Between two headers it is
carried on by a clock that never jumps. So one answer without a header changes nothing; and a header
that doesn't fit those before it, say of one server among many whose clock is wrong, makes no call
look older until it has lasted for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from runner.call import parse_rfc2822
from runner.model import Millis

#: Headers count whole seconds, answers take a while, servers differ: that is no leap.
SLACK: Millis = 30_000
#: A leap that lasts so long is a correction.
BELIEVED: Millis = 60_000


class FarClock:
    """What the far side's clock says, going by its `Date` headers. `ticks` never jumps.

    All it keeps is how far that clock is ahead of `ticks`: as believed, and as told by headers that
    leap away from it, with when they began to. A leap that lasts for `believed` is a correction.
    """

    def __init__(self, ticks: Callable[[], Millis], *, believed: Millis = BELIEVED) -> None:
        self._ticks = ticks
        self._believed = believed
        self._ahead: Millis | None = None
        self._leap: tuple[Millis, Millis] | None = None

    def hear(self, headers: Mapping[str, str]) -> Millis | None:
        """The far side's time as of this answer; None where no answer has told it yet.

        Of two that differ it is the earlier: an age that is short does no harm. For the same
        reason it doesn't matter that the header was written before it came here.
        """
        now = self._ticks()
        told = parse_rfc2822(headers.get("Date", ""))
        if told is None:
            return None if self._ahead is None else now + self._ahead
        ahead = told - now
        if self._ahead is None or abs(ahead - self._ahead) <= SLACK or self._lasts(ahead, now):
            self._ahead, self._leap = ahead, None
        return now + min(ahead, self._ahead)

    def _lasts(self, ahead: Millis, now: Millis) -> bool:
        """Whether headers have said this, and nothing else, for long enough."""
        if self._leap is None or abs(ahead - self._leap[0]) > SLACK:
            self._leap = (ahead, now)
        return now - self._leap[1] >= self._believed


def machine_ticks() -> Millis:
    """This machine's clock that never jumps; on Linux it goes on while the machine sleeps."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    return time.monotonic_ns() // 1_000_000
