"""Threads share an index: one may forget all values while another looks for one of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from runner.call import Call
from runner.decision.index import LED_TO
from runner.decision.matcher import Matcher
from runner.decision.turns import Pace, at_once
from runner.model import Moment
from tests.decision.generated import NOW, cond, flow, rule

RULES = 2_000
LAST = "client:last"


class Interrupted(str):
    """A value: the so-manieth time that it is looked for, another thread works."""

    times = 0
    work: Callable[[], object]

    def __hash__(self) -> int:
        self.times -= 1
        if self.times == 0:
            self.work()
        return super().__hash__()


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_a_value_that_is_forgotten_meanwhile_leads_to_its_rules_and_no_others(times: int) -> None:
    many = [rule(f"r{number}", cond("from", "prefix", "+1")) for number in range(RULES)]
    last = rule("last", cond("from", "eq", LAST))
    index = Matcher((flow(*many, last),)).book.index
    numbers = (f"+1{number:010}" for number in count())

    def found(*values: str) -> list[list[int]]:
        calls = [Call(sid="CA1", from_=value) for value in values]
        each, _ = at_once(index.at(Moment(NOW)).look_up(calls, Pace(1_000)))
        return [sorted(numbers) for numbers in each]

    def forget() -> None:
        found(*(next(numbers) for _ in range(LED_TO // RULES + 2)))

    value = Interrupted("+15")
    value.times, value.work = times, forget
    # Met twice at once: so the second is looked for when it is known already.
    assert found("+15", value, LAST) == [[*range(RULES)], [*range(RULES)], [RULES]]
