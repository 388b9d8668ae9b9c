"""A poll as it stands before it is planned and shown: calls, and a verdict on each of them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.workload import ACCOUNT, NOW
from bench.workload import calls as listed
from runner.call import Call
from runner.decision.bounds import Bounds
from runner.decision.holds import Holds
from runner.decision.matcher import Verdict
from runner.decision.once import History, Past
from runner.decision.planner import Planner
from runner.engine.brain import Findings, Sight
from runner.engine.poll import Poll
from runner.language.loader import load
from runner.model import FlowSet, Moment
from runner.pauses import Pause

MOMENT = Moment(NOW)
_A_FLOW = 10
_CHUNK = 10_000  # of calls, whose JSON takes more room than they do


@dataclass(frozen=True, slots=True)
class Standing:
    """Live calls and rules, of which each call fits one."""

    calls: tuple[Call, ...]
    flow_set: FlowSet

    def verdicts(self, count: int, *, other: bool = False) -> list[Verdict]:
        """New ones on so many calls, spread evenly; with `other` every twentieth is another."""
        rules = [(order, f, r) for order, f in enumerate(self.flow_set.flows) for r in f.rules]
        step = max(1, len(self.calls) // count) if count else 1
        found = []
        for number, call in enumerate(self.calls[::step][:count]):
            turned = number + (other and number % 20 == 0)
            order, flow, rule = rules[turned % len(rules)]
            found.append(Verdict(call, flow, rule, order))
        return found

    def poll(self, verdicts: Sequence[Verdict], *, paused: bool = False) -> Poll:
        """A poll that found these, of rules that have had their turn, or where all is paused."""
        past = History(now=NOW) if paused else spent(verdicts)
        bounds = Bounds(pauses=(Pause(reason="a drill"),) if paused else ())
        plan = Planner(self.calls, MOMENT, bounds=bounds).plan(verdicts, past)
        findings, holds = Findings(verdicts, past), Holds({}, NOW)
        sight = Sight(self.calls, MOMENT, holds, plan, findings, self.calls, self.flow_set)
        return Poll(len(self.calls), sight)


def standing(calls: int, rules: int) -> Standing:
    """So many calls that all fit each of so many rules."""
    sizes = [min(_CHUNK, calls - first) for first in range(0, calls, _CHUNK)]
    return Standing(
        tuple(call for seed, size in enumerate(sizes) for call in _calls(size, seed)),
        _flows(rules),
    )


def spent(verdicts: Sequence[Verdict]) -> History:
    """Each of these rules has acted on its call."""
    done = Past(1, NOW - 60_000)
    return History({each.call.sid: {each.rule.key: done} for each in verdicts}, now=NOW)


def _calls(count: int, seed: int) -> list[Call]:
    talking = [{**call, "status": "in-progress"} for call in listed(count, seed)]
    return msgspec.convert(talking, list[Call])


def _flows(rules: int) -> FlowSet:
    with tempfile.TemporaryDirectory() as folder:
        for first in range(0, rules, _A_FLOW):
            lines = ["version: 1", f"flow: f{first}", "guard: unlimited", "rules:"]
            for number in range(first, min(rules, first + _A_FLOW)):
                match = '{from: {prefix: "+1"}, account_sid: ' + ACCOUNT + ", age: {gte: 1s}}"
                lines.append(f"  - {{id: r{number}, match: {match}, then: [hangup]}}")
            Path(folder, f"f{first}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        loaded = load([Path(folder)])
    assert loaded.flow_set is not None, loaded.problems
    return loaded.flow_set
