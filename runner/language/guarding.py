"""The key `guard`, of rules, flows and the configuration: checked data to a `Guard`.

The schema sees to the shapes; what it can't know, how long a window of time may be, is told here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from runner.durations import parse_duration
from runner.guards import NO_GUARD, UNLIMITED, Burst, BurstLimit, Guard, Rate, RateLimit
from runner.language.bench import Bench
from runner.language.words import nearest
from runner.model import Millis

SHORTEST: Millis = 1_000
LONGEST: Millis = 86_400_000

#: The keys that take `unlimited` instead of limits, and how limits are written there.
FORMS = {
    "guard": "{burst: {max_share: 10%}, rate: {max: 50, per: 1m}}",
    "burst": "{max_share: 10%, at_least: 5}",
    "rate": "{max: 50, per: 1m}",
}
#: What people write who want no limit.
_OFF = (None, False, 0, "none", "null", "off", "no", "false", "disabled", "never", "infinite")


def guard_of(data: object) -> Guard:
    """What the value of `guard` says. Where it is not as the schema wants it, it says nothing."""
    if data == UNLIMITED:
        return Guard(UNLIMITED, UNLIMITED)
    if not isinstance(data, dict):
        return NO_GUARD
    return Guard(_burst(data.get("burst")), _rate(data.get("rate")))


def check_guard(bench: Bench, holder: Mapping[str, Any], key: str = "guard") -> None:
    """Notes what is wrong with the guard under a key of a mapping, beside what the schema says."""
    guard = holder.get(key)
    rate = guard.get("rate") if isinstance(guard, dict) else None
    if not isinstance(rate, dict):
        return
    per = _span(rate.get("per"))
    if per is None or per == 0 or SHORTEST <= per <= LONGEST:  # 0 is against the schema
        return
    bound = "at least 1s" if per < SHORTEST else "at most 24h"
    message = f"`per` must be {bound}, not {rate['per']}"
    hint = "a rate is counted over a stretch of 1s to 24h"
    bench.error(bench.at(rate, "per"), "out-of-range", message, hint=hint)


def limit_hint(title: str, found: object) -> str:
    """How to write what was meant, for a value that is no limit; "" where the key takes none."""
    if title not in FORMS:
        return ""
    if _is_off(found) or (isinstance(found, str) and nearest(found, (UNLIMITED,))):
        return f'did you mean "{UNLIMITED}"?'
    return f"write `{UNLIMITED}`, or limits: `{title}: {FORMS[title]}`"


def _is_off(found: object) -> bool:
    word = found.lower() if isinstance(found, str) else found
    return not isinstance(word, (dict, list)) and word in _OFF


def _burst(data: object) -> BurstLimit | None:
    if data == UNLIMITED:
        return UNLIMITED
    if not isinstance(data, dict):
        return None
    usual = Burst()
    share, least = _share(data.get("max_share")), _count(data.get("at_least"))
    return Burst(
        usual.max_share if share is None else share, usual.at_least if least is None else least
    )


def _rate(data: object) -> RateLimit | None:
    if data == UNLIMITED:
        return UNLIMITED
    if not isinstance(data, dict):
        return None
    usual = Rate()
    most, per = _count(data.get("max")), _span(data.get("per"))
    return Rate(usual.most if most is None else most, usual.per if per is None else per)


def _share(text: object) -> float | None:
    try:
        percent = float(text.removesuffix("%")) if isinstance(text, str) else math.nan
    except ValueError:
        return None
    return percent / 100 if math.isfinite(percent) else None


def _count(number: object) -> int | None:
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _span(text: object) -> Millis | None:
    try:
        return parse_duration(text) if isinstance(text, str) else None
    except ValueError:  # which the schema's pattern refuses
        return None
