"""Which day, time of day or date was probably meant by one that is written otherwise."""

from __future__ import annotations

import re

from runner.language.windows import DAYS

_LONGEST = 30  # characters; nothing longer is a slip of the pen
_TIME = r"(?a)(\d{1,2})(?:[:.hH]?(\d{2})?(?::\d{2})?)?\s*([aApP]\.?[mM]\.?)?\Z"
_DATE = r"(?a)(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})\Z"


def probable_day(text: str) -> str | None:
    """`Monday` → `mon`; None where no guess is safe."""
    start = text[:3].lower()
    return start if start in DAYS and len(text) < _LONGEST else None


def probable_time(text: str) -> str | None:
    """`9:00`, `9am`, `9h` → `09:00`; None where no guess is safe."""
    match = re.match(_TIME, text) if len(text) < _LONGEST else None
    if match is None:
        return None
    hours, minutes = int(match[1]), int(match[2] or 0)
    half = (match[3] or "")[:1].lower()
    if half and not 1 <= hours <= 12:
        return None
    if half:
        hours = hours % 12 + (12 if half == "p" else 0)
    return f"{hours:02}:{minutes:02}" if hours < 24 and minutes < 60 else None


def probable_date(text: str) -> str | None:
    """`2026/12/4` → `2026-12-04`; None where day and month could be either way round."""
    match = re.match(_DATE, text) if len(text) < _LONGEST else None
    return f"{match[1]}-{int(match[3]):02}-{int(match[4]):02}" if match else None
