"""Promises: the other live calls, counted and ranked the same way at every poll."""

from __future__ import annotations

from itertools import islice, permutations

from runner.call import Call
from runner.decision.live import TURN, LiveSet
from runner.decision.truth import predicate
from runner.decision.turns import at_once
from runner.model import Moment, Test
from runner.problems import Position

NOW = 1_700_000_000_000
OLD, YOUNG = "Tue, 14 Nov 2023 21:42:17 +0000", "Tue, 14 Nov 2023 22:12:17 +0000"
CALLS = (
    Call(sid="CA1", from_="+14155550101", start_time=YOUNG),
    Call(sid="CA2", from_="+14155550101", start_time=OLD),
    Call(sid="CA3", from_="+442079460018", start_time=OLD, parent_call_sid="CA2"),
    Call(sid="CA4", from_="+14155550101"),
    Call(sid="CA5", start_time=OLD),
    Call(sid="CA6", from_="+14155550101", date_created=OLD),
)


def holds(call: Call, field: str, operator: str, wanted: object, by: str = "") -> object:
    test = Test(field, operator, wanted, wanted, Position("f.yaml", 1, 1), by=by)
    return predicate(test)(call, Moment(NOW, LiveSet(CALLS, NOW)))


def test_ranks_go_by_age_then_sid_and_not_by_the_order_of_the_list() -> None:
    for calls in permutations(CALLS):
        live = LiveSet(calls, NOW)
        ranks = [live.rank("from", "+14155550101", call.sid) for call in CALLS]
        assert ranks == [2, 0, None, 3, None, 1]  # a call without any date counts as the newest


def test_who_is_alone_with_a_value_is_its_oldest_and_nobody_else_is() -> None:
    live = LiveSet(CALLS, NOW)
    assert live.rank("from", "+442079460018", "CA3") == 0
    assert live.rank("from", "+442079460018", "CA1") is None
    assert live.rank("from", "+12125550100", "CA1") is None


def test_what_is_prepared_in_turns_is_what_would_be_found_at_once() -> None:
    many = [
        Call(sid=f"CA{number:06}", from_="+14155550101", start_time=(OLD, YOUNG)[number % 7 % 2])
        for number in range(TURN + 500)
    ]
    asked = [*many[::400], Call(sid="CA999999", from_="+442079460018")]
    at_once, empty = LiveSet([*many, *asked[-1:]], NOW), LiveSet([], NOW)

    def answers(live: LiveSet) -> list[object]:
        ranks = [live.rank("from", call.from_ or "", call.sid) for call in asked]
        return [*ranks, live.count("from_country", "US"), live.count("from", "+14155550101")]

    expected = answers(at_once)
    assert None not in expected
    in_turns = LiveSet([*many, *asked[-1:]], NOW)
    pauses = sum(1 for _ in in_turns.prepare(at_once))
    assert pauses >= 8  # two for each of: counts by each field, groups, ranks
    assert answers(in_turns) == expected
    assert list(in_turns.prepare(at_once)) == []  # nothing is left to do
    assert list(empty.prepare(LiveSet(many, NOW))) == []  # nobody had asked for anything


def test_what_the_earlier_one_is_asked_for_meanwhile_is_no_matter() -> None:
    """An act that looks again asks it while the next poll prepares."""
    for paused in range(3):
        before, live = LiveSet(CALLS, NOW), LiveSet(CALLS, NOW)
        assert before.rank("from", "+14155550101", "CA1") == 2
        turns = live.prepare(before)
        assert len([*islice(turns, paused)]) == paused
        assert before.rank("from_country", "US", "CA1") == 2
        at_once(turns)
        assert live.rank("from_country", "US", "CA1") == 2


def test_what_is_counted() -> None:
    live = LiveSet(CALLS, NOW)
    assert live.count("from", "+14155550101") == 4
    assert live.count("from", "+1") == 0
    assert live.count("from_country", "US") == 4
    assert live.count("from_type", "fixed_line") == 1
    assert [live.has_child(call.sid) for call in CALLS] == [False, True] + [False] * 4


def test_excess_is_true_beyond_the_oldest() -> None:
    found = [holds(call, "excess", "over", 2, "from") for call in CALLS]
    assert found == [True, False, False, True, None, False]


def test_no_excess_where_the_value_is_empty_or_the_call_is_not_live() -> None:
    assert holds(CALLS[4], "excess", "over", 0, "from") is None
    stranger = Call(sid="CA9", from_="+14155550101")
    assert holds(stranger, "excess", "over", 0, "from") is None
    assert holds(stranger, "concurrent", "gte", 4, "from") is True


def test_without_a_list_of_live_calls_nothing_is_known() -> None:
    for field, operator, wanted in (
        ("has_child", "eq", False),
        ("concurrent", "lt", 100),
        ("excess", "over", 0),
    ):
        by = "" if field == "has_child" else "from"
        test = Test(field, operator, wanted, wanted, Position("f.yaml", 1, 1), by=by)
        assert predicate(test)(CALLS[0], Moment(NOW)) is None
