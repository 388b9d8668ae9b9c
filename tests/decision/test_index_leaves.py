"""Every comparison that can be written, found by the index for every value that a call can have."""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import replace

from runner.call import Call
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher
from runner.language.fields import FIELDS
from runner.model import LIVE_STATUSES
from tests.decision.oracle import Held, Oracle
from tests.decision.oracle_values import Scene
from tests.decision.pool import MINUTE, START, WORDS
from tests.decision.test_index_oracle import moment_of, plain
from tests.decision.written import KINDS, VALUES, Match, compiled, flow_of, keys_of, merged

CALL = Call("CA1", status="in-progress", from_="+14155550199", caller_name="Ada")
#: With it a rule is about every call, so that only the comparison leads to it.
EVERY = {"leg": "any", "status": list(LIVE_STATUSES)}
#: Where an attribute of calls has no values of its own to be drawn from.
BOUND = {"age": ("start_time", "date_created"), "leg": ("parent_call_sid",)}
#: One after the other. What calls are a while old at the start comes due with it.
TIMES = [START + minutes * MINUTE + off for minutes in (0, 1, 10, 40, 70) for off in (-1, 0, 1)]


def calls_for(field: str) -> list[Call]:
    """Calls that differ in what the field is read from, those without it among them."""
    attributes = BOUND.get(field) or (FIELDS[field].of,)
    calls = [CALL]
    for attribute in filter(None, attributes):
        for value in VALUES.get(attribute) or WORDS[attribute]:
            # Another call each, so that all of them are remembered.
            call = replace(CALL, sid=f"CA{len(calls)}")
            calls.append(replace(call, **{attribute: value}))
    return calls


def parts(kind: str, leaves: list[Match]) -> list[list[Match]]:
    """Patterns two by two, so that none that fits everything stands beside all others."""
    if kind not in ("glob", "regex"):
        return [leaves]
    return [list(pair) for pair in itertools.pairwise(leaves)]


@pytest.mark.parametrize("field", [name for name, field in FIELDS.items() if not field.others])
def test_whatever_holds_is_found(field: str) -> None:
    times = TIMES if field in ("age", "during", "outside") else [START]
    accounts = ("main", "other", "") if field == "account" else ("main",)
    scenes = [Scene(now, None, account) for now in times for account in accounts]
    for leaves in [part for kind in KINDS[field].items() for part in parts(*kind)]:
        forms = [(leaf, {"not": leaf}, {"any": [leaf, {"to": "nobody"}]}) for leaf in leaves]
        rules = [
            {"match": merged(EVERY, match), "then": ["hangup"], "continue": True}
            for match in itertools.chain(*forms)
        ]
        file = flow_of("f", {}, rules)
        flow = compiled(file)
        matcher, oracle = Matcher((flow,)), Oracle([file], keys_of([flow]))
        for scene in scenes:
            for call in calls_for(field):
                said = plain(matcher.verdicts(call, moment_of(scene), Holds({}, scene.now)))
                assert said == oracle.verdicts(call, scene, Held({}, scene.now))
