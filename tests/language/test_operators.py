"""Every operator by table, that no change to one goes unnoticed, and patterns in linear time."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from runner.call import Call
from runner.decision.truth import predicate
from runner.language.bench import Bench, Entry
from runner.language.fields import FIELDS
from runner.language.globs import Glob
from runner.language.operators import OPERATORS, Operator
from runner.language.source import parse
from runner.language.values import Unfit, Wanted, prepare
from runner.language.windows import Window, Windows
from runner.model import Moment, Test
from runner.problems import Position

HERE = Position("f.yaml", 1, 1)
OPEN = Windows((Window("w", "UTC", start=0, end=60),))


def prepared(field: str, operator: str, written: Any) -> Any:
    """The wanted value as the compiler makes it."""
    reading = parse("f.yaml", json.dumps({"value": written}).encode())
    assert reading.document is not None
    bench = Bench(reading.document, {"some": (Entry("a", HERE), Entry("b", HERE))})
    return prepare(bench, Wanted(FIELDS[field], operator, (reading.document.data, "value")))


def text(operator: str, written: Any) -> Any:
    return prepared("caller_name", operator, written)


#: (operator, the call's value, wanted, whether it holds)
CASES: list[tuple[str, Any, Any, bool]] = [
    ("eq", "a", text("eq", "a"), True),
    ("eq", "a", text("eq", "A"), False),
    ("eq", True, True, True),
    ("eq", False, True, False),
    ("not", "a", text("not", "b"), True),
    ("not", "a", text("not", "a"), False),
    ("not", "b", text("not", "bc"), True),
    ("not", "c", text("not", "b"), True),
    ("in", "a", text("in", ["a", "b"]), True),
    ("in", "c", text("in", ["a", "b"]), False),
    ("in", 59 * 60_000, OPEN, True),
    ("in", 60 * 60_000, OPEN, False),
    ("not_in", "c", text("not_in", ["a", "b"]), True),
    ("not_in", "a", text("not_in", ["a", "b"]), False),
    ("not_in", 60 * 60_000, OPEN, True),
    ("in_list", "a", text("in_list", "some"), True),
    ("in_list", "c", text("in_list", "some"), False),
    ("not_in_list", "c", text("not_in_list", "some"), True),
    ("not_in_list", "a", text("not_in_list", "some"), False),
    ("prefix", "+1415", text("prefix", "+1"), True),
    ("prefix", "+1415", text("prefix", "1"), False),
    ("prefix", "b", text("prefix", "a"), False),
    ("suffix", "+1415", text("suffix", "15"), True),
    ("suffix", "+1415", text("suffix", "1"), False),
    ("glob", "client:agent-7", text("glob", "*:agent-?"), True),
    ("glob", "client:agent-17", text("glob", "*:agent-?"), False),
    ("glob", "a.c", text("glob", "a.c"), True),
    ("glob", "abc", text("glob", "a.c"), False),
    ("glob", "a\nb", text("glob", "a*b"), True),
    ("glob", "abc", text("glob", "b"), False),
    ("regex", "+14155550100", text("regex", r"\+1(415|628)\d{7}"), True),
    ("regex", "+141555501001", text("regex", r"\+1(415|628)\d{7}"), False),
    ("regex", "Abc", text("regex", "abc"), False),
    ("gt", 6, 5, True),
    ("gt", 5, 5, False),
    ("gt", 4, 5, False),
    ("gte", 6, 5, True),
    ("gte", 5, 5, True),
    ("gte", 4, 5, False),
    ("lt", 4, 5, True),
    ("lt", 5, 5, False),
    ("lt", 6, 5, False),
    ("lte", 4, 5, True),
    ("lte", 5, 5, True),
    ("lte", 6, 5, False),
    ("between", 5, (5, 9), True),
    ("between", 7, (5, 9), True),
    ("between", 9, (5, 9), True),
    ("between", 4, (5, 9), False),
    ("between", 10, (5, 9), False),
    ("over", 11, 10, True),
    ("over", 10, 10, False),
    ("over", 9, 10, False),
    ("exists", None, False, True),
    ("exists", None, True, False),
    ("exists", "x", True, True),
    ("exists", 0, False, False),
]


def unlike(operators: dict[str, Operator]) -> list[tuple[str, Any, Any]]:
    """The cases on which these operators say something else than the table."""
    return [
        (name, actual, wanted)
        for name, actual, wanted, expected in CASES
        if operators[name].holds(actual, wanted) is not expected
    ]


def test_every_operator_holds_when_it_should() -> None:
    assert {case[0] for case in CASES} == set(OPERATORS)
    assert unlike(OPERATORS) == []


MUTATIONS: dict[str, Callable[[Any], Any]] = {
    "its negation": lambda holds: lambda actual, wanted: not holds(actual, wanted),
    "always": lambda holds: lambda actual, wanted: True,
    "never": lambda holds: lambda actual, wanted: False,
}
MUTATIONS |= {name: lambda holds, other=row.holds: other for name, row in OPERATORS.items()}


def works_alike(name: str, other: str) -> bool:
    """Whether two operators differ in how the wanted value is written, and in nothing else."""
    return OPERATORS[name].holds is OPERATORS[other].holds


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_that_is_broken_shows(name: str, mutation: str) -> None:
    """Break any one: by its negation, by a constant, or by any other operator."""
    row = OPERATORS[name]
    if mutation in OPERATORS and works_alike(name, mutation):
        return
    mutant = Operator(name, row.suits, MUTATIONS[mutation](row.holds))
    found: list[Any] = ["it can't even compare such values"]
    with suppress(TypeError, AttributeError, IndexError):
        found = unlike({**OPERATORS, name: mutant})
    assert found


NOW = Moment(1_793_635_200_000)


@pytest.mark.parametrize("name", [name for name in OPERATORS if name != "exists"])
def test_no_operator_is_asked_about_what_is_missing(name: str) -> None:
    """Unknown, whatever the operator: neither it nor its negation may match."""
    fields = [row.name for row in FIELDS.values() if row.type in OPERATORS[name].suits]
    empty = Call(sid="CA1")
    for field in fields:
        if field in ("sid", "leg", "during", "outside"):
            continue  # which no call lacks
        row = FIELDS[field]
        test = Test(field, name, None, None, HERE, by="from" if row.read_by else "")
        assert predicate(test)(empty, NOW) is None, field


CATASTROPHES = [
    (r"(x+x+)+y", "x" * 50_000),
    (r"(a|aa)+", "a" * 50_000 + "b"),
    (r"(a*)*b", "a" * 50_000),
    (r"(.*)*(.*)*(.*)*!", "a" * 50_000),
    (r"([a-z]+)*\d", "a" * 50_000),
    (r"(?:a?){50}a{50}", "a" * 49),
    (r"(.+)+@(.+)+\.com", "a@" * 20_000),
]


@pytest.mark.parametrize(("pattern", "value"), CATASTROPHES)
def test_a_pattern_that_hangs_other_engines_answers(pattern: str, value: str) -> None:
    """Each of these takes a backtracking engine longer than a lifetime."""
    assert not OPERATORS["regex"].holds(value, text("regex", pattern))


@given(*[st.text("ab*\\.\n(é", max_size=5)] * 2, st.text("ab*\\.\n(é", max_size=8))
def test_a_glob_with_one_gap_is_what_its_expression_is(start: str, end: str, value: str) -> None:
    start, end = start.replace("*", ""), end.replace("*", "")
    glob = text("glob", f"{start}*{end}")
    assert isinstance(glob, Glob)
    for each in (value, start + value + end, (start + end)[:-1], start + end):
        said = re2.compile(glob.pattern).fullmatch(each)
        assert (glob.fullmatch(each) is None) is (said is None)


def test_a_glob_that_is_too_large_is_told_by_the_expression() -> None:
    with pytest.raises(Unfit):
        text("glob", "é" * 150_000 + "*")
    assert not isinstance(text("glob", "a" * 1_000 + "*"), Glob)


def test_globs_without_end_answer() -> None:
    assert not OPERATORS["glob"].holds("a" * 50_000, text("glob", "*a" * 30 + "b"))


@given(st.text(st.sampled_from(r"ab(|)*+?[]{},1290\.^$d"), max_size=30), st.text("ab1", max_size=9))
def test_any_pattern_compiles_and_answers_or_is_refused(pattern: str, value: str) -> None:
    try:
        compiled = text("regex", pattern)
    except Unfit:
        return
    assert OPERATORS["regex"].holds(value, compiled) in (True, False)
