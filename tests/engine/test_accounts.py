"""Promises of many accounts on one runner: each polled, limited, backed off and kept by itself."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runner.call import Call
from runner.decision.matcher import SLICE
from runner.engine.brain import Brain
from runner.engine.brakes import Brakes, Safety
from runner.engine.lookups import Lookups
from runner.engine.ports import Listing, Pause
from runner.engine.rounds import Rounds
from runner.model import Millis
from tests.beside import Beside
from tests.engine.many import Many, open_many

SECOND = 1_000
END = """\
version: 1
flow: ends
rules:
  - id: end
    match: {from: "+14155550199"}
    then: [hangup]
"""
CALLER = "+14155550199"
TWO: dict[str, dict[str, str]] = {"main": {}, "other": {}}


@asynccontextmanager
async def going(many: Many, text: str = END) -> AsyncIterator[dict[str, Rounds]]:
    """The polls of all accounts, on the virtual clock."""
    rounds = many.rounds(many.flows(text))
    tasks = [asyncio.ensure_future(each.run()) for each in rounds.values()]
    try:
        yield rounds
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(each.engine.abandon() for each in rounds.values()))


def since(start: Millis, times: list[Millis]) -> list[Millis]:
    return [at - start for at in times]


# ---- each at its own pace -------------------------------------------------------------------


async def test_each_is_polled_on_time_whatever_befalls_the_others(tmp_path: Path) -> None:
    accounts = {"main": {}, "slow": {"interval": "5s"}, "hung": {}, "refused": {}, "busy": {}}
    async with open_many(tmp_path, accounts) as many:
        many.sandbox.set_fault("hang", account="hung")
        many.sandbox.set_fault("401", account="refused")
        many.sandbox.set_fault("429", account="busy")
        start = many.clock.now()
        async with going(many):
            # The first poll of each comes a fifth of its interval after that of the one before.
            await many.clock.play(799, awake=5)
            await many.clock.play(61_201, awake=4)
        assert since(start, many.lists("main")) == [*range(0, 62_001, 2_000)]
        assert since(start, many.lists("slow")) == [*range(1_000, 62_001, 5_000)]
        assert len(many.lists("hung")) == 1
        assert since(start, many.lists("refused")) == [1_200, 61_200]
        # Twice as long each time, give or take a tenth.
        times = since(start, many.lists("busy"))
        assert times[0] == 1_600
        assert len(times) in (4, 5)
        waits = [after - at for at, after in itertools.pairwise(times)]
        for wait, wanted in zip(waits[:3], (4_000, 8_000, 16_000), strict=True):
            assert abs(wait - wanted) <= wanted / 10


async def test_what_fails_is_told_with_the_account_that_it_is_about(tmp_path: Path) -> None:
    async with open_many(tmp_path, TWO) as many:
        many.sandbox.set_fault("401", account="other")
        async with going(many):
            await many.clock.play(10 * SECOND, awake=2)
        (failed,) = many.told("poll.failed", "other")
        assert (failed.level, bool(failed.fields["hint"])) == ("error", True)
        assert failed.fields["alias"] == "other"
        assert len(many.told("poll", "main")) == 6
        assert not many.told("poll.failed", "main")


async def test_a_rest_that_one_far_side_wants_is_no_rest_for_another(tmp_path: Path) -> None:
    async with open_many(tmp_path, TWO) as many:
        many.flows(END)
        many.sandbox.set_fault("429", account="other", on=("update",), retry_after=20)
        for alias in TWO:
            many.sandbox.add_call(account=alias)
        await many.poll()
        many.sandbox.faults.clear()
        for alias in TWO:
            many.sandbox.add_call(account=alias)
        await many.poll(after=5 * SECOND)
        acted = await many.outcomes()
        assert acted[many.sid("main")] == [("ends/end", "done")] * 2
        assert acted[many.sid("other")] == [("ends/end", "withdrawn")]
        await many.poll(after=20 * SECOND)
        assert len(many.sandbox.journal.of("update", account=many.sid("other"))) == 3


async def test_updates_that_hang_take_no_turn_of_another_account(tmp_path: Path) -> None:
    accounts = {"main": {"concurrency": 2}, "other": {"concurrency": 2}}
    async with open_many(tmp_path, accounts) as many:
        many.sandbox.set_fault("hang", account="other", on=("update",))
        for _ in range(5):
            many.sandbox.add_call(account="other")
            many.sandbox.add_call(account="main")
        async with going(many):
            await many.clock.play(5 * SECOND, awake=2)
        acted = await many.outcomes()
        assert acted[many.sid("main")] == [("ends/end", "done")] * 5
        assert {outcome for _, outcome in acted[many.sid("other")]} <= {"intended", "withdrawn"}
        polls = Counter(e.fields["account"] for e in many.events if e.name == "poll")
        assert polls[many.sid("other")] == polls[many.sid("main")] == 3


# ---- each with its own login and flows ------------------------------------------------------


async def test_a_subaccount_is_opened_with_what_opens_its_parent(tmp_path: Path) -> None:
    async with open_many(tmp_path, {"main": {}, "acme": {"parent": "main"}}) as many:
        many.flows(END)
        row = many.sandbox.add_call(account="acme")
        await many.poll()
        asked = [*many.sandbox.journal.by(many.sid("acme"))]
        assert {entry.request.kind for entry in asked} == {"list", "update"}
        assert {entry.request.user for entry in asked} == {many.sid("main")}
        assert many.sandbox.world_of("acme").call(row.sid).status == "completed"
        assert [*await many.outcomes()] == [many.sid("acme")]


async def test_flows_for_some_accounts_hold_there_alone(tmp_path: Path) -> None:
    async with open_many(tmp_path, {"main": {}, "other": {}, "third": {}}) as many:
        many.flows(
            END + "accounts: [other]\n",
            END.replace("flow: ends", "flow: both").replace(
                "match: {", "match: {account: [main, third], "
            ),
        )
        for alias in many.engines:
            many.sandbox.add_call(account=alias)
        await many.poll()
        assert await many.outcomes() == {
            many.sid("main"): [("both/end", "done")],
            many.sid("other"): [("ends/end", "done")],
            many.sid("third"): [("both/end", "done")],
        }


# ---- what is remembered ---------------------------------------------------------------------


async def test_a_hold_goes_on_in_each_by_itself(tmp_path: Path) -> None:
    held = END.replace("    then", "    for: 10s\n    then")
    async with open_many(tmp_path, TWO) as many:
        many.flows(held)
        many.sandbox.add_call(account="main")
        many.sandbox.add_call(account="other")
        await many.poll()
        many.sandbox.set_fault("503", account="other", times=2)
        for _ in range(4):
            await many.poll(after=2 * SECOND)
        many.restart()  # what holds is in the store, account by account
        many.flows(held)
        await many.poll(after=2 * SECOND)
        assert await many.outcomes() == {many.sid("main"): [("ends/end", "done")]}
        for _ in range(3):
            await many.poll(after=2 * SECOND)
        assert (await many.outcomes())[many.sid("other")] == [("ends/end", "done")]


async def test_once_for_a_value_counts_in_each_account(tmp_path: Path) -> None:
    once = END.replace("    then", "    once: {per: from, within: 24h}\n    then")
    async with open_many(tmp_path, TWO) as many:
        many.flows(once)
        for alias in ("main", "main", "other"):
            many.sandbox.add_call(account=alias)
        await many.poll()
        await many.poll(after=2 * SECOND)
        assert await many.outcomes() == {
            many.sid("main"): [("ends/end", "done")],
            many.sid("other"): [("ends/end", "done")],
        }


async def test_a_guard_that_trips_in_one_leaves_the_rule_to_the_others(tmp_path: Path) -> None:
    async with open_many(tmp_path, TWO) as many:
        many.flows(END)
        for _ in range(30):
            many.sandbox.add_call(account="main")
        many.sandbox.add_call(account="other")
        await many.poll()
        await many.poll(after=2 * SECOND)
        assert await many.outcomes() == {many.sid("other"): [("ends/end", "done")]}
        (pause,) = await many.store.pauses()
        assert (pause.account, pause.rule, pause.tripped) == (many.sid("main"), "end", True)
        assert many.told("rule.tripped", "main")
        assert not many.told("rule.tripped", "other")


async def test_the_rate_of_one_is_not_the_rate_of_another(tmp_path: Path) -> None:
    rated = END + "guard: {burst: unlimited, rate: {max: 2, per: 1m}}\n"
    async with open_many(tmp_path, TWO) as many:
        many.flows(rated)
        for alias in ("main", "main", "other", "other"):
            many.sandbox.add_call(account=alias)
        await many.poll()
        assert not await many.store.pauses()
        assert [len(acts) for acts in (await many.outcomes()).values()] == [2, 2]


async def test_one_account_can_be_paused(tmp_path: Path) -> None:
    async with open_many(tmp_path, TWO) as many:
        many.flows(END)
        for alias in TWO:
            many.sandbox.add_call(account=alias)
        await many.store.pause(Pause(many.sid("main"), at=many.clock.now(), reason="theirs"))
        await many.poll()
        assert await many.outcomes() == {many.sid("other"): [("ends/end", "done")]}
        await many.store.resume(account=many.sid("main"), by="me", at=many.clock.now())
        await many.poll(after=2 * SECOND)
        assert (await many.outcomes())[many.sid("main")] == [("ends/end", "done")]


# ---- one of many calls ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "cost"),
    [
        pytest.param('{from: "+1415NUMBER"}', 1, id="rules that a call's values lead to"),
        # A hundred rules to ask about each call.
        pytest.param("{concurrent: {by: from, gt: 5NUMBER}}", 100, id="rules that are all asked"),
        # Or a hundred patterns that each new number is compared with.
        pytest.param('{from: {glob: "*9NUMBER*"}}', 100, id="patterns that are all asked"),
    ],
)
async def test_an_account_of_many_calls_keeps_no_other_waiting(
    match: str, cost: int, tmp_path: Path
) -> None:
    rules = "".join(
        f"  - {{id: r{n}, match: {match.replace('NUMBER', f'{n:04d}')}, then: [hangup]}}\n"
        for n in range(100)
    )
    text = "version: 1\nflow: f\nrules:\n" + rules
    async with open_many(tmp_path, TWO) as many:
        flows = many.flows(text).current
        lookups = Lookups(many.crew.posts[0].gateway, many.clock)
        brain = Brain(many.sid("main"), many.store, brakes=_brakes(many), lookups=lookups)
        brain.load(flows)
        calls = tuple(map(_call, range(3_000)))
        now = many.clock.now()
        async with Beside() as beside:
            await brain.look(Listing(calls, now, 1), now, busy=frozenset())
        assert beside.turns >= 3_000 * cost // (SLICE + cost)


def _brakes(many: Many) -> Brakes:
    return Brakes(many.sid("main"), many.store, clock=many.clock, safety=Safety())


def _call(number: int) -> Call:
    return Call(sid=f"CA{number:032x}", status="in-progress", from_=f"+1415{number:07d}")
