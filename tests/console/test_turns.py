"""A poll that matches many calls is summed up in turns: others have theirs, nothing is mixed."""

from __future__ import annotations

import dataclasses
import gc
from collections import Counter

import pytest
from msgspec.structs import replace

from bench.standing import Standing, standing
from runner.console.measuring.measured import Measured
from runner.console.picture.board import Board
from runner.console.summing import SLICE, SPENT, Summing
from runner.decision.steps import Held
from runner.decision.turns import Turns, at_once
from runner.engine.brain import Sight
from runner.engine.clock import SystemClock
from runner.engine.poll import Poll, Show
from runner.engine.ports import Event

A, B = "AC" + "a" * 32, "AC" + "b" * 32
ACCOUNTS = {A: ("", 2_000), B: ("", 2_000)}
MANY, FEW = 2 * SLICE + 1, 3
OTHERS_LEAD = Event("standby", 1, "info", {"holder": "another"})


@pytest.fixture(scope="module")
def scene() -> Standing:
    return standing(MANY, 10)


@pytest.fixture
def board() -> Board:
    return Board(ACCOUNTS, SystemClock())


@pytest.fixture
def measured(scene: Standing) -> Measured:
    measured = Measured(ACCOUNTS, SystemClock(), Summing())
    measured.load(scene.flow_set)
    return measured


def sight_of(poll: Poll) -> Sight:
    assert poll.sight is not None
    return poll.sight


def pauses(work: Turns[Show]) -> int:
    """How often it pauses; what it returns is called at the end."""
    times = 0
    while True:
        try:
            next(work)
        except StopIteration as end:
            end.value()
            return times
        times += 1


def test_what_is_long_pauses_and_what_is_nothing_does_not(scene: Standing, board: Board) -> None:
    """Three turns of verdicts, three of what they held back, two of what is new."""
    assert pauses(board.see(A, scene.poll(scene.verdicts(MANY)))) == 3 + 3 + 2
    assert sum(board.matched.values()) == MANY
    assert pauses(board.see(A, scene.poll(scene.verdicts(FEW)))) == 2
    assert pauses(board.see(A, scene.poll([]))) == 0


def test_a_summary_tells_of_each_verdict_and_of_all_that_is_held_back(scene: Standing) -> None:
    verdicts = scene.verdicts(MANY)
    sight = sight_of(scene.poll(verdicts))
    held = [
        replace(each, reason="guard") if number % SLICE == 7 else each
        for number, each in enumerate(sight.plan.held)
    ]
    plan = dataclasses.replace(sight.plan, held=tuple(held))
    summary = at_once(Summing().of(A, dataclasses.replace(sight, plan=plan)))
    assert summary.reasons == Counter({SPENT: MANY - 2, "guard": 2})
    assert list(summary.held) == [held[7], held[SLICE + 7]]
    told = {(names, sid) for names, sids in summary.matches.items() for sid in sids}
    assert told == {((v.rule.flow, v.rule.id), v.call.sid) for v in verdicts}


def test_two_accounts_at_once_are_not_mixed(scene: Standing, board: Board) -> None:
    many, few = scene.poll(scene.verdicts(MANY)), scene.poll(scene.verdicts(FEW))
    first, second = board.see(A, many), board.see(B, few)
    next(first)
    at_once(second)()
    at_once(first)()
    matched = {sid: account.look.matched for sid, account in board.accounts.items()}
    assert matched == {A: MANY, B: FEW}


def test_each_poll_is_summed_up_once_for_all_who_see_it(scene: Standing) -> None:
    summing, sights = Summing(), [sight_of(scene.poll(scene.verdicts(n))) for n in (MANY, FEW)]
    told = [at_once(summing.of(sid, each)) for sid, each in zip((A, B), sights, strict=True)]
    again = [at_once(summing.of(sid, each)) for sid, each in zip((A, B), sights, strict=True)]
    assert all(one is other for one, other in zip(told, again, strict=True))


def test_nothing_is_shown_before_it_is_to_be(
    scene: Standing, board: Board, measured: Measured
) -> None:
    """It is not on record yet, and may never be."""
    poll = scene.poll(scene.verdicts(MANY))
    shows = [at_once(watcher.see(A, poll)) for watcher in (board, measured)]
    account = measured.accounts[A]
    assert (board.calls, board.accounts[A].look.matched, board.matched) == (0, 0, {})
    assert (account.calls, account.matches, account.reasons) == (0, {}, {})
    for show in shows:
        show()
    assert (board.calls, board.accounts[A].look.matched) == (MANY, MANY)
    assert (account.calls, account.reasons) == (MANY, {SPENT: MANY})


def acts(measured: Measured, held: Held) -> str:
    """The rule acts on this call after all; what set it off, as is measured."""
    fields = {"account": A, "call": held.call.sid, "flow": held.rule.flow, "rule": held.rule.id}
    lags = measured.lags.by_trigger
    before = {name: each.buckets() for name, each in lags.items()}
    for name in ("action.intended", "action.done"):
        measured.hear(Event(name, 9, "info", fields))
    (trigger,) = (name for name, each in lags.items() if each.buckets() != before[name])
    return trigger


def test_what_polls_held_back_is_waited_for_however_much_until_it_is_over(
    scene: Standing, measured: Measured
) -> None:
    """A pause holds back much: each of it waits from its first poll on."""
    verdicts = scene.verdicts(MANY)
    paused = scene.poll(verdicts, paused=True)
    held = sight_of(paused).plan.held
    assert [each.reason for each in held] == ["paused"] * MANY
    for _ in range(2):
        at_once(measured.see(A, paused))()
    assert {acts(measured, each) for each in held[::2]} == {"poll"}
    at_once(measured.see(A, scene.poll(verdicts)))()
    assert {acts(measured, each) for each in held[1::2]} == {"push"}


def test_of_what_was_seen_before_nothing_is_kept_once_others_lead(scene: Standing) -> None:
    board, sights = Board(ACCOUNTS, SystemClock()), scene.poll(scene.verdicts(FEW))
    at_once(board.see(A, sights))()
    holders = len(gc.get_referrers(sights.sight))
    board.hear(OTHERS_LEAD)
    assert len(gc.get_referrers(sights.sight)) == holders - 2, (
        "the picture and the sum let go of it"
    )
