"""Random flow files and live calls, out of the pool; and what the compiler makes of such a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from runner.call import Call
from runner.decision.holds import hold_key
from runner.language.compiler import compile_flow
from runner.language.fields import FIELDS, GROUP_FIELDS
from runner.language.files import Files
from runner.language.operators import suiting
from runner.language.source import parse
from runner.model import LIVE_STATUSES, Flow
from tests.decision.pool import (
    DATES,
    EXPRESSIONS,
    GLOBS,
    LISTS,
    QUEUE_TIMES,
    SPANS,
    TIMES,
    TOLD,
    WINDOWS,
    WORDS,
)

Match = dict[str, Any]
Written = dict[str, Any]
#: Fields whose values change from call to call, or from moment to moment.
LIVELY = (
    *("from", "caller_name", "age", "status", "during", "outside", "account"),
    *("concurrent", "excess", "has_child"),
)
#: What most calls have, so that some share it.
SHARED = ("from", "to", "direction", "from_type") * 3


def words_of(field: str) -> list[str]:
    """What a rule may want of a field that is compared as text."""
    own = {"status": LIVE_STATUSES, "leg": ("parent", "child")}.get(field)
    return [word for word in own or WORDS.get(field) or TOLD[field] if word]


def pairs(row: Sequence[Any]) -> list[list[Any]]:
    return [[low, high] for n, low in enumerate(row) for high in row[n:]]


def wanted_of(field: str, operator: str) -> list[Any]:
    """Values that an operator may be given for a field, each of which some call has, or nearly."""
    amounts: dict[str, list[Any]] = {
        "duration": list(SPANS),
        "time": sorted(TIMES, key=TIMES.__getitem__),
        "count": [0, 1, 2, 3],
        "rank": [0, 1, 2, 3],
    }
    kind = FIELDS[field].type
    if operator == "exists":
        return [True, False]
    if kind in amounts:
        return pairs(amounts[kind]) if operator == "between" else amounts[kind]
    words = words_of(field)
    if operator in ("in", "not_in"):
        return [words[n : n + 3] for n in range(len(words))]
    if operator in ("in_list", "not_in_list"):
        lists = {"country": ["lands"], "type": ["lines"]}
        return lists.get(field.rpartition("_")[2], ["some", "one"])
    if operator == "prefix":
        return sorted({part for w in words for part in (w[:1], w[:3], w, w + "x")})
    if operator == "suffix":
        return sorted({part for w in words for part in (w[-1:], w[-3:], w, "x" + w)})
    return {"glob": list(GLOBS), "regex": list(EXPRESSIONS)}.get(operator, words)


def leaves_of(field: str) -> list[Match]:
    """Conditions on one field: every operator that suits it, with every value."""
    kind = FIELDS[field].type
    if kind == "flag":
        return [{field: True}, {field: False}]
    if kind == "window":
        return [{field: names} for names in [*WINDOWS, ["twice", "minute"], ["night", "week"]]]
    tests = [{op: value} for op in suiting(kind) for value in wanted_of(field, op)]
    if kind in ("count", "rank"):
        return [{field: {"by": by, **test}} for by in (*GROUP_FIELDS, *SHARED) for test in tests]
    found: list[Match] = [{field: test} for test in tests]
    if "eq" in suiting(kind):
        found += [{field: test[op]} for test in tests for op in ("eq", "in") if op in test]
    return [*found, {"leg": "any"}] if field == "leg" else found


def operators_of(leaf: Match) -> str:
    """Which operators stand in a condition on one field; empty where none is written."""
    (test,) = leaf.values()
    return " ".join(sorted(test)) if isinstance(test, dict) else ""


#: Field → operator → every condition.
KINDS: dict[str, dict[str, list[Match]]] = {
    field: {
        kind: [leaf for leaf in every if operators_of(leaf) == kind]
        for kind in dict.fromkeys(map(operators_of, every))
    }
    for field, every in {field: leaves_of(field) for field in FIELDS}.items()
}


def conditions(names: Sequence[str]) -> st.SearchStrategy[Match]:
    """A condition on one of the fields: of each operator as often as of any other."""
    kinds = {name: [st.sampled_from(kind) for kind in KINDS[name].values()] for name in names}
    return st.sampled_from(names).flatmap(lambda name: st.one_of(kinds[name]))


leaves = conditions([*FIELDS, *LIVELY * 4])


def merged(*matches: Match) -> Match:
    """One mapping of them all; of two conditions on one field both count where they can."""
    whole: Match = {}
    for match in matches:
        for word, value in match.items():
            known = whole.get(word)
            both = isinstance(known, dict) and isinstance(value, dict) and word in FIELDS
            whole[word] = {**known, **value} if both else value
    return whole


def grouped(inner: st.SearchStrategy[Match]) -> st.SearchStrategy[Match]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda items: {"any": items}),
        several.map(lambda items: {"all": items}),
        inner.map(lambda item: {"not": item}),
        st.builds(merged, inner, inner),
    )


matches = st.recursive(leaves, grouped, max_leaves=6)
#: What most calls fit, so that rules stand in each other's way.
likely = st.sampled_from(
    [
        *({}, {"leg": "any"}, {"leg": "any", "status": list(LIVE_STATUSES)}),
        *({"from": {"exists": True}}, {"caller_name": {"not": "ada"}}),
    ]
)
modes = st.sampled_from(["enforce", "shadow", {"canary": "50%"}, {"canary": "12.5%"}])
rules = st.fixed_dictionaries(
    {"then": st.just(["hangup"])},
    optional={
        "match": st.one_of(matches, likely, likely, st.builds(merged, leaves, likely)),
        "for": st.sampled_from(["1ms", "5s", "10s", "1m"]),
        "continue": st.booleans(),
        "enabled": st.sampled_from([True, True, True, False]),
        "mode": modes,
        "once": st.sampled_from([{"every": "5m", "max": 3}, {"per": "from", "within": "24h"}]),
    },
)


def flow_of(name: str, outer: Written, inner: list[Written]) -> Written:
    numbered = [{"id": f"r{n}", **rule} for n, rule in enumerate(inner)]
    return {"version": 1, "flow": name, **outer, "rules": numbered}


outers = st.fixed_dictionaries(
    {},
    optional={
        "match": leaves | likely,
        "priority": st.integers(-1, 2),
        "enabled": st.sampled_from([True, True, True, False]),
        "mode": modes,
    },
)
#: Many small rules, as a folder that has grown has them: what an index is for.
crowds = st.lists(
    st.fixed_dictionaries(
        {"match": leaves, "then": st.just(["hangup"]), "continue": st.sampled_from([True, False])},
        optional={"mode": modes},
    ),
    min_size=10,
    max_size=30,
)


def flows(name: str) -> st.SearchStrategy[Written]:
    few = st.lists(rules, min_size=1, max_size=5)
    return st.builds(flow_of, st.just(name), outers, st.one_of(few, few, crowds))


folders = st.integers(1, 4).flatmap(lambda n: st.tuples(*(flows(f"f{i}") for i in range(n))))

#: Fields that few rules ask about are drawn together.
rare = st.sampled_from(
    [
        *({}, {}, {"group_sid": "GP1", "trunk_sid": "TK1", "api_version": "2010-04-01"}),
        *({"phone_number_sid": "PN1", "account_sid": "AC1"}, {"trunk_sid": "TK2"}),
        {"from_formatted": "(415) 555-0199", "to_formatted": "(415) 555-0199"},
        {"from_formatted": "(415) 555-0100", "forwarded_from": "sip:a@b.c", "account_sid": "AC2"},
    ]
)
#: What calls have in each field that they have it in one by one.
VALUES: dict[str, Sequence[str | None]] = {
    **{word: WORDS[word] for word in ("to", "caller_name", "direction", "answered_by")},
    "from_": WORDS["from"],
    "status": ["in-progress"] * 3 + ["ringing", "queued", "", None],
    "parent_call_sid": [*[None] * 4, *WORDS["parent_call_sid"]],
    "queue_time": list(QUEUE_TIMES),
    "start_time": list(DATES),
    "date_created": list(DATES),
    "date_updated": list(DATES),
}
calls_of = {field: st.sampled_from(values) for field, values in VALUES.items()}


def call_of(sid: str) -> st.SearchStrategy[Call]:
    drawn = st.fixed_dictionaries(calls_of)
    return st.builds(lambda own, few: Call(sid, **few | own), drawn, rare)


crews = st.integers(1, 5).flatmap(lambda n: st.tuples(*(call_of(f"CA{i}") for i in range(n))))


def compiled(file: Written) -> Flow:
    """The flow, as a reload would make it of this file."""
    # JSON is YAML, and written in a tenth of the time.
    text = json.dumps({**file, "lists": LISTS, "windows": WINDOWS}, ensure_ascii=False)
    reading = parse(f"{file['flow']}.yaml", text.encode())
    assert reading.document is not None, reading.problems
    made = compile_flow(reading.document, Files())
    assert made.flow is not None, made.problems
    return made.flow


def keys_of(made: Sequence[Flow]) -> dict[str, str]:
    """`flow/rule` → under which name its hold is kept."""
    return {rule.key: hold_key(rule) for flow in made for rule in flow.rules}
