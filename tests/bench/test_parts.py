"""What the measurements stand on: that workloads are right, and plain Python judges as callflow."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

from bench import workload
from bench.far_side import DIALLED, serve
from bench.ours import LATER, decoded, given, verdicts
from bench.peers.rules import ENGINES
from bench.plain import Flows
from bench.polling import flows, measured
from bench.rulebook import Planned, fields_of, resting, rules, write
from bench.tables.verdicts import differing, expected
from runner.language.loader import load
from runner.model import FlowSet


def loaded(folder: Path, planned: list[Planned]) -> FlowSet:
    write(folder, planned)
    found = load([folder])
    assert found.flow_set is not None, found.errors
    return found.flow_set


def test_calls_are_the_same_every_time_and_some_two_kilobytes_long() -> None:
    listed = workload.calls(50)
    assert listed == workload.calls(50) != workload.calls(50, seed=2)
    size = len(json.dumps(listed, separators=(",", ":"))) / 50
    assert 1_900 < size < 2_300
    assert len({call.sid for call in decoded(listed)}) == 50
    assert [a["to"] for a in workload.renamed(listed, 1)] == [a["to"] for a in listed]
    moved = workload.changed(listed, 0.5, 1)
    assert 10 < sum(a != b for a, b in zip(listed, moved, strict=True)) < 40


def test_rules_are_as_they_are_said_to_be(tmp_path: Path) -> None:
    planned = rules(600)
    flow_set = loaded(tmp_path, planned)
    assert [rule.key for rule in flow_set.rules] == [rule.key for rule in planned]
    assert [rule.hold for rule in flow_set.rules] == [rule.hold for rule in planned]
    assert [rule.proceed for rule in flow_set.rules] == [rule.proceed for rule in planned]
    about = Counter("to" in fields_of(rule.match) for rule in planned)
    assert 320 < about[True] < 400
    assert {"age", "from_country", "status", "leg"} <= fields_of(
        ["all", *(r.condition for r in planned)]
    )


def test_plain_python_and_callflow_say_the_same_at_two_polls(tmp_path: Path) -> None:
    planned, listed = rules(240), workload.calls(150)
    for number, call in enumerate(listed[:24]):  # make some fit: equalities are rare
        rule = next(r for r in planned[number * 8 :] if "to" in fields_of(r.match))
        call["to"] = rule.match[1][2]
    polls = [listed, workload.changed(listed, 0.2, 3)]
    asked = given(planned, polls)
    ours = verdicts(loaded(tmp_path, planned).flows, polls)
    assert sum(len(keys) for poll in ours for keys in poll) > 20
    sids = [[call["sid"] for call in poll] for poll in polls]
    for name in ("lambdas", "closures"):
        engine = ENGINES[name](asked["conditions"])
        fits = [[engine(record) for record in poll] for poll in asked["polls"]]
        assert differing(ours, expected(planned, sids, fits)) == 0


def test_the_plain_loop_waits_takes_the_first_and_goes_on() -> None:
    always = ["eq", "to", "a"]
    planned = [
        Planned("f", "waits", always, hold=LATER),
        Planned("f", "goes-on", always, proceed=True),
        Planned("f", "first", always),
        Planned("f", "second", always),
        Planned("g", "own", always),
    ]
    flows = Flows(planned)
    every = [("CA", range(5))]
    assert flows.poll(every, 0) == [["f/goes-on", "f/first", "g/own"]]
    assert flows.poll(every, LATER) == [["f/waits", "g/own"]]
    assert flows.poll([("CA", ())], LATER + 1) == [[]]
    assert flows.poll(every, LATER + 2) == [["f/goes-on", "f/first", "g/own"]]


def test_a_poll_finds_nothing_to_do_whoever_watches(tmp_path: Path) -> None:
    assert resting(rules(8), DIALLED) != rules(8)
    with serve(200, changed=0.05) as far:
        for how in ("spent", "console"):
            flow_set = flows(tmp_path / how, 80, how)
            first, *later = asyncio.run(measured(far.url, flow_set, 3, how))
            assert first["steps"] == (2 if how == "spent" else 0)
            assert [poll["steps"] for poll in later] == [0, 0]
            assert all(poll["whole"] > poll["list"] > 0 for poll in later)
