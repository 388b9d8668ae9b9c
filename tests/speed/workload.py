"""A call centre at the size of a test: what measurements take, a thousand calls and rules of it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from bench import rulebook, workload
from runner.call import Call
from runner.decision.holds import Holds
from runner.decision.live import LiveSet
from runner.decision.matcher import Matcher, Verdict
from runner.decision.planner import decide
from runner.gateway.rows import Page
from runner.language.loader import load
from runner.model import Flow, Moment

NOW = workload.NOW
CALLS = 1_000
RULES = 1_000


@cache
def flows(rules: int = RULES) -> tuple[Flow, ...]:
    """So many rules: most compare a number, some are prefixes, patterns, ages, groups."""
    with tempfile.TemporaryDirectory() as folder:
        rulebook.write(Path(folder), rulebook.rules(rules))
        loaded = load([Path(folder)])
    assert loaded.flow_set is not None, loaded.problems
    return loaded.flow_set.flows


@cache
def page(changed: float = 0.0) -> bytes:
    """One page of calls, as the API writes it; some have moved on to another status."""
    rows = workload.changed(workload.calls(CALLS), changed, seed=7)
    return msgspec.json.encode({"calls": rows, "next_page_uri": None})


def listed(changed: float = 0.0) -> list[Call]:
    """The calls as a poll reads them, each time in new objects."""
    return msgspec.json.decode(page(changed), type=Page).calls


def poll(matcher: Matcher, calls: Sequence[Call], after: int = 0) -> list[Verdict]:
    """What a poll decides so many milliseconds after the first, the planner left out."""
    now = NOW + after
    moment = Moment(now, LiveSet(calls, now), "main")
    verdicts = decide(matcher, calls, moment, Holds({}, now))
    matcher.next_poll()
    return verdicts
