"""Guards as they are written: what becomes of them, what is refused, and which stop nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace

from runner.guards import NO_GUARD, Burst, Guard, Rate
from runner.language.analysis.limits import check_guards
from runner.language.analysis.subject import Subject
from runner.language.bench import Bench
from runner.language.guarding import check_guard, guard_of
from runner.language.schema import text_of
from runner.language.source import Document, parse
from runner.model import Flow
from tests.language import small_worlds as world
from tests.language.test_schema import anything, guards

CODE = "guard-never-reached"
LIMITED = Guard(Burst(0.1, 5), Rate(50, 60_000))
ON = {"redirect": "https://voice.example.com/menu"}


@pytest.mark.parametrize(
    ("data", "guard"),
    [
        (None, NO_GUARD),
        ("unlimited", Guard("unlimited", "unlimited")),
        ({"burst": "unlimited"}, Guard("unlimited", None)),
        ({"rate": "unlimited"}, Guard(None, "unlimited")),
        ({"burst": {"max_share": "10%"}}, Guard(Burst(0.1, 10), None)),
        ({"burst": {"at_least": 0}}, Guard(Burst(0.25, 0), None)),
        ({"rate": {"max": 0}}, Guard(None, Rate(0, 60_000))),
        ({"rate": {"per": "1h30m"}}, Guard(None, Rate(30, 5_400_000))),
        (
            {"burst": {"max_share": "10%", "at_least": 5}, "rate": {"max": 50, "per": "1m"}},
            LIMITED,
        ),
    ],
)
def test_what_is_left_out_is_as_usual(data: object, guard: Guard) -> None:
    assert guard_of(data) == guard


@given(guards | anything)
def test_no_data_crashes_its_reading(data: object) -> None:
    assert isinstance(guard_of(data), Guard)


def test_the_window_of_a_rate_is_bounded_under_any_key() -> None:
    """The configuration has guards under keys of its own."""
    text = b"guards: {rule: {rate: {per: 1s}}, all: {rate: {per: 24h}}, odd: {rate: {per: 2d}}}\n"
    document = parse("callflow.yaml", text).document
    assert document is not None
    bench = Bench(document)
    for key in ("rule", "all", "odd", "none"):
        check_guard(bench, document.data["guards"], key)
    [problem] = bench.problems
    assert (problem.code, problem.message) == ("out-of-range", "`per` must be at most 24h, not 2d")
    assert problem.position.column == text.index(b"2d") + 1


def test_flows_and_the_configuration_write_guards_alike() -> None:
    flow, config = (json.loads(text_of(name))["definitions"] for name in ("flow", "config"))
    assert json.dumps(flow["guard"]) == json.dumps(config["guard"])
    assert "$ref" not in json.dumps(flow["guard"])  # so that equal words mean the same


# ---- the warning ----------------------------------------------------------------------------


def flow_of(*rules: dict[str, Any], **keys: Any) -> dict[str, Any]:
    usual = {"match": {"age": {"gte": "5m"}}, "then": ["hangup"]}
    named = [{**usual, **rule, "id": f"r{number}"} for number, rule in enumerate(rules)]
    return {"version": 1, "flow": "f", **keys, "rules": named}


def warned(flow: dict[str, Any]) -> list[str]:
    """What is said of guards, each with the key at which it stands."""
    lines = json.dumps(flow, indent=1).splitlines()
    found = (problem for problem in world.analysed(flow)[1] if problem.code == CODE)
    return [lines[problem.position.line - 1].strip().split('"')[1] for problem in found]


def burst(**keys: Any) -> dict[str, Any]:
    return {"guard": {"burst": keys}}


def rate(**keys: Any) -> dict[str, Any]:
    return {"guard": {"rate": keys}}


ONE, TWO = {"match": {"sid": "CA1"}}, {"match": {"sid": ["CA1", "CA2"]}}
PER_TO = {
    "match": {"to": {"in": ["client:a", "client:b"], "not": "client:c"}},
    "once": {"per": "to", "within": "1m"},
}


@pytest.mark.parametrize(
    ("rule", "keys"),
    [
        ({**burst(max_share="10%"), **rate(max=5)}, []),
        (rate(max=0), []),
        ({**rate(max=5), "then": [ON]}, ["rate"]),
        ({**rate(max=5), "then": [{"say": "Bye."}, ON]}, ["rate"]),
        ({**rate(max=5), "then": [{"say": "Bye."}, "hangup"]}, []),
        ({**rate(max=5), "then": ["cancel"], "match": {"status": "ringing", "to": "client:a"}}, []),
        ({"guard": {"rate": "unlimited"}, "then": [ON]}, []),
        ({"guard": "unlimited", "mode": "shadow"}, []),
        ({**burst(at_least=5), "then": [ON]}, []),
        (burst(max_share="100%"), ["burst"]),
        (burst(max_share="100.00%", at_least=0), ["burst"]),
        (burst(max_share="99.999999%", at_least=0), []),
        ({**burst(at_least=5), "mode": "shadow"}, ["guard"]),
        ({**burst(at_least=5), "mode": {"canary": "1%"}}, []),
        ({**burst(at_least=5), "enabled": False}, []),
        ({**ONE, **burst(at_least=0)}, []),
        ({**ONE, **burst(at_least=1)}, ["burst"]),
        ({**TWO, **burst(at_least=1)}, []),
        ({**TWO, **burst(max_share="1%")}, ["burst"]),
        ({**TWO, **rate(max=1)}, []),
        ({**TWO, **rate(max=2, per="24h")}, ["rate"]),
        ({**TWO, **rate(max=2), "once": {"every": "1m"}}, []),
        ({**TWO, **rate(max=4), "once": {"every": "1m"}}, ["rate"]),
        ({**TWO, **rate(max=4, per="1h"), "once": {"every": "1m", "max": 2}}, ["rate"]),
        ({**TWO, **rate(max=3, per="1h"), "once": {"every": "1m", "max": 2}}, []),
        ({"match": {"any": [{"sid": "CA1"}, {"to": "client:a"}]}, **burst(at_least=1)}, []),
        ({"match": {"sid": {"not": "CA1"}}, **burst(at_least=1)}, []),
        ({"match": {"sid": {"prefix": "CA1"}}, **burst(at_least=1)}, []),
        ({"match": {"to": "client:a"}, **burst(at_least=1)}, []),
        ({**PER_TO, **burst(at_least=1)}, []),
        ({**PER_TO, **burst(at_least=2)}, ["burst"]),
        ({**PER_TO, **rate(max=3, per="1m")}, []),
        ({**PER_TO, **rate(max=4, per="1m")}, ["rate"]),
        ({**PER_TO, "match": {"from": "client:a"}, **burst(at_least=2)}, []),
    ],
)
def test_a_guard_of_a_rule(rule: dict[str, Any], keys: list[str]) -> None:
    assert warned(flow_of(rule)) == keys


def test_a_list_counts_calls_up_and_a_file_does_not() -> None:
    """What a file holds tomorrow nobody knows."""
    match = {"to": {"in_list": "few"}}
    rule = {**PER_TO, "match": match, **burst(at_least=2)}
    assert warned(flow_of(rule, lists={"few": ["client:a", "client:b"]})) == ["burst"]
    assert warned(flow_of(rule, lists={"few": ["client:a", "client:b", "client:c"]})) == []
    _, problems = from_file(rule)
    assert problems == []


def from_file(rule: dict[str, Any]) -> tuple[Flow, list[str]]:
    flow, _ = world.analysed(flow_of(rule, lists={"few": ["client:a", "client:b"]}))
    written = flow_of(rule, lists={"few": {"file": "few.txt"}})
    subject = Subject(flow, document_of(written), 2_000)
    check_guards(subject)
    return flow, [problem.code for problem in subject.problems]


def document_of(data: dict[str, Any]) -> Document:
    document = parse("f.yaml", json.dumps(data, indent=1).encode()).document
    assert document is not None
    return document


def test_a_rule_that_changes_no_call() -> None:
    """No action is of this kind yet; the promise holds for the first that is."""
    data = flow_of(burst(at_least=5))
    flow, _ = world.analysed(data)
    mute = replace(flow, rules=(replace(flow.rules[0], then=()),))
    subject = Subject(mute, document_of(data), 2_000)
    check_guards(subject)
    [problem] = subject.problems
    assert problem.message == "`r0` changes no call, and guards limit changes"


SHARED = {"burst": {"at_least": 5}, "rate": {"max": 5}}
OWN = {"guard": {"burst": {"at_least": 3}}}


@pytest.mark.parametrize(
    ("guard", "rules", "keys"),
    [
        (SHARED, [{}, {"then": [ON]}], []),
        (SHARED, [{"then": [ON]}, {"then": [ON]}], ["rate"]),
        (SHARED, [{"then": [ON]}, {"guard": {"rate": "unlimited"}}], ["rate"]),
        (SHARED, [OWN, OWN], ["burst"]),
        (SHARED, [OWN, {}], []),
        (SHARED, [{"mode": "shadow"}, {}], []),
        (SHARED, [{"mode": "shadow"}, {"mode": "shadow"}], ["guard"]),
        (SHARED, [ONE, ONE], ["burst", "rate"]),
        (SHARED, [ONE, {}], []),
        ({"burst": {"max_share": "100%"}}, [{}], ["burst"]),
        ("unlimited", [{"mode": "shadow"}], []),
    ],
)
def test_a_guard_of_a_flow(guard: Any, rules: list[dict[str, Any]], keys: list[str]) -> None:
    assert warned(flow_of(*rules, guard=guard)) == keys


def test_rules_without_a_guard_are_never_warned_of() -> None:
    """The defaults stop nothing here either, and nobody wrote them."""
    assert warned(flow_of(ONE, {"then": [ON]}, {"mode": "shadow"})) == []
