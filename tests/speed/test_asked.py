"""What deciding costs, in rules asked and functions called: by what has changed, not by the rules.

A fall back to asking every rule about every call, or every call at every poll, would pass the
bounds here by a factor of ten or more.
"""

from __future__ import annotations

from contextlib import suppress

import pytest

from runner.call import Call
from runner.decision.holds import Holds
from runner.decision.matcher import SLICE, Matcher
from runner.model import AllOf, Flow, Moment
from tests.decision.generated import cond, flow, here, rule
from tests.decision.written import compiled
from tests.speed.counting import functions_called
from tests.speed.workload import CALLS, NOW, flows, listed, poll

SECOND, MINUTE = 1_000, 60_000
HEAVY = cond("from", "prefix", "+1")
DIFFERS = [cond("caller_name", "not", name) for name in "abcde"]


class Counted:
    """A matcher that has decided on all calls once, and what it has done since."""

    def __init__(self, *flows: Flow) -> None:
        self.matcher = Matcher(flows)
        calls = listed()
        self.first = functions_called(lambda: poll(self.matcher, calls))
        self._before = (0, 0)
        self.asked, self.looked_up = self._since()

    def poll(self, after: int = 2 * SECOND, changed: float = 0.0) -> None:
        """Another poll, so long after the first."""
        poll(self.matcher, listed(changed), after)
        self.asked, self.looked_up = self._since()

    def functions(self, after: int = 2 * SECOND) -> int:
        """Another poll, and how many functions were called for it."""
        calls = listed()
        count = functions_called(lambda: poll(self.matcher, calls, after))
        self.asked, self.looked_up = self._since()
        return count

    def _since(self) -> tuple[int, int]:
        before, self._before = self._before, (self.matcher.asked, self.matcher.looked_up)
        return self.matcher.asked - before[0], self.matcher.looked_up - before[1]


def one_rule(**keys: object) -> Flow:
    return compiled({"version": 1, "flow": "f", "rules": [{"id": "r", "then": ["hangup"], **keys}]})


@pytest.fixture(scope="module")
def counted() -> Counted:
    return Counted(*flows())


def test_few_rules_are_asked_about_a_call_that_is_new() -> None:
    """A fifth of a rule for each call: those that match, and hardly any beside."""
    poll(Matcher(flows()), listed())  # the countries of numbers are told once in a process
    counted = Counted(*flows())
    assert counted.looked_up == CALLS
    assert counted.asked <= CALLS
    # Values are looked up when they are first met; plain asking takes three calls for each rule.
    assert counted.first <= 120 * CALLS


def test_an_unchanged_call_is_not_looked_at_again(counted: Counted) -> None:
    """New rows with the same values, at later moments."""
    for number in range(1, 4):
        functions = counted.functions(after=number * 2 * SECOND)
        # Ages of some hours come due now and then.
        assert counted.looked_up <= CALLS // 100
        assert counted.asked <= CALLS // 100
        # The call to the matcher, from it to what it remembers, and its look at both memories.
        assert functions <= 8 * CALLS


def test_only_calls_that_changed_are_looked_up(counted: Counted) -> None:
    counted.poll()
    changed = sum(new != old for new, old in zip(listed(0.05), listed(), strict=True))
    assert CALLS // 50 < changed < CALLS // 10
    counted.poll(changed=0.05)
    assert changed <= counted.looked_up <= changed + CALLS // 100
    counted.poll()
    assert changed <= counted.looked_up <= changed + CALLS // 100, "they changed back"


def test_a_hundred_times_the_rules_are_not_much_more_to_do() -> None:
    poll(Matcher(flows()), listed())
    few, many = Counted(*flows(10)), Counted(*flows(1_000))
    # More rules match more calls; that is all that may grow.
    assert many.asked - few.asked <= CALLS
    assert many.first <= 3 * few.first
    assert many.functions() <= 1.5 * few.functions()


def test_a_reload_that_changes_nothing_asks_what_a_start_asks() -> None:
    started = Counted(*flows())
    again = Matcher(flows(), started.matcher.books)
    poll(again, listed())
    assert (again.looked_up, again.asked) == (started.looked_up, started.asked)


def test_a_call_that_waits_for_an_age_is_looked_up_when_it_is_due() -> None:
    """Once when it reaches the age, and not at the polls before and after."""
    counted = Counted(one_rule(match={"age": {"gte": "30m"}, "leg": "any"}))
    due = 0
    for number in range(1, 31):
        counted.poll(after=number * 20 * SECOND)
        due += counted.looked_up
        assert counted.looked_up <= CALLS // 10
    # Twenty to thirty minutes old at the start: some, and by far not all.
    assert 0 < due <= CALLS // 5


def test_windows_are_looked_at_once_a_minute() -> None:
    counted = Counted(one_rule(match={"during": "always"}))
    rest = MINUTE - NOW % MINUTE
    counted.poll(after=rest)
    assert counted.looked_up > 0
    counted.poll(after=rest + MINUTE - 1)
    assert counted.looked_up == 0


def test_a_hold_that_goes_on_asks_nothing() -> None:
    counted = Counted(one_rule(match={"leg": "any"}, **{"for": "1m"}))
    assert counted.asked > CALLS // 2
    counted.poll()
    assert (counted.asked, counted.looked_up) == (0, 0)


def test_what_depends_on_other_calls_is_asked_at_every_poll_and_nothing_else_is() -> None:
    crowd = one_rule(match={"concurrent": {"by": "to", "gt": 2}, "direction": "inbound"})
    counted = Counted(*flows(), crowd)
    inbound = sum(call.direction == "inbound" for call in listed())
    counted.poll()
    assert 0 < counted.looked_up <= inbound
    assert counted.looked_up <= counted.asked <= 2 * counted.looked_up


def test_calls_that_take_much_are_decided_on_in_small_turns() -> None:
    """Though those before them take next to nothing: what comes is not known beforehand."""
    rules = 500
    every = [
        rule(f"r{number}", AllOf((HEAVY, DIFFERS[number % 5]), here())) for number in range(rules)
    ]
    light = [Call(sid=f"CA{number:032x}", from_=f"+44{number:010}") for number in range(550)]
    heavy = [Call(sid=f"CB{number:032x}", from_=f"+1{number:010}") for number in range(60)]
    turns = Matcher((flow(*every),)).decide(light + heavy, Moment(NOW), Holds({}, NOW))
    took: list[int] = []
    with suppress(StopIteration):
        while True:
            took.append(functions_called(lambda: next(turns)))
    assert len(took) > len(heavy) * rules // (SLICE + rules)
    # About a function for each rule that is asked, and a turn is over after the call that ends it.
    assert max(took) <= 4 * (SLICE + rules)
