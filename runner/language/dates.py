"""Dates of calls, read and remembered: rules on `age` need one of every call that is looked at."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from runner.model import Millis, Moment

if TYPE_CHECKING:
    from runner.call import Call

#: So many dates are remembered by their text.
REMEMBERED = 16_384


@cache
def _parser() -> Callable[[str], Millis | None]:
    # Here, not above: `callflow validate` never reads a call, and need not load its decoder.
    from runner.call import parse_rfc2822

    return parse_rfc2822


class _Times(dict[str | None, Millis | None]):
    def __missing__(self, text: str | None) -> Millis | None:
        if not text:
            return None
        if len(self) >= REMEMBERED:
            self.clear()
        self[text] = moment = _parser()(text)
        return moment


_TIMES = _Times()


def time_of(text: str | None) -> Millis | None:
    """A date as Twilio writes it; None for none."""
    return _TIMES[text]


def age_of(call: Call, moment: Moment) -> Millis | None:
    """How long ago the call began, or was created."""
    began = _TIMES[call.start_time]
    if began is None:
        began = _TIMES[call.date_created]
    # Twilio's dates are whole seconds and clocks disagree: a call just begun is 0 old, never less.
    return None if began is None else max(0, moment.now - began)
