"""The matcher against a second, naive reading of the language, over random calls and conditions."""

from __future__ import annotations

import re
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.call import Call
from runner.decision.live import LiveSet
from runner.decision.truth import predicate
from runner.language.compiler import compile_flow
from runner.language.fields import FIELDS
from runner.language.files import Files
from runner.language.source import parse
from runner.model import LIVE_STATUSES, Condition, Moment

NOW = 1_793_635_200_000  # 2026-11-02T16:00:00Z
DATES = {
    "Mon, 02 Nov 2026 15:59:50 +0000": 10_000,
    "Mon, 02 Nov 2026 15:30:00 +0000": 1_800_000,
    "Mon, 02 Nov 2026 09:00:00 -0500": 7_200_000,
    None: None,
    "yesterday": None,
}
NUMBERS = ["+14155550199", "+442079460018", "+4915112345678", "client:agent-7", "sip:a@b.c"]
LINES = ["fixed_line_or_mobile", "fixed_line", "mobile", "client", "sip"]
LANDS = ["US", "GB", "DE", None, None]
NAMES = ["Ada", "ada", "Ada Lovelace", "x\ny", None, ""]
TIMES = {  # as a flow writes them → milliseconds before now
    "2026-11-02T15:59:50Z": 10_000,
    "2026-11-02T16:30:00+01:00": 1_800_000,
    "2026-11-02t14:00:00.000z": 7_200_000,
    "2026-11-01T00:00:00Z": 144_000_000,
}
SPANS = {"10s": 10_000, "30m": 1_800_000, "1h59m": 7_140_000, "2h": 7_200_000}

Truth = bool | None

calls = st.lists(
    st.builds(
        dict,
        from_=st.sampled_from([*NUMBERS, None, ""]),
        to=st.sampled_from(NUMBERS[:3]),
        caller_name=st.sampled_from(NAMES),
        start_time=st.sampled_from(list(DATES)),
        date_created=st.sampled_from(list(DATES)),
        status=st.sampled_from([*LIVE_STATUSES, None]),
        parent=st.sampled_from([None, 0, 1]),
    ),
    min_size=1,
    max_size=6,
)

words = st.sampled_from(["Ada", "ada", "Ada Lovelace", "A", "e"])
numbers = st.sampled_from(NUMBERS)


def operators(word: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(word, min_size=1, max_size=3)
    rows = {"eq": word, "not": word, "prefix": word, "suffix": word}
    rows |= {"in": several, "not_in": several}
    rows |= {"exists": st.booleans(), "in_list": st.just("some"), "not_in_list": st.just("some")}
    rows |= {"glob": st.sampled_from(["*", "A*", "?da", "+1*9?", "*:agent-?"])}
    rows |= {"regex": st.sampled_from(["[Aa]da.*", r"\+\d+", ".", r"(?s).+", "a|Ada"])}
    return st.fixed_dictionaries({}, optional=rows).filter(bool)


spans = st.sampled_from(list(SPANS))
counts = st.integers(0, 4)


def amounts(amount: st.SearchStrategy[Any], order: Any) -> dict[str, st.SearchStrategy[Any]]:
    pair = st.lists(amount, min_size=2, max_size=2).map(lambda two: sorted(two, key=order))
    return {"gt": amount, "gte": amount, "lt": amount, "lte": amount, "between": pair}


ages = st.fixed_dictionaries(
    {}, optional={**amounts(spans, SPANS.__getitem__), "exists": st.booleans()}
).filter(bool)
times = st.fixed_dictionaries(
    {},
    optional=amounts(st.sampled_from(list(TIMES)), lambda text: -TIMES[text])
    | {"exists": st.booleans()},
).filter(bool)
statuses = st.sampled_from(LIVE_STATUSES)
groups = st.sampled_from(["from", "to", "caller_name", "from_country", "to_type"])
crowds = st.fixed_dictionaries({"by": groups}, optional=amounts(counts, int)).filter(
    lambda row: len(row) > 1
)
fields = {
    "from": numbers | st.lists(numbers, min_size=1, max_size=2) | operators(numbers),
    "caller_name": words | operators(words),
    "from_country": st.sampled_from(["US", "GB"]) | st.just({"not": "DE"}),
    "to_type": st.sampled_from(["mobile", "sip"]) | st.just({"prefix": "fixed"}),
    "age": ages,
    "date_created": times,
    "status": statuses
    | st.lists(statuses, min_size=1, max_size=2)
    | st.builds(lambda a, b: {"not": a, "not_in": [b]}, statuses, statuses),
    "leg": st.sampled_from(["parent", "child", "any", ["parent", "child"], {"not": "child"}]),
    "has_child": st.booleans(),
    "concurrent": crowds,
    "excess": st.fixed_dictionaries({"by": groups, "over": counts}),
    "account": st.sampled_from(["main", "other", {"exists": True}]),
}
leaves = st.dictionaries(st.sampled_from(list(fields)), st.none(), min_size=1, max_size=2).flatmap(
    lambda row: st.fixed_dictionaries({name: fields[name] for name in row})
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda a, b: {"any": [a, b]}, inner, inner),
        st.builds(lambda a, b: {"all": [a, b]}, inner, inner),
        st.builds(lambda a: {"not": a}, inner),
        st.builds(lambda a, b: {"not": a, "any": [b]}, inner, inner),
    ),
    max_leaves=5,
)


class Naive:
    """The language read again: from the written mapping, one call at a time, without records."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def holds(self, match: dict[str, Any], at: int) -> Truth:
        return conjunction([self.entry(word, value, at) for word, value in match.items()])

    def entry(self, word: str, value: Any, at: int) -> Truth:
        if word == "any":
            return opposite(conjunction([opposite(self.holds(item, at)) for item in value]))
        if word == "all":
            return conjunction([self.holds(item, at) for item in value])
        if word == "not":
            return opposite(self.holds(value, at))
        if word == "has_child":
            return any(row["parent"] == at for row in self.rows) is value
        if word == "excess":
            older = self.sharing(value["by"], at)
            return None if older is None else older.index(at) >= value["over"]
        if word == "concurrent":
            sharing = self.sharing(value["by"], at)
            tests = [pair for pair in value.items() if pair[0] != "by"]
            return conjunction(
                [compare(None if sharing is None else len(sharing), *test) for test in tests]
            )
        return self.comparison(word, value, at)

    def comparison(self, word: str, value: Any, at: int) -> Truth:
        actual = self.value(word, at)
        if word == "leg" and value == "any":
            return True
        if isinstance(value, dict):
            return conjunction([compare(actual, *pair) for pair in value.items()])
        return compare(actual, "in" if isinstance(value, list) else "eq", value)

    def value(self, field: str, at: int) -> Any:
        row = self.rows[at]
        if field == "age":
            began = DATES[row["start_time"]]
            return DATES[row["date_created"]] if began is None else began
        if field == "date_created":
            ago = DATES[row["date_created"]]
            return None if ago is None else NOW - ago
        if field == "status":
            return row["status"]
        if field == "leg":
            return "parent" if row["parent"] is None else "child"
        if field == "account":
            return "main"
        number = row["to"] if field.startswith("to") else row["from_"]
        if field.endswith("_country"):
            return LANDS[NUMBERS.index(number)] if number else None
        if field.endswith("_type"):
            return LINES[NUMBERS.index(number)] if number else None
        return (row["caller_name"] if field == "caller_name" else number) or None

    def sharing(self, by: str, at: int) -> list[int] | None:
        """The calls with this call's value, oldest first; those without a date come last."""
        mine = self.value(by, at)
        if mine is None:
            return None
        same = [n for n in range(len(self.rows)) if self.value(by, n) == mine]
        return sorted(same, key=lambda n: (-(self.value("age", n) or -1), n))


def conjunction(truths: list[Truth]) -> Truth:
    return False if False in truths else None if None in truths else True


def opposite(truth: Truth) -> Truth:
    return None if truth is None else not truth


def number(value: Any) -> int:
    if value in TIMES:
        return NOW - TIMES[value]
    return SPANS[value] if isinstance(value, str) else value


def compare(actual: Any, operator: str, wanted: Any) -> Truth:
    if operator == "exists":
        return (actual is not None) == wanted
    if actual is None:
        return None
    if operator == "between":
        return number(wanted[0]) <= actual <= number(wanted[1])
    if operator in ("gt", "gte", "lt", "lte"):
        sign = (actual > number(wanted)) - (actual < number(wanted))
        return sign in {"gt": [1], "gte": [0, 1], "lt": [-1], "lte": [-1, 0]}[operator]
    some = ["Ada", "+14155550199"]
    return {
        "eq": lambda: actual == wanted,
        "not": lambda: actual != wanted,
        "in": lambda: actual in wanted,
        "not_in": lambda: actual not in wanted,
        "in_list": lambda: actual in some,
        "not_in_list": lambda: actual not in some,
        "prefix": lambda: actual[: len(wanted)] == wanted,
        "suffix": lambda: actual.endswith(wanted),
        "regex": lambda: re.fullmatch(wanted, actual) is not None,
        "glob": lambda: globs(wanted, actual),
    }[operator]()


def globs(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(globs(pattern[1:], text[n:]) for n in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and globs(pattern[1:], text[1:])


def compiled(match: dict[str, Any]) -> Condition:
    data = {
        "version": 1,
        "flow": "f",
        "lists": {"some": ["Ada", "+14155550199"]},
        # Naming status and leg keeps the language from adding its own.
        "rules": [{"id": "a", "match": {"all": [match]}, "then": ["hangup"]}],
    }
    reading = parse("f.yaml", yaml.safe_dump(data).encode())
    assert reading.document is not None, reading.problems
    flow = compile_flow(reading.document, Files()).flow
    assert flow is not None, match
    written: Any = flow.rules[0].match
    return written.items[0]  # type: ignore[no-any-return]


def sid(index: int) -> str:
    return f"CA{index}"


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conditions, calls)
def test_the_matcher_says_what_a_naive_reading_says(
    match: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    live = [
        Call(
            sid=sid(n),
            status=row["status"],
            date_created=row["date_created"],
            from_=row["from_"],
            to=row["to"],
            caller_name=row["caller_name"],
            start_time=row["start_time"],
            parent_call_sid=None if row["parent"] is None else sid(row["parent"]),
        )
        for n, row in enumerate(rows)
    ]
    moment = Moment(NOW, LiveSet(live, NOW), "main")
    holds, naive = predicate(compiled(match)), Naive(rows)
    for at, call in enumerate(live):
        assert holds(call, moment) is naive.holds(match, at), (match, call)


def test_the_oracle_reads_every_type_of_field() -> None:
    covered = {FIELDS[name].type for name in fields}
    # Windows have an oracle of their own, see tests/language/test_windows.py.
    assert covered | {"window"} == {field.type for field in FIELDS.values()}
