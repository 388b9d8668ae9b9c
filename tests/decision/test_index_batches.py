"""Many calls decided on together are decided on as one by one, whatever goes on at each pause."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from runner.call import Call
from runner.decision.holds import Holds
from runner.decision.matcher import Matcher, Verdict
from runner.decision.rulebook import Rulebooks
from runner.decision.turns import Turns
from tests.decision.oracle import Held, Oracle
from tests.decision.oracle_values import Scene
from tests.decision.pool import MINUTE, START
from tests.decision.test_index_oracle import BUDGET, moment_of, plain
from tests.decision.written import VALUES, Written, compiled, folders, keys_of

#: More than are looked up together, so that what one part leads to the next one meets.
CALLS = 120


def crowd_of(chance: Random) -> list[Call]:
    """Calls of which some share a SID, and some are equal."""
    calls = [
        Call(f"CA{number}", **{field: chance.choice(list(row)) for field, row in VALUES.items()})
        for number in range(CALLS)
    ]
    again = [replace(call) for call in chance.sample(calls, 5)]
    others = [replace(call, sid=chance.choice(calls).sid) for call in chance.sample(calls, 5)]
    return [*calls, *again, *others]


def with_pauses(turns: Turns[list[Verdict]], works: Iterator[Callable[[], None]]) -> list[Verdict]:
    """What comes of it; whenever it pauses, others work."""
    while True:
        try:
            next(turns)
        except StopIteration as end:
            found: list[Verdict] = end.value
            return found
        next(works)()


@settings(BUDGET, max_examples=8)
@given(folders, st.integers(0, 2**32))
def test_calls_are_decided_on_together_as_one_by_one(files: tuple[Written, ...], seed: int) -> None:
    chance = Random(seed)
    flows = [compiled(file) for file in files]
    books, oracle = Rulebooks(), Oracle(files, keys_of(flows))
    matcher, neighbour = Matcher(flows, books), Matcher(flows, books)
    calls = crowd_of(chance)
    since: dict[tuple[str, str], int] = {}

    def asks(asked: Matcher, many: list[Call], scene: Scene) -> dict[tuple[str, str], int]:
        holds, held = Holds(since, scene.now), Held(since, scene.now)
        turns = asked.decide(many, moment_of(scene), holds)
        idle = [glances, matcher.next_poll, neighbour.next_poll]
        found = with_pauses(turns, cycle(idle if len(many) > 1 else [lambda: None]))
        said = [
            (id(verdict.call), *each) for verdict, each in zip(found, plain(found), strict=True)
        ]
        due = [(id(c), *each) for c in many for each in oracle.verdicts(c, scene, held)]
        assert said == due
        assert holds.after == held.after
        return held.after

    def glances() -> None:
        """At a newer row, later or earlier, in either account."""
        call = replace(chance.choice(calls), from_=chance.choice(list(VALUES["from_"])))
        scene = Scene(START + chance.choice([-MINUTE, 5_000, 90 * MINUTE]), None, "main")
        asks(chance.choice([matcher, neighbour]), [call], scene)

    for passed in (0, 5_000, MINUTE, -2_000):
        since = asks(matcher, calls, Scene(START + passed, None, "main"))
        matcher.next_poll()
        for place in chance.sample(range(CALLS), 10):
            field = chance.choice(list(VALUES))
            value = chance.choice(list(VALUES[field]))
            calls[place] = replace(calls[place], **{field: value})
        asks(neighbour, calls[:40], Scene(START + passed, None, "other"))
