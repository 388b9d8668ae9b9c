"""Emergency numbers: calls to them are never changed, and no flow dials one.

Which they are comes from the short-number metadata of Google's libphonenumber (`phonenumbers`),
where each region's emergency numbers are listed, and 933, at which North America tests its
emergency calls, see https://www.twilio.com/docs/voice/sip/emergency-calling. A number of any
country counts everywhere, because a call doesn't say from where it is dialled.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from runner.never import spellings

_TEST_NUMBERS = frozenset({"933"})
#: No emergency number has more than six digits, and no country code more than three.
_SHORT = re.compile(r"\+?\d{2,9}\Z", re.ASCII)
_LONGEST_CODE = 3


@lru_cache(maxsize=65_536)
def is_emergency(value: str) -> bool:
    """Whether this is an emergency number of any country: `911`, `+911`, `+44999`, `112@pbx`."""
    if not value.isascii():
        # Digits have other widths and scripts too, and whoever reads numbers may take them.
        value = "".join(str(unicodedata.digit(each, each)) for each in value)
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
