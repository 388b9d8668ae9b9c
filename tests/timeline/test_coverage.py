"""Coverage counts what tests saw: rules that acted, conditions true and false."""

from __future__ import annotations

from pathlib import Path

from runner.store.memory import MemoryStore
from runner.timeline.coverage import Coverage
from runner.timeline.player import play
from runner.timeline.reader import read_tests
from tests.timeline.plays import written

FLOW = """\
version: 1
flow: f
match: {direction: inbound}
rules:
  - id: a
    match: {caller_name: A, leg: any, not: {to: "+14155550100"}}
    then: [{redirect: "https://example.com/"}]
  - {id: b, match: {any: [{age: {gte: 30m}}, {answered_by: fax}]}, then: [hangup]}
  - {id: off, enabled: false, match: {caller_name: B}, then: [hangup]}
"""


def covered(folder: Path, *tests: str, flow: str = FLOW) -> Coverage:
    coverage = Coverage()
    for test in tests:
        file = read_tests(written(folder, test, flow=flow)).file
        assert file is not None
        coverage.add(file.flow_set)
        watch = coverage.watch(file.flow_set)
        watch.done(play(file.tests[0], file.flow_set, store=MemoryStore, watcher=watch))
    return coverage


def lacking(coverage: Coverage) -> list[str]:
    """What is still to be seen: `rule` or `condition: true`."""
    found = []
    for rule in coverage.rules:
        found += [] if rule.acted else [rule.rule.id]
        for condition in rule.conditions:
            found += [] if condition.seen_true else [f"{condition.words}: true"]
            found += [] if condition.seen_false else [f"{condition.words}: false"]
    return found


def test_nothing_is_seen_where_there_is_no_call(tmp_path: Path) -> None:
    coverage = covered(tmp_path, "name: t\nuntil: 1m\ncalls: []")
    assert coverage.summary.reached == 0
    # Two rules, and five conditions both ways: what the flow says counts once, what can't be
    # false (`leg: any`) and what nobody wrote doesn't count.
    assert coverage.summary.points == 2 + 2 * 5
    assert coverage.summary.percent == 0.0


def test_a_condition_on_an_empty_field_is_seen_neither_way(tmp_path: Path) -> None:
    coverage = covered(tmp_path, "name: t\nuntil: 1m\ncalls: [{id: x, age: 1h}]")
    assert lacking(coverage) == [
        "a",
        "direction eq inbound: false",
        "caller_name eq A: true",
        "caller_name eq A: false",
        "to eq +14155550100: true",
        "to eq +14155550100: false",
        "age gte 30m: false",
        "answered_by eq fax: true",
        "answered_by eq fax: false",
    ]


def test_several_tests_cover_together(tmp_path: Path) -> None:
    tests = (
        'name: t\nuntil: 1m\ncalls: [{id: x, age: 1h, caller_name: B, to: "+14155550100"}]',
        'name: t\nuntil: 1m\ncalls: [{id: x, caller_name: A, to: "+14155550101"}]',
        "name: t\nuntil: 1m\ncalls: [{id: x, direction: outbound-api, answered_by: fax},"
        " {id: y, direction: outbound-api, answered_by: human}]",
    )
    assert lacking(covered(tmp_path, *tests)) == []
    assert covered(tmp_path, *tests).summary.percent == 100.0
    assert lacking(covered(tmp_path, *tests[:2])) == [
        "direction eq inbound: false",
        "answered_by eq fax: true",
        "answered_by eq fax: false",
    ]


def test_calls_that_nobody_asks_twilio_for_are_seen_too(tmp_path: Path) -> None:
    """The one rule narrows the query to one number; another number must still count as false."""
    flow = 'version: 1\nflow: f\nrules: [{id: r, match: {to: "+14155550100"}, then: [hangup]}]\n'
    test = 'name: t\nuntil: 1m\ncalls: [{id: x, to: "+14155550100"}, {id: y, to: "+14155550101"}]'
    assert lacking(covered(tmp_path, test, flow=flow)) == []


def test_matching_is_not_acting(tmp_path: Path) -> None:
    flow = "version: 1\nflow: f\nrules: [{id: r, then: [cancel]}]\n"
    coverage = covered(tmp_path, "name: t\nuntil: 1m\ncalls: [{id: x}]", flow=flow)
    (rule,) = coverage.rules
    assert (rule.matched, rule.acted) == (True, False)
