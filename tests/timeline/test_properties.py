"""Any timeline at all: it is played to its end, nothing crashes, and twice is the same."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.cli.report import Style
from runner.cli.results.tested_text import failure
from runner.model import LIVE_STATUSES
from runner.store.memory import MemoryStore
from runner.timeline.compare import compare
from runner.timeline.coverage import Coverage
from runner.timeline.player import Played, play
from runner.timeline.reader import read_tests

FLOWS = """\
version: 1
flow: f
rules:
  - {id: held, match: {from: "+14155550101"}, for: 10s, then: [{say: x}, hangup]}
  - {id: often, match: {from: "+14155550102"}, once: {every: 10s, max: 3},
     then: [{redirect: "https://example.com/"}]}
  - {id: canary, mode: {canary: 50%}, match: {answered_by: fax}, then: [hangup]}
  - {id: shadow, mode: shadow, match: {status: [queued, ringing]}, then: [cancel]}
  - {id: per, once: {per: to, within: 30s}, match: {age: {gte: 20s}}, retry_unknown: true,
     then: [{redirect: "https://example.com/"}]}
""", """\
version: 1
flow: g
priority: 5
rules:
  - {id: legs, match: {leg: child, age: {gte: 15s}}, then: [hangup]}
  - {id: rings, match: {status: [queued, ringing], age: {gt: 25s}}, then: [cancel]}
  - {id: many, match: {excess: {by: to, over: 2}}, then: [{say: x}]}
"""  # fmt: skip

seconds = st.integers(0, 60)
numbers = st.sampled_from(["", "+14155550101", "+14155550102", "sip:a@example.com"])
fields = st.fixed_dictionaries(
    {},
    optional={
        "from": numbers,
        "to": numbers,
        "answered_by": st.sampled_from(["", "human", "fax"]),
        "status": st.sampled_from(LIVE_STATUSES),
        "direction": st.sampled_from(["inbound", "outbound-api"]),
        "start_time": st.just("2026-01-05T11:59:00Z"),
    },
)
changes = st.dictionaries(seconds.map(lambda s: f"{s + 60}s"), fields.filter(bool), max_size=3)
errors = st.fixed_dictionaries(
    {"code": st.sampled_from([21220, 20404, 20429, 20003, 20500])},
    optional={"status": st.sampled_from([400, 404, 429, 500, 503]), "retry_after": st.just("7s")},
)
answers = st.lists(st.sampled_from(["accepted", "lost", "dropped"]) | errors, max_size=4)


@st.composite
def a_call(draw: st.DrawFn, number: int) -> dict[str, Any]:
    call: dict[str, Any] = {"id": f"c{number}", **draw(fields)}
    call["appears"] = f"{draw(seconds)}s"
    call["age"] = f"{draw(seconds)}s"
    if draw(st.booleans()):
        call["then_at"] = draw(changes.filter(bool))
    if draw(st.booleans()):
        call["answers"] = draw(answers.filter(bool))
    for key in ("ends", "vanishes"):
        if draw(st.integers(0, 3)) == 0:
            call[key] = f"{draw(seconds) + 61}s"
    if number and draw(st.booleans()):
        call["parent"] = f"c{draw(st.integers(0, number - 1))}"
    return call


@st.composite
def a_test(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.integers(1, 6))
    calls = [draw(a_call(number)) for number in range(count)]
    expect = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "at": st.integers(0, 20).map(lambda n: f"{n * 4}s"),
                    "call": st.sampled_from([call["id"] for call in calls]),
                    "rule": st.sampled_from(["f/held", "f/often", "f/shadow", "g/legs", "g/many"]),
                },
                optional={"then": st.just(["hangup"]), "outcome": st.just("gone")},
            ),
            max_size=4,
        )
    )
    poll = draw(st.sampled_from(["4s", "2s", "1s", "500ms"]))
    canary = draw(st.sampled_from(["as-is", "enforce"]))
    return {
        "name": "t", "poll": poll, "until": "3m", "canary": canary, "calls": calls,
        "expect": expect,
    }  # fmt: skip


def once(path: Path) -> tuple[Played, Coverage]:
    read = read_tests(path)
    assert read.file is not None, read.problems
    coverage = Coverage()
    coverage.add(read.file.flow_set)
    watch = coverage.watch(read.file.flow_set)
    played = play(read.file.tests[0], read.file.flow_set, store=MemoryStore, watcher=watch)
    watch.done(played)
    return played, coverage


@settings(max_examples=60, deadline=None)
@given(a_test())
def test_every_timeline_is_played_and_twice_the_same(test: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, flow in enumerate(FLOWS):
            (folder / f"{number}.yaml").write_text(flow)
        path = folder / "t.test.yaml"
        data = {"version": 1, "flows": ["0.yaml", "1.yaml"], "tests": [test]}
        path.write_text(yaml.safe_dump(data, sort_keys=False))
        first, coverage = once(path)
        again, _ = once(path)
    assert first.acts == again.acts
    assert coverage.summary.reached <= coverage.summary.points
    assert all(act.at % first.test.poll == 0 for act in first.acts)
    _keeps_promises(first)
    found = compare(first)
    pairs = [row for row in found.rows if row.expected is not None]
    done = [row for row in found.rows if row.got is not None]
    # Every expectation and every act stands in exactly one row, whatever became of it.
    assert Counter(id(row.expected) for row in pairs) == Counter(map(id, first.test.expect))
    assert Counter(id(row.got) for row in done) == Counter(map(id, first.acts))
    assert list(failure(found, Style()))


def _keeps_promises(played: Played) -> None:
    """At most one act per call and poll; no rule more often than its `once` allows."""
    sent = [act for act in played.acts if not act.shadow]
    assert max(Counter((act.at, act.call) for act in sent).values(), default=0) <= 1
    counted = Counter((act.call, act.rule) for act in played.acts if act.outcome != "withdrawn")
    for (_, rule), times in counted.items():
        assert times <= {"f/often": 3, "f/per": 10}.get(rule, 1)
