"""The wanted values of operators: checked, and made ready to be compared with a call's."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from msgspec import Struct

from runner.addresses import begins_address
from runner.durations import parse_duration
from runner.language import globs
from runner.language.bench import Bench
from runner.language.fields import Field, FieldType
from runner.language.kinds import wrong_type
from runner.language.source import Place
from runner.language.vocabulary import check_word, is_usual, warn_of_start
from runner.language.words import shown, suggestion
from runner.model import Millis

MOST_CALLS = 1_000_000
LARGEST_PATTERN = 2 * 1024 * 1024  # bytes that one pattern may take, compiled and while it runs

_RFC3339 = r"(?a)\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z"


class Unfit(Exception):
    """Ends the preparing of one value; its problem has been noted."""


class Wanted(Struct, frozen=True):
    """A value as it was written: the field and operator it is for, and its place."""

    field: Field
    operator: str
    place: Place

    @property
    def value(self) -> Any:
        """The value itself."""
        return self.place[0][self.place[1]]

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"`{self.field.name}`"

    def item(self, index: int) -> Wanted:
        """The same for one item of the value, which is a list."""
        return Wanted(self.field, self.operator, (self.value, index))


def prepare(bench: Bench, wanted: Wanted) -> Any:
    """The value as `Test.value` holds it. Raises Unfit where it is of no use, its problem noted."""
    return _PREPARED[wanted.operator](bench, wanted)


def refuse(bench: Bench, wanted: Wanted, code: str, message: str, *, hint: str = "") -> Unfit:
    """Notes an error at the value, and gives what to raise."""
    bench.error(bench.at(*wanted.place), code, message, hint=hint)
    return Unfit(code)


def _of_type(bench: Bench, wanted: Wanted, kind: type, words: str) -> Any:
    value = wanted.value
    if isinstance(value, kind):
        return value
    name = wanted.name if wanted.operator in ("eq", "in") else f"`{wanted.operator}`"
    code, message, hint = wrong_type(bench.document, wanted.place, name=name, wanted=words)
    if value is None:
        hint = "a field that is empty is matched by `{exists: false}`"
    raise refuse(bench, wanted, code, message, hint=hint)


def _text(bench: Bench, wanted: Wanted) -> str:
    text = wanted.value
    if not isinstance(text, str):
        text = str(_of_type(bench, wanted, str, "text"))  # which tells what it is instead
    if not text:
        message = f"{wanted.name} is compared with empty text, which nothing ever equals"
        hint = "a field that is empty is matched by `{exists: false}`"
        raise refuse(bench, wanted, "empty-value", message, hint=hint)
    if "{{" in text:
        message = "placeholders (`{{ … }}`) can't stand in `match`"
        raise refuse(bench, wanted, "placeholder", message, hint="write the value itself")
    return text


def _word(bench: Bench, wanted: Wanted) -> str:
    text = _text(bench, wanted)
    if is_usual(wanted.field, text) or check_word(
        bench, wanted.field, text, bench.at(*wanted.place)
    ):
        return text
    raise Unfit(text)


def _prefix(bench: Bench, wanted: Wanted) -> str:
    text = _text(bench, wanted)
    if wanted.field.type == "phone" and not begins_address(text):
        warn_of_start(bench, text, bench.at(*wanted.place))
    return text


def _words(bench: Bench, wanted: Wanted) -> frozenset[str]:
    items: list[Any] = _of_type(bench, wanted, list, "a list of texts")
    if not items:
        message = f"{wanted.name} is compared with an empty list"
        raise refuse(bench, wanted, "empty-value", message, hint="name a value, or remove it")
    words = [_gently(_word, bench, wanted.item(index)) for index in range(len(items))]
    if None in words:
        raise Unfit(wanted.operator)
    return frozenset(words)


def _gently(make: Callable[[Bench, Wanted], Any], bench: Bench, wanted: Wanted) -> Any:
    """None for an unfit item, so that the other items are looked at too."""
    try:
        return make(bench, wanted)
    except Unfit:
        return None


def _list(bench: Bench, wanted: Wanted) -> frozenset[str]:
    name = _text(bench, wanted)
    if name not in bench.lists:
        hint = suggestion(name, list(bench.lists), "lists") or "name it under `lists`"
        raise refuse(bench, wanted, "unknown-list", f"there is no list {shown(name)}", hint=hint)
    of = wanted.field.name.removeprefix("from_").removeprefix("to_")
    kind = (name, "phone" if wanted.field.type == "phone" else of)
    if kind not in bench.checked and (wanted.field.type == "phone" or wanted.field.closed):
        bench.checked.add(kind)
        for entry in bench.lists[name]:
            check_word(bench, wanted.field, entry.value, entry.position)
    if name not in bench.sets:
        bench.sets[name] = frozenset(entry.value for entry in bench.lists[name])
    return bench.sets[name]


def _expression(bench: Bench, wanted: Wanted) -> Any:
    text = _text(bench, wanted)
    return _compiled(bench, wanted, text)


def _glob(bench: Bench, wanted: Wanted) -> Any:
    written = _text(bench, wanted)
    return globs.simple(written) or _compiled(bench, wanted, globs.expression_of(written))


def _compiled(bench: Bench, wanted: Wanted, text: str) -> Any:
    import re2  # few flows need it, and it takes time to load

    try:
        return re2.compile(text, _options())
    except re2.error as error:
        said = error.args[0] if error.args else ""
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        message, hint = _pattern_fault(reason)
        message = f"{shown(wanted.value)} {message}"
        raise refuse(bench, wanted, "bad-regex", message, hint=hint) from None


@cache
def _options() -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = LARGEST_PATTERN
    options.never_capture = True  # nothing asks for groups, and they cost time
    return options


def _pattern_fault(reason: str) -> tuple[str, str]:
    """What RE2 says against a pattern, in words, and what to do."""
    if "pattern too large" in reason:
        size = f"{LARGEST_PATTERN // 1024 // 1024} MiB"
        return f"needs more than {size} of memory", "make its repetitions, {1,400}, smaller"
    if "repetition size" in reason:
        count = reason.rpartition(": ")[2]
        return f"repeats too much at {count}", "repetitions within each other multiply, to 1000"
    fault = f"is not a regular expression that RE2 takes: {reason}"
    return fault, "RE2 has no backreferences and no look-around"


def _amount(bench: Bench, wanted: Wanted) -> int:
    return _AMOUNTS[wanted.field.type](bench, wanted)


def _count(bench: Bench, wanted: Wanted) -> int:
    number: int = _of_type(bench, wanted, int, "a whole number")
    if isinstance(wanted.value, bool):
        message = f"`{wanted.operator}` must be a whole number, not {str(number).lower()}"
        raise refuse(bench, wanted, "wrong-type", message)
    if not 0 <= number <= MOST_CALLS:
        message = f"`{wanted.operator}` must be from 0 to {MOST_CALLS}, not {number}"
        raise refuse(bench, wanted, "out-of-range", message)
    return number


def _duration(bench: Bench, wanted: Wanted) -> Millis:
    value = wanted.value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        message = f"`{wanted.operator}` needs a unit: {value} is no duration"
        hint = f"write {value}s, {value}m or 1h30m"
        raise refuse(bench, wanted, "bad-duration", message, hint=hint)
    text: str = _of_type(bench, wanted, str, "a duration such as 30m")
    try:
        return parse_duration(text)
    except ValueError as error:
        said, _, hint = str(error).partition("; ")
        raise refuse(bench, wanted, "bad-duration", said, hint=hint) from None


def _time(bench: Bench, wanted: Wanted) -> Millis:
    text: str = _of_type(bench, wanted, str, "a time such as 2026-11-02T15:00:00Z")
    try:
        if not re.match(_RFC3339, text):
            raise ValueError(text)
        return round(datetime.fromisoformat(text.upper()).timestamp() * 1000)
    except ValueError:
        message = f"{shown(text)} is not a time"
        hint = "write it with its zone, like 2026-11-02T15:00:00Z"
        raise refuse(bench, wanted, "bad-time", message, hint=hint) from None


def _between(bench: Bench, wanted: Wanted) -> tuple[int, int]:
    items: list[Any] = _of_type(bench, wanted, list, "a list of two, [from, to]")
    if len(items) != 2:
        message = f"`between` takes two values, not {len(items)}"
        raise refuse(bench, wanted, "wrong-length", message, hint="write [from, to]")
    low, high = (_gently(_amount, bench, wanted.item(index)) for index in (0, 1))
    if low is None or high is None:
        raise Unfit(wanted.operator)
    if low > high:
        message = f"nothing is between {items[0]} and {items[1]}"
        raise refuse(bench, wanted, "empty-range", message, hint="write the smaller one first")
    return low, high


def _truth(bench: Bench, wanted: Wanted) -> bool:
    return bool(_of_type(bench, wanted, bool, "true or false"))


_AMOUNTS: dict[FieldType, Callable[[Bench, Wanted], int]] = {
    "duration": _duration,
    "time": _time,
    "count": _count,
    "rank": _count,
}

_PREPARED: dict[str, Callable[[Bench, Wanted], Any]] = {
    "eq": _word,
    "not": _word,
    "in": _words,
    "not_in": _words,
    "in_list": _list,
    "not_in_list": _list,
    "prefix": _prefix,
    "suffix": _text,
    "glob": _glob,
    "regex": _expression,
    "gt": _amount,
    "gte": _amount,
    "lt": _amount,
    "lte": _amount,
    "between": _between,
    "over": _amount,
    "exists": _truth,
}
