"""Promises of the analysis: what it says of rules is so for every call, and it misses little.

Compared with brute force: the real matcher, over every call that the rules can tell apart.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from runner.decision.holds import Holds
from runner.decision.matcher import Matcher
from runner.decision.truth import predicate
from runner.language.analysis import shapes
from runner.model import Flow
from tests.language import small_worlds as world

ANY_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "continue": st.booleans(),
    "enabled": st.booleans(),
    "mode": st.sampled_from(["enforce", "shadow", {"canary": "50%"}]),
}
MANY = settings(max_examples=120, deadline=None)
MOST, ALL = 3_000, 10**9  # calls


def contradictory(flow: Flow, problems: list[Any]) -> set[str]:
    """The rules that are said to match no call, by where the warning stands."""
    lines = {p.position.line for p in problems if p.code == "contradiction"}
    return {
        rule.id
        for rule in flow.rules
        if any(position.line in lines for position in positions(rule.match))
    }


def positions(condition: Any) -> list[Any]:
    items = getattr(condition, "items", None) or [getattr(condition, "item", None)]
    return [condition.position, *(p for item in items if item for p in positions(item))]


@MANY
@given(world.rule_sets(world.EXACT | world.ROUGH, **ANY_KEYS))
def test_no_rule_that_gets_a_call_is_called_unreachable(flow: dict[str, Any]) -> None:
    compiled, problems = world.analysed(flow)
    said = world.unreachable(problems)
    if said:
        calls = world.universe(flow, MOST)
        assert not said & world.reached(compiled, calls)


@MANY
@given(world.conditions(world.EXACT | world.ROUGH), world.conditions(world.EXACT | world.ROUGH))
def test_no_rule_that_matches_a_call_is_called_contradictory(
    outer: dict[str, Any], inner: dict[str, Any]
) -> None:
    flow = {
        **world.HEAD,
        "match": outer,
        "rules": [{"id": "r", "match": inner, "then": ["hangup"]}],
    }
    compiled, problems = world.analysed(flow)
    if "contradiction" in {problem.code for problem in problems}:
        matches = predicate(compiled.rules[0].match)
        calls = world.universe(flow, MOST)
        assert not any(matches(each.call, each.moment) for each in calls)


@MANY
@given(world.rule_sets(world.EXACT))
def test_where_values_are_plain_nothing_is_missed(flow: dict[str, Any]) -> None:
    """Both ways: a rule gets no call exactly where one of the two warnings says so."""
    calls = world.universe(flow, ALL)
    compiled, problems = world.analysed(flow)
    note(repr(flow["rules"]))
    idle = {rule.id for rule in compiled.rules} - world.reached(compiled, calls)
    impossible = contradictory(compiled, problems)
    assert world.unreachable(problems) <= idle <= world.unreachable(problems) | impossible


@MANY
@given(
    world.rule_sets(world.EXACT, **{"for": st.sampled_from(["2s", "4s", "1m"])}),
    st.randoms(use_true_random=False),
)
def test_a_rule_that_waits_is_not_called_unreachable_in_error(
    flow: dict[str, Any], chance: Random
) -> None:
    """One call through several polls, in which its fields become anything."""
    compiled, problems = world.analysed(flow)
    said = world.unreachable(problems)
    if not said:
        return
    calls = chance.sample(list(world.universe(flow, MOST)), 3)
    matcher = Matcher((compiled,))
    since: dict[tuple[str, str], int] = {}
    for number in range(60):
        now = world.NOON + 2_000 * number
        each = chance.choice(calls)
        holds = Holds(since, now)
        verdicts = matcher.verdicts(each.call, each.moment, holds)
        since = holds.after
        assert not said & {verdict.rule.id for verdict in verdicts}


# ---- what must be found ---------------------------------------------------------------------

EARLIER_AND_LATER = [
    ("from: '+14155550100'", "from: '+14155550100'"),
    ("from: ['+14155550100', '+14155550101']", "from: '+14155550100'"),
    ("from: ['+14155550100', '+14155550101']", "from: {in: ['+14155550101']}"),
    ("from: {in_list: two}", "from: {in_list: one}"),
    ("from: {in_list: two}", "from: '+14155550101'"),
    ("from: {in_list: filed}", "from: {in_list: filed}, age: {gte: 1m}"),
    ("from: {not_in_list: filed}", "to: '+14155550100', from: {not_in_list: filed}"),
    ("from: {prefix: '+1'}", "from: {prefix: '+1415'}"),
    ("from: {prefix: '+1'}", "from: '+14155550100'"),
    ("from: {prefix: '+1'}", "from: {in_list: ours}"),
    ("from: {prefix: '+1'}", "from: {glob: '+1415*0'}"),
    ("from: {prefix: '+1'}", r"from: {regex: '\+1(415|628)\d{7}'}"),
    ("from: {regex: '\\+1\\d+'}", "from: {regex: '\\+1\\d+'}, to: '+14155550100'"),
    ("from: {regex: '\\+1\\d+'}", "from: ['+14155550100', '+14155550101']"),
    ("from: {regex: '\\+14155550100'}", "from: '+14155550100'"),
    ("from: '+14155550100'", "from: {regex: '^\\+14155550100$'}"),
    ("from: {glob: '+14155550100'}", "from: '+14155550100'"),
    ("from: {glob: '+1*'}", "from: {prefix: '+1415'}"),
    ("from: {glob: '*'}", "from: {exists: true}"),
    ("from: {exists: true}", "from: {not: '+14155550100'}"),
    ("from: {suffix: '00'}", "from: {suffix: '0100'}"),
    ("from: {not: '+14155550100'}", "from: '+14155550101'"),
    ("from: {not_in: ['+14155550100']}", "from: {prefix: '+44'}"),
    ("age: {gte: 5m}", "age: {gte: 10m}"),
    ("age: {gt: 5m}", "age: {between: [6m, 7m]}"),
    ("age: {gte: 0s}", "age: {exists: true}"),
    ("age: {lte: 5m}", "age: {lt: 5m}"),
    ("start_time: {gte: 2026-01-01T00:00:00Z}", "start_time: {gt: 2026-01-01T00:00:00Z}"),
    ("", "from: '+14155550100'"),
    ("status: [ringing, in-progress]", "from: '+14155550100'"),
    ("leg: any", "leg: child"),
    ("leg: any, status: [queued, ringing, in-progress]", "leg: child, status: queued"),
    ("leg: child", "leg: child, parent_call_sid: CA1"),
    ("any: [{from: '+14155550100'}, {to: '+14155550100'}]", "to: '+14155550100'"),
    ("any: [{from: {prefix: '+1'}}, {to: a}]", "any: [{from: {prefix: '+14'}}, {to: a}]"),
    ("not: {from: '+14155550100'}", "from: {in: ['+14155550101']}"),
    ("not: {any: [{from: a}, {from: b}]}", "from: c"),
    ("during: day", "during: day, from: a"),
    ("concurrent: {by: from, gt: 5}", "concurrent: {by: from, gt: 10}"),
    ("excess: {by: to, over: 5}", "excess: {by: to, over: 10}"),
    ("has_child: true", "has_child: true, from: a"),
]
TOGETHER = [
    (["age: {gte: 5m}", "age: {lt: 5m}"], "age: {gte: 1m}"),
    (["from: a", "from: b"], "from: [a, b]"),
    (["leg: parent", "leg: child"], "leg: any"),
    (["from: {exists: true}", "from: {exists: false}"], ""),
    (["during: day", "outside: day"], "from: a"),
    (["has_child: true", "has_child: false"], "has_child: true"),
    (["from: a, to: b", "from: a, to: {not: b}"], "from: a, to: {exists: true}"),
    (["status: queued, leg: any", "status: ringing, leg: any"], "status: [queued, ringing]"),
]
NO_CALL = [
    "age: {gte: 10m, lt: 5m}",
    "age: {gt: 5m, lte: 5m}",
    "age: {lt: 0s}",
    "from: {eq: a, not: a}",
    "from: {eq: a, prefix: b}",
    "from: {in: [a, b], not_in: [a, b, c]}",
    "from: {in_list: two, not_in_list: two}",
    "from: {in_list: filed, not_in_list: filed}",
    "from: {in_list: none}",
    "from: {prefix: '+1', glob: '+44*'}",
    "from: {suffix: '1', glob: '*2'}",
    "from: {prefix: '+44', regex: '\\+1\\d+'}",
    "from: {prefix: a, exists: false}",
    "all: [{from: a}, {from: b}]",
    "status: queued, not: {status: [queued, ringing]}",
    "status: {not_in: [queued]}, all: [{status: queued}]",
    "parent_call_sid: CA1",
    "leg: parent, parent_call_sid: {exists: true}",
    "leg: {not_in: [parent, child]}",
    "not: {leg: any}",
    "any: [{from: a}, {from: b}], from: c",
    "any: [{from: a, age: {lt: 5m}}, {to: b, age: {lt: 1m}}], age: {gte: 10m}",
    "answered_by: {exists: false}, not: {answered_by: human}",
    "during: day, outside: day",
    "during: day, not: {during: day}",
    "has_child: true, not: {has_child: true}",
    "concurrent: {by: from, gt: 5, lt: 6}",
]


def codes_of(*matches: str, flow: str = "{}", keys: str = "", tmp: Any) -> list[str]:
    """The warnings about reach that these rules get, as they would stand in a file."""
    from runner.language.loader import load

    (tmp / "filed.txt").write_text("+14155550100\n", encoding="utf-8")
    rules = "".join(
        f"  - {{id: r{n}, match: {{{match}}}, then: [hangup]{keys if n == 0 else ''}}}\n"
        for n, match in enumerate(matches)
    )
    lists = "{one: [a, '+14155550100'], two: [a, '+14155550100', '+14155550101'], none: []"
    lists += ", ours: ['+14155550100']"
    text = f"version: 1\nflow: f\nmatch: {flow}\nlists: {lists}, filed: {{file: filed.txt}}}}\n"
    text += "windows: {day: {timezone: UTC, from: '09:00', to: '17:00'}}\n" + f"rules:\n{rules}"
    path = tmp / "f.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = load([path])
    assert loaded.errors == ()
    reach = ("unreachable-rule", "contradiction")
    return [problem.code for problem in loaded.problems if problem.code in reach]


@pytest.mark.parametrize(("earlier", "later"), EARLIER_AND_LATER)
def test_a_rule_above_that_matches_as_much_is_found(
    earlier: str, later: str, tmp_path: Any
) -> None:
    assert codes_of(earlier, later, tmp=tmp_path) == ["unreachable-rule"]


@pytest.mark.parametrize(("earlier", "later"), EARLIER_AND_LATER)
@pytest.mark.parametrize(
    "keys",
    [
        ", continue: true",
        ", enabled: false",
        ", mode: shadow",
        ", mode: {canary: 99%}",
        ", for: 2s",
    ],
)
def test_a_rule_that_lets_calls_pass_hides_none(
    earlier: str, later: str, keys: str, tmp_path: Any
) -> None:
    assert codes_of(earlier, later, keys=keys, tmp=tmp_path) == []


@pytest.mark.parametrize(("earlier", "later"), TOGETHER)
def test_rules_that_match_as_much_together_are_found(
    earlier: list[str], later: str, tmp_path: Any
) -> None:
    assert codes_of(*earlier, later, tmp=tmp_path) == ["unreachable-rule"]


@pytest.mark.parametrize("match", NO_CALL)
def test_conditions_that_no_call_fits_are_found(match: str, tmp_path: Any) -> None:
    assert codes_of(match, tmp=tmp_path) == ["contradiction"]


def test_a_match_of_the_flow_counts(tmp_path: Any) -> None:
    assert codes_of("", "from: a", flow="{to: a}", tmp=tmp_path) == ["unreachable-rule"]
    assert codes_of("from: {prefix: b}", flow="{from: a}", tmp=tmp_path) == ["contradiction"]
    assert codes_of("to: a", "to: b", flow="{age: {gt: 2m, lt: 1m}}", tmp=tmp_path) == [
        "contradiction"  # once, where it stands
    ]


DIFFERENT = [
    ("from: '+14155550100'", "from: '+14155550101'"),
    ("from: {in_list: filed}", "from: {in_list: two}"),  # the file may be another tomorrow
    ("from: {in_list: filed}", "from: '+14155550100'"),
    ("from: {prefix: '+1415'}", "from: {prefix: '+1'}"),
    ("from: {not: a}", "to: b"),  # a call without `from` gets to the second
    ("any: [{from: a}, {from: {not: a}}]", "to: b"),
    ("age: {gte: 10m}", "age: {gte: 5m}"),
    ("status: in-progress", "status: [queued, in-progress]"),
    ("from: {regex: '\\+1415.*'}", "from: {prefix: '+1415'}"),  # `.` is no line break
    ("from: {regex: 'a|b'}", "from: {prefix: a}"),
    ("from: {regex: '\\Qa|b\\E'}", "from: {prefix: a}"),
    ("from: {regex: '(?i)a'}", "from: A"),
    ("concurrent: {by: from, gt: 5}", "concurrent: {by: to, gt: 10}"),
    ("during: day", "outside: day"),
    ("leg: parent", "leg: child"),
]


@pytest.mark.parametrize(("earlier", "later"), DIFFERENT)
def test_rules_that_get_calls_are_left_alone(earlier: str, later: str, tmp_path: Any) -> None:
    if earlier == "from: {regex: '(?i)a'}":  # it matches `A`, and says so by its own matcher
        assert codes_of(earlier, later, tmp=tmp_path) == ["unreachable-rule"]
        return
    assert codes_of(earlier, later, tmp=tmp_path) == []


# ---- shapes ---------------------------------------------------------------------------------

globs = st.text("ab*?", max_size=6)
texts = st.text("ab", max_size=6)


def fits(glob: str, text: str) -> bool:
    pattern = re.escape(glob).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, text) is not None


@given(globs, globs, texts)
def test_shapes_are_compared_as_their_texts_are(one: str, other: str, text: str) -> None:
    left, right = shapes.from_glob(one), shapes.from_glob(other)
    assert left is not None
    assert right is not None
    if shapes.within(left, right):
        assert not fits(one, text) or fits(other, text)
    if shapes.apart(left, right):
        assert not (fits(one, text) and fits(other, text))
    assert shapes.within(tuple(text), left) is fits(one, text)
    assert shapes.apart(tuple(text), left) is not fits(one, text)


@given(st.text(r"ab+*?|()[]\.^${}1,Qd", max_size=8), texts)
def test_an_expression_has_the_shape_that_is_made_of_it(pattern: str, text: str) -> None:
    import re2

    try:
        options = re2.Options()
        options.log_errors = False
        compiled = re2.compile(pattern, options)
    except re2.error:
        assume(False)
    shape = shapes.from_regex(pattern)
    assume(shape is not None)
    assert shape is not None
    for each in (text, shapes.literal(shape) or "", pattern):
        if compiled.fullmatch(each):
            assert shapes.within(tuple(each), shape)
    if shapes.literal(shape) is not None:
        assert compiled.fullmatch(shapes.literal(shape))
