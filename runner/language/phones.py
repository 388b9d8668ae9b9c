"""What a phone number or address tells of itself: its country, and the type of its line.

Asked about every call of every poll, so each value is looked up once and remembered.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

#: The types of lines, as `from_type` and `to_type` name them. Where a country's numbers do not
#: tell mobile and fixed lines apart, as in North America, it is `fixed_line_or_mobile`.
TYPES = (
    "mobile",
    "fixed_line",
    "fixed_line_or_mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "sip",
    "client",
    "sim",
    "anonymous",
    "unknown",
)

#: ISO 3166 codes (and the few that ITU has besides) of the countries whose numbers are known.
_CODES = """
    AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ
    BR BS BT BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO
    DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU
    GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW
    KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT
    MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT
    PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA
    TC TD TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK
    YE YT ZA ZM ZW
"""
COUNTRIES = tuple(_CODES.split())

_SCHEMES = {"sip:": "sip", "sips:": "sip", "client:": "client", "sim:": "sim"}
_WITHHELD = ("anonymous", "restricted", "blocked", "unknown", "unavailable", "private")
#: What Twilio gives for a withheld caller: the word spelled on a keypad. They look like numbers
#: from Lesotho, Russia, Uganda and China, and are none.
_SPELLED = ("+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253")
_LONGEST = 250  # characters; no number is longer


@lru_cache(maxsize=65_536)
def country_of(text: str) -> str | None:
    """ISO 3166 code of two letters; None for an address, and where no country can be told."""
    import phonenumbers  # heavy; few flows need it

    number = _number(text) if _type_of_address(text) is None else None
    if number is None or not phonenumbers.is_possible_number(number):
        return None
    region = phonenumbers.region_code_for_number(number)
    return region if region in COUNTRIES else None  # 001 is for numbers of the whole world


@lru_cache(maxsize=65_536)
def type_of(text: str) -> str:
    """One of `TYPES`."""
    address = _type_of_address(text)
    if address is not None:
        return address
    import phonenumbers

    number = _number(text)
    kind = (
        phonenumbers.PhoneNumberType.UNKNOWN if number is None else phonenumbers.number_type(number)
    )
    name = phonenumbers.PhoneNumberType.to_string(kind).lower()
    return name if name in TYPES else "unknown"


def _type_of_address(text: str) -> str | None:
    """The type of what is no phone number; None for what may be one."""
    scheme = next((scheme for scheme in _SCHEMES if text.startswith(scheme)), "")
    bare = text.removeprefix(scheme).lower()
    if not scheme.startswith(("client", "sim")) and (
        bare in _WITHHELD or bare in _SPELLED or bare.startswith("anonymous@")
    ):
        return "anonymous"
    if scheme:
        return _SCHEMES[scheme]
    return "sip" if "@" in text else None


def _number(text: str) -> PhoneNumber | None:
    import phonenumbers

    if not text.startswith("+") or len(text) > _LONGEST:
        return None  # without a country code every country would be a guess
    try:
        return phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
