"""The far side's clock, also where one of its answers lacks a readable `Date` header.

Ages are measured on it, because this machine's wall clock may be wrong. Between two headers it is
carried on by a clock that never jumps; so one answer without a header changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from runner.call import parse_rfc2822
from runner.model import Millis


class FarClock:
    """What the far side's clock says, going by the last `Date` header. `ticks` never jumps."""

    def __init__(self, ticks: Callable[[], Millis]) -> None:
        self._ticks = ticks
        self._ahead: Millis | None = None

    def hear(self, headers: Mapping[str, str]) -> Millis | None:
        """The far side's time as of this answer; None where no answer has told it yet.

        Its header counts whole seconds and was written before it came here, so that this is a
        moment short: an age that is short does no harm.
        """
        told = parse_rfc2822(headers.get("Date", ""))
        if told is not None:
            self._ahead = told - self._ticks()
        return None if self._ahead is None else self._ticks() + self._ahead


def machine_ticks() -> Millis:
    """This machine's clock that never jumps."""
    return time.monotonic_ns() // 1_000_000
