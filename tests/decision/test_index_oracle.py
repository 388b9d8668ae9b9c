"""The matcher says of random flows and calls what the oracle says, whatever it had looked up."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.call import Call
from runner.decision.holds import Holds
from runner.decision.live import LiveSet
from runner.decision.matcher import Matcher, Verdict
from runner.language.fields import FIELDS
from runner.language.operators import suiting
from runner.model import Moment
from tests.decision.oracle import Found, Held, Oracle
from tests.decision.oracle_values import Scene
from tests.decision.pool import START
from tests.decision.written import (
    KINDS,
    VALUES,
    Written,
    call_of,
    compiled,
    crews,
    crowds,
    flow_of,
    folders,
    keys_of,
)

BUDGET = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # To find out what the examples have in common takes longer than to find them.
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)

accounts = st.sampled_from(["", "main", "other"])
#: Milliseconds after the start: on the edges of windows and spans, beside them, and anywhere.
edges = st.sampled_from([0, 5_000, 10_000, 60_000, 600_000, 2_400_000, 4_200_000, -29_000])
times = st.builds(lambda edge, off: START + edge + off, edges, st.sampled_from([0, -1, 1, 3]))


def plain(verdicts: list[Verdict]) -> list[Found]:
    return [(v.order, v.flow.name, v.rule.id, v.shadow) for v in verdicts]


def moment_of(scene: Scene) -> Moment:
    live = None if scene.live is None else LiveSet(scene.live, scene.now)
    return Moment(scene.now, live, scene.account)


@BUDGET
@given(folders, crews, times, accounts, st.booleans(), st.data())
def test_the_matcher_says_what_the_oracle_says(
    files: tuple[Written, ...],
    calls: tuple[Call, ...],
    now: int,
    account: str,
    listed: bool,
    data: st.DataObject,
) -> None:
    flows = tuple(compiled(file) for file in files)
    keys = keys_of(flows)
    scene = Scene(now, calls if listed else None, account)
    moment = moment_of(scene)
    ago = st.sampled_from([-1, 0, 1, 4_999, 5_000, 10_000, 60_000])
    held = st.dictionaries(st.sampled_from(sorted(keys.values())), ago, max_size=6)
    before = {(c.sid, key): now - span for c in calls for key, span in data.draw(held).items()}
    unseen = data.draw(st.sampled_from([0, 0, 5_000]))
    matcher, oracle = Matcher(flows), Oracle(files, keys)
    for _ in range(2):  # the second time it may remember
        holds, mine = Holds(before, now, unseen=unseen), Held(before, now, unseen)
        for call in calls:
            verdicts = matcher.verdicts(call, moment, holds)
            assert plain(verdicts) == oracle.verdicts(call, scene, mine)
            assert all(verdict.call is call for verdict in verdicts)
            assert matcher.undecided(call, moment) == oracle.undecided(call, scene)
        assert holds.after == mine.after
    for key in [*keys, "f0/none", "f9/r0"]:
        for call in calls:
            assert matcher.acts(key, call.sid) == oracle.acts(key, call.sid)


crowd = st.builds(flow_of, st.just("f"), st.just({}), crowds)
fields = st.sampled_from([(field, value) for field, values in VALUES.items() for value in values])
steps = st.one_of(
    st.tuples(st.just("field"), fields),
    st.tuples(st.just("back"), st.none()),
    st.tuples(st.just("account"), accounts),
    st.tuples(st.just("others"), st.none() | crews),
)


@settings(BUDGET, max_examples=50)
@given(crowd, call_of("CA0"), st.lists(steps, min_size=40))
def test_when_one_thing_is_another_it_is_looked_at_again(
    file: Written, first: Call, changes: list[tuple[str, Any]]
) -> None:
    """One field of the call, the account, or the other live calls; and nothing else."""
    flow = compiled(file)
    matcher, oracle = Matcher((flow,)), Oracle([file], keys_of([flow]))
    call, account, others = first, "main", ()
    for what, new in changes:
        match what:
            case "field":
                call = replace(call, **{new[0]: new[1]})
            case "back":
                call = replace(first)
            case "account":
                account = new
            case "others":
                others = new
        live = None if others is None else (call, *(c for c in others if c.sid != call.sid))
        scene = Scene(START, live, account)
        said = plain(matcher.verdicts(call, moment_of(scene), Holds({}, START)))
        assert said == oracle.verdicts(call, scene, Held({}, START))


def test_the_conditions_that_are_drawn_name_every_field_and_operator() -> None:
    assert KINDS.keys() == FIELDS.keys()
    for field, kinds in KINDS.items():
        named = {operator for kind in kinds for operator in kind.split()}
        if FIELDS[field].type not in ("flag", "window"):
            assert named - {"by"} == set(suiting(FIELDS[field].type)), field
