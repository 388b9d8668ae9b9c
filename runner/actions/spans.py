"""Durations that Twilio counts in whole seconds."""

from __future__ import annotations

from runner.actions.base import BadArgument, Key
from runner.durations import format_duration, parse_duration

#: No call lasts longer, whatever it is told.
DAY = 86_400


def whole_seconds(
    written: str, *, key: Key = None, what: str, least: int = 1, most: int = DAY
) -> int:
    """A duration as seconds. `what` begins the sentence that says what is wrong with it."""
    try:
        millis = parse_duration(written)
    except ValueError as error:
        raise BadArgument(str(error), key=key, code="bad-duration") from None
    if least * 1000 <= millis <= most * 1000 and millis % 1000 == 0:
        return millis // 1000
    bounds = f"from {format_duration(least * 1000)} to {format_duration(most * 1000)}"
    message = f"{what} of {written} is not possible: Twilio counts whole seconds, {bounds}"
    raise BadArgument(message, key=key, code="bad-duration")
