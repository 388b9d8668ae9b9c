"""What a call has in a field, and whether it is what a rule wants: read naively, for the oracle."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from runner.call import Call
from tests.decision.pool import (
    DATES,
    EXPRESSIONS,
    LISTS,
    NUMBERS,
    QUEUE_TIMES,
    SPANS,
    TIMES,
    TOLD,
    WINDOWS,
    WORDS,
)

Truth = bool | None
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Scene:
    """What is known beside the call: the time, the live calls (None: not listed), the account."""

    now: int
    live: tuple[Call, ...] | None = None
    account: str = ""


def value_of(word: str, call: Call, scene: Scene, *, by: str = "") -> Any:
    """None where the call has nothing there, or nobody knows."""
    if word in ("during", "outside"):
        return scene.now
    if word in ("concurrent", "excess"):
        return _among(word, by, call, scene)
    if word == "has_child":
        live = scene.live
        return None if live is None else any(c.parent_call_sid == call.sid for c in live)
    return _own(word, call, scene)


def _own(word: str, call: Call, scene: Scene) -> Any:
    if word in WORDS or word == "status":
        return getattr(call, "from_" if word == "from" else word) or None
    if word in TOLD and word != "account":
        side, _, what = word.partition("_")
        land, line = NUMBERS[call.to if side == "to" else call.from_]
        return land if what == "country" else line
    return _OWN[word](call, scene)


def _age(call: Call, scene: Scene) -> int | None:
    for date in (call.start_time, call.date_created):
        began = DATES[date]
        if began is not None:
            return scene.now - began if scene.now > began else 0
    return None


_OWN: Mapping[str, Callable[[Call, Scene], Any]] = {
    "age": _age,
    "leg": lambda call, scene: "child" if call.parent_call_sid else "parent",
    "account": lambda call, scene: scene.account or None,
    "queue_time": lambda call, scene: QUEUE_TIMES[call.queue_time],
    "start_time": lambda call, scene: DATES[call.start_time],
    "date_created": lambda call, scene: DATES[call.date_created],
    "date_updated": lambda call, scene: DATES[call.date_updated],
}


def _among(word: str, by: str, call: Call, scene: Scene) -> int | None:
    """How many live calls share this one's value; or the place of this one among them."""
    mine = _own(by, call, scene)
    if mine is None or scene.live is None:
        return None
    sharing = [other for other in scene.live if _own(by, other, scene) == mine]
    if word == "concurrent":
        return len(sharing)
    sharing.sort(key=lambda other: _newness(other, scene))
    sids = [other.sid for other in sharing]
    return sids.index(call.sid) + 1 if call.sid in sids else None


def _newness(call: Call, scene: Scene) -> tuple[int, str]:
    age = _age(call, scene)
    return (1 if age is None else -age, call.sid)


def compare(word: str, actual: Any, operator: str, wanted: Any) -> Truth:
    """`word: {operator: wanted}` for a call that has this value."""
    if operator == "exists":
        return (actual is not None) == wanted
    if actual is None:
        return None
    if word in ("during", "outside"):
        names = wanted if isinstance(wanted, list) else [wanted]
        is_open = any(_is_open(WINDOWS[name], actual) for name in names)
        return is_open if word == "during" else not is_open
    if word == "leg" and "any" in ([wanted] if isinstance(wanted, str) else wanted):
        return True
    return _COMPARE[operator](actual, wanted)


def _is_open(window: Mapping[str, Any], now: int) -> bool:
    """Whether the window that began today, or yesterday, has not ended yet."""
    wall = datetime.fromtimestamp(now / 1000, ZoneInfo(window["timezone"])).replace(tzinfo=None)
    start, end = _minutes(window.get("from", "00:00")), _minutes(window.get("to", "24:00"))
    if end < start:
        end += _minutes("24:00")
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in (midnight, midnight - timedelta(days=1)):
        begins = DAYS[day.weekday()] in window.get("days", DAYS)
        begins &= f"{day:%Y-%m-%d}" not in window.get("except", {}).get("dates", ())
        if begins and timedelta(minutes=start) <= wall - day < timedelta(minutes=end):
            return True
    return False


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _amount(wanted: Any) -> int:
    return wanted if isinstance(wanted, int) else (SPANS | TIMES)[wanted]


def _globs(text: str, pattern: str) -> bool:
    parts = {"*": ".*", "?": "."}
    expression = "".join(parts.get(letter) or re.escape(letter) for letter in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda actual, wanted: actual == wanted,
    "not": lambda actual, wanted: actual != wanted,
    "in": lambda actual, wanted: actual in wanted,
    "not_in": lambda actual, wanted: actual not in wanted,
    "in_list": lambda actual, wanted: actual in LISTS[wanted],
    "not_in_list": lambda actual, wanted: actual not in LISTS[wanted],
    "prefix": lambda actual, wanted: actual[: len(wanted)] == wanted,
    "suffix": lambda actual, wanted: actual[-len(wanted) :] == wanted,
    "glob": _globs,
    "regex": lambda actual, wanted: re.fullmatch(EXPRESSIONS[wanted], actual) is not None,
    "gt": lambda actual, wanted: actual > _amount(wanted),
    "gte": lambda actual, wanted: not actual < _amount(wanted),
    "lt": lambda actual, wanted: actual < _amount(wanted),
    "lte": lambda actual, wanted: not actual > _amount(wanted),
    "between": lambda actual, wanted: _amount(wanted[0]) <= actual <= _amount(wanted[1]),
    "over": lambda actual, wanted: actual > _amount(wanted),
}
