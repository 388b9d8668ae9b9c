"""Conditions, rules, flows and calls: made by hand in a word or two, or by hypothesis."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from runner.call import Call
from runner.model import Action, AllOf, AnyOf, Condition, Flow, Mode, Not, Once, Rule, Test
from runner.problems import Position

NOW = 1_700_000_000_000
LINES = iter(range(1, 1_000_000))
HANGUP = (Action("hangup", {}, Position("x.yaml", 1, 1)),)
#: The call goes on: its silence is longer than any test.
SPEAK = (
    Action("say", {"text": "hello"}, Position("x.yaml", 1, 1)),
    Action("pause", {"seconds": 100_000}, Position("x.yaml", 2, 1)),
)


def here() -> Position:
    return Position("x.yaml", next(LINES), 1)


def cond(field: str, operator: str, value: Any, *, written: Any = None, by: str = "") -> Test:
    return Test(field, operator, value, written or value, here(), by=by)


def flow(*rules: Rule, name: str = "f", **more: Any) -> Flow:
    return Flow(name, rules, here(), "rev", **more)


def rule(name: str, condition: Condition, *, then: Any = HANGUP, **more: Any) -> Rule:
    return Rule(name, more.pop("flow", "f"), condition, then, here(), **more)


def call(sid: str = "CA1", **more: Any) -> Call:
    return Call(**{"sid": sid, "status": "in-progress", "from_": "+12125550100"} | more)


TESTS = st.sampled_from(
    [
        cond("status", "eq", "in-progress"),
        cond("status", "eq", "ringing"),
        cond("from", "prefix", "+1415"),
        cond("from", "eq", "+12125550100"),
        cond("caller_name", "not", "Ann"),
        cond("caller_name", "exists", False),
        cond("leg", "eq", "parent"),
        cond("age", "gte", 600_000),
        cond("has_child", "eq", True),
        cond("concurrent", "gt", 1, by="from"),
        cond("excess", "over", 1, by="from"),
    ]
)


def groups(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(
        several.map(lambda items: AllOf(items, here())),
        several.map(lambda items: AnyOf(items, here())),
        inner.map(lambda item: Not(item, here())),
    )


CONDITIONS = st.recursive(TESTS, groups, max_leaves=6)
LIKELY = st.sampled_from(
    [cond("status", "eq", "in-progress"), cond("leg", "eq", "parent"), cond("from", "exists", True)]
)
CALLS = st.builds(
    call,
    sid=st.sampled_from(["CA1", "CA2", "CA3"]),
    status=st.sampled_from(["queued", "ringing", "in-progress"]),
    from_=st.sampled_from([None, "+14155550199", "+12125550100"]),
    caller_name=st.sampled_from([None, "Ann", "Ben"]),
    parent_call_sid=st.sampled_from([None, None, "CA1"]),
    start_time=st.sampled_from([None, "Tue, 14 Nov 2023 22:12:00 +0000"]),
    date_created=st.just("Tue, 14 Nov 2023 21:47:32 +0000"),
)
LISTS = st.lists(CALLS, min_size=1, max_size=3, unique_by=lambda c: c.sid)
ONCES = st.sampled_from(
    [Once(), Once(every=60_000, limit=2), Once(per="from", within=600_000), Once(per="sid")]
)
MODES = st.sampled_from([*[Mode()] * 4, Mode("shadow", 0.0), Mode("canary", 0.5)])


@st.composite
def rules(draw: st.DrawFn, name: str) -> list[Rule]:
    conditions = draw(st.lists(LIKELY | CONDITIONS, min_size=1, max_size=4))
    return [
        rule(
            f"r{number}",
            condition,
            flow=name,
            then=draw(st.sampled_from([SPEAK, SPEAK, HANGUP, ()])),
            proceed=draw(st.booleans()),
            enabled=draw(st.sampled_from([*[True] * 7, False])),
            hold=draw(st.sampled_from([0, 0, 30_000])),
            once=draw(ONCES),
            mode=draw(MODES),
        )
        for number, condition in enumerate(conditions)
    ]


@st.composite
def flow_lists(draw: st.DrawFn) -> list[Flow]:
    return [
        flow(
            *draw(rules(name)),
            name=name,
            priority=draw(st.integers(0, 1)),
            enabled=draw(st.sampled_from([*[True] * 7, False])),
        )
        for name in ("f", "g")[: draw(st.integers(1, 2))]
    ]
