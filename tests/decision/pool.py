"""The small pool that random flows and calls draw from, and what each thing in it means.

Small, so that what a rule wants is often what a call has. Everything that stands for something
else (dates, numbers, patterns, windows) is read here by hand, and not by the product.
"""

from __future__ import annotations

from typing import Any

#: A Sunday on which New York puts its clocks back, at 06:00 of this clock.
START = 1_793_510_400_000  # 2026-11-01T05:20:00Z
MINUTE = 60_000

#: Dates as Twilio writes them → milliseconds, None where it is no date.
DATES: dict[str | None, int | None] = {
    "Sun, 01 Nov 2026 05:19:50 +0000": START - 10_000,
    "Sun, 01 Nov 2026 04:50:00 +0000": START - 30 * MINUTE,
    "Sun, 01 Nov 2026 00:19:00 -0500": START - MINUTE,
    "Sun, 01 Nov 2026 05:20:00 -0000": START,
    "Sun, 01 Nov 2026 05:20:05 +0000": START + 5_000,
    "Sun, 01 Nov 2026 06:50:00 +0000": START + 90 * MINUTE,
    "Thu, 01 Jan 1970 00:00:00 +0000": 0,
    "yesterday": None,
    "": None,
    None: None,
}
#: Times as a flow writes them → milliseconds.
TIMES = {
    "2026-11-01T05:19:50Z": START - 10_000,
    "2026-11-01T05:50:00+01:00": START - 30 * MINUTE,
    "2026-11-01t05:20:00.000z": START,
    "2026-11-01T05:20:04.999Z": START + 4_999,
    "2026-11-01T05:20:05Z": START + 5_000,
}
SPANS = {
    "0s": 0,
    "1ms": 1,
    "5s": 5_000,
    "10s": 10_000,
    "1m": MINUTE,
    "29m59s": 30 * MINUTE - 1_000,
    "30m": 30 * MINUTE,
    "2h": 120 * MINUTE,
}
QUEUE_TIMES: dict[str | None, int | None] = {
    "5000": 5_000,
    "10000": 10_000,
    "0": 0,
    "999999999999999999": 999_999_999_999_999_999,
    "9999999999999999999": None,
    "-5": None,
    "٣": None,
    "1e3": None,
    "": None,
    None: None,
}
#: Addresses → (country, type).
NUMBERS: dict[str | None, tuple[str | None, str | None]] = {
    "+14155550199": ("US", "fixed_line_or_mobile"),
    "+14155550100": ("US", "fixed_line_or_mobile"),
    "+442079460018": ("GB", "fixed_line"),
    "+4915112345678": ("DE", "mobile"),
    "+1415": (None, "unknown"),
    "+": (None, "unknown"),
    "client:agent-7": (None, "client"),
    "sip:a@b.c": (None, "sip"),
    "anonymous": (None, "anonymous"),
    "+1" * 2_000: (None, "unknown"),
    "": (None, None),
    None: (None, None),
}
NAMES = (
    *("Ada", "ada", "Ada Lovelace", "Lovelace", "Adam", "A", " Ada", "Ada\n", "x\ny"),
    *("a.b", "a+b", "axb", "*", "Ada\0", "Ada" * 1_500),
    *("Zoë", "Zoe\u0308", "名前", "\U0001f600", "", None),
)
#: A field that is read as it is → the words that calls have in it, and rules want.
WORDS: dict[str, tuple[str | None, ...]] = {
    "from": tuple(NUMBERS),
    "to": ("+14155550199", "+442079460018", "client:agent-7", "", None),
    "caller_name": NAMES,
    "forwarded_from": ("+14155550199", "sip:a@b.c", None),
    "direction": ("inbound", "outbound-api", "outbound-dial", None),
    "answered_by": ("human", "machine_start", None),
    "from_formatted": ("(415) 555-0199", "(415) 555-0100", None),
    "to_formatted": ("(415) 555-0199", None),
    "sid": ("CA1", "CA2", "CA3"),
    "parent_call_sid": ("CA1", "CA2", "CA9", "", None),
    "account_sid": ("AC1", "AC2", None),
    "phone_number_sid": ("PN1", None),
    "group_sid": ("GP1", None),
    "trunk_sid": ("TK1", "TK2", None),
    "api_version": ("2010-04-01", None),
}
#: A field that is told from others → words that rules want of it.
TOLD = {
    "from_country": ("US", "GB", "DE"),
    "to_country": ("US", "GB"),
    "from_type": ("mobile", "client", "sip", "unknown", "anonymous"),
    "to_type": ("fixed_line", "client"),
    "account": ("main", "other"),
}
#: An expression as Python has it; RE2's own words, where Python has others.
EXPRESSIONS = {
    r"[Aa]da.*": r"[Aa]da.*",
    r"Ada": r"Ada",
    r"Ad|Ada": r"Ad|Ada",
    r"(Ada )?Lovelace|Adam?": r"(Ada )?Lovelace|Adam?",
    r"Adam?": r"Adam?",
    r".*Lovelace": r"[^\n]*Lovelace",
    r"Adams{0}": r"Adams{0}",
    r"Adamm*|x": r"Adamm*|x",
    r"Ada [Ll]ove.+": r"Ada [Ll]ove[^\n]+",
    r"^(?:x|Ada )Lovelace$": r"\A(?:x|Ada )Lovelace\Z",
    r".*\x4covelace|Adam": r"[^\n]*Lovelace|Adam",
    r"(?i)ADA": r"(?i)ADA",
    r"(?i:a)da": r"(?i:a)da",
    r"(?i)ADA LOVELACE": r"(?i)ADA LOVELACE",
    r"A(da)*": r"A(da)*",
    r"A(dam){0}": r"A(dam){0}",
    r"\x41da": r"Ada",
    r"\QAda": r"Ada",
    r"\QAda\E.*": r"Ada.*",
    r"\pL+": r"[^\W\d_]+",
    r"a\.b": r"a\.b",
    r"a.b": r"a.b",
    r"a[+.]b": r"a[+.]b",
    r"^Ada$": r"\AAda\Z",
    r"(?s)x.y": r"(?s)x.y",
    r".+": r"[^\n]+",
    r"(?s).*": r"(?s).*",
    r"[^A]*": r"[^A]*",
    r"\+1(415)?\d*": r"\+1(415)?[0-9]*",
    r"(client|sip):.*": r"(client|sip):.*",
    r"\S+ \S+": r"\S+ \S+",
}
GLOBS = (
    *("*", "?", "A*", "*da", "?da", "*d*", "a.b", "a+b", "*\n*", "+1*9?", "*:agent-?", "Zo?"),
    *("Ada?L*lace", "A?a*"),
)

LISTS: dict[str, list[str]] = {
    "some": ["Ada", "名前", "+14155550199", "client:agent-7"],
    "lands": ["US", "DE"],
    "lines": ["mobile", "client"],
    "one": ["+442079460018"],
}
#: Windows as a flow writes them. Several change within minutes of the start, `twice` twice.
WINDOWS: dict[str, dict[str, Any]] = {
    "always": {"timezone": "UTC"},
    "twice": {"timezone": "America/New_York", "from": "01:30", "to": "02:00"},
    "night": {
        "timezone": "Europe/Berlin",
        "from": "22:00",
        "to": "06:30",
        "except": {"dates": ["2026-11-01"]},
    },
    "minute": {"timezone": "Asia/Kathmandu", "from": "11:05", "to": "11:06"},
    "week": {"timezone": "Asia/Tokyo", "days": ["mon", "tue"]},
}
