"""Which calls are protected from every flow, and by what: the last word before anything is sent.

Emergency numbers are protected without any configuration, and nothing switches that off.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from runner.call import Call
from runner.emergency import is_emergency
from runner.never import Never, spellings


def protects(never: Never, call: Call, *, account: str, alias: str) -> str:
    """Why no flow may change this call, in words; "" where any may.

    `account` is the SID of the account that it was listed in, `alias` its name or "".
    """
    named = {account, alias, call.account_sid or ""} & never.accounts - {""}
    if named:
        return f"account is {min(named)} (never: accounts)"
    if call.direction is not None and call.direction in never.directions:
        return f"direction is {call.direction} (never: directions)"
    for field, value in _addresses(call):
        reason = _by_list(never, value) or ("emergency number" if is_emergency(value) else "")
        if reason:
            return f"{field} is {value} ({reason})"
    return ""


def _addresses(call: Call) -> Iterator[tuple[str, str]]:
    named = (("to", call.to), ("from", call.from_), ("forwarded_from", call.forwarded_from))
    return ((field, value) for field, value in named if value)


def _by_list(never: Never, value: str) -> str:
    """The part of `never` that has this number or address; "" where none has."""
    for text in _spellings(value):
        if text in never.numbers:
            return "never: numbers"
        if text.startswith(never.prefixes):
            prefix = next(each for each in never.prefixes if text.startswith(each))
            return f"never: prefixes {prefix}"
        for name, values in never.lists:
            if text in values:
                return f"never: lists {name}"
    return ""


# The same few values come with every poll.
_spellings = lru_cache(maxsize=65_536)(spellings)
