"""Which calls are protected from every flow, and by what: the last word before anything is sent.

Emergency numbers are protected without any configuration, and nothing switches that off. Which
they are comes from the short-number metadata of Google's libphonenumber (`phonenumbers`), where
each region's emergency numbers are listed, and 933, at which North America tests its emergency
calls, see https://www.twilio.com/docs/voice/sip/emergency-calling. A number of any country counts
everywhere, because a call doesn't say from where it is dialled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from runner.call import Call
from runner.never import Never, spellings

_TEST_NUMBERS = frozenset({"933"})
#: No emergency number has more than six digits, and no country code more than three.
_SHORT = re.compile(r"\+?\d{2,9}\Z", re.ASCII)
_LONGEST_CODE = 3


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


@lru_cache(maxsize=65_536)
def is_emergency(value: str) -> bool:
    """Whether this is an emergency number of any country: `911`, `+911`, `+44999`, `112@pbx`."""
    return any(_is_emergency(text) for text in spellings(value) if _SHORT.match(text))


def _is_emergency(text: str) -> bool:
    import phonenumbers  # heavy, as is what it loads then: only short numbers pay for it

    digits = text.removeprefix("+")
    known = phonenumbers.SUPPORTED_SHORT_REGIONS
    if digits in _TEST_NUMBERS:
        return True
    if any(phonenumbers.is_emergency_number(digits, region) for region in known):
        return True
    if not text.startswith("+"):
        return False
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    return any(
        digits[length:] in _TEST_NUMBERS or phonenumbers.is_emergency_number(digits[length:], each)
        for length in range(1, _LONGEST_CODE + 1)
        for each in regions.get(int(digits[:length]), ())
        if len(digits) > length
    )
