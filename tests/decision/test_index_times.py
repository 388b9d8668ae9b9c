"""What is remembered changes on the very millisecond: at ages, at windows' ends, at holds' ends."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from runner.call import Call
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher
from tests.decision.oracle import Held, Oracle
from tests.decision.oracle_values import Scene
from tests.decision.pool import DATES, MINUTE, SPANS, START
from tests.decision.test_index_oracle import BUDGET, moment_of, plain
from tests.decision.written import (
    Match,
    Written,
    compiled,
    conditions,
    crews,
    flow_of,
    grouped,
    keys_of,
    leaves,
    likely,
    merged,
)

#: When windows open and close, minutes after the start; at the fourth the clocks have been put
#: back, and the last is on a Monday.
WINDOWS = (1, 10, 40, 70, 100, 580)

timely = conditions(["age", "age", "during", "outside"])
matches = st.recursive(st.one_of(timely, timely, leaves), grouped, max_leaves=4)
rules = st.fixed_dictionaries(
    {
        "match": st.one_of(matches, st.builds(merged, likely, matches)),
        "then": st.just(["hangup"]),
        # Each rule says what it has to say, whatever the others do.
        "continue": st.sampled_from([True, True, True, False]),
    },
    optional={"for": st.sampled_from(["1ms", "5s", "1m"])},
)
files = st.builds(flow_of, st.just("f"), st.just({}), st.lists(rules, min_size=2, max_size=8))


def edges_of(written: Sequence[Written], calls: Iterable[Call], since: Iterable[int]) -> list[int]:
    """The moments at which something that is written may begin, or end, in order."""
    text = json.dumps(written)
    spans = [span for words, span in SPANS.items() if f'"{words}"' in text]
    dates = [date for call in calls for date in (call.start_time, call.date_created)]
    edges = {at + span for at in [*map(DATES.get, dates), *since] if at for span in spans}
    if '"during"' in text or '"outside"' in text:
        edges |= {START + minutes * MINUTE for minutes in WINDOWS}
    return sorted(edges)


@settings(BUDGET, max_examples=50)
@given(files, crews, st.sampled_from([(-1, 0, 1), (-1, 0, 1), (0,), (-7, -1, 0)]), st.booleans())
def test_it_is_right_before_at_and_after_every_edge(
    file: Match, calls: tuple[Call, ...], offs: tuple[int, ...], is_back: bool
) -> None:
    flow = compiled(file)
    matcher, oracle = Matcher((flow,)), Oracle([file], keys_of([flow]))
    edges = edges_of([file], calls, [START])
    since: dict[tuple[str, str], int] = {}
    for now in sorted({edge + off for edge in edges for off in offs}, reverse=is_back):
        scene = Scene(now, calls, "main")
        moment = moment_of(scene)
        holds, held = Holds(since, now), Held(since, now)
        for call in calls:
            said = plain(matcher.verdicts(call, moment, holds))
            assert said == oracle.verdicts(call, scene, held)
        assert holds.after == held.after
        since = held.after
