"""The promise that matters most: killed at any instant, nothing is done twice, lost, or left out.

A real runner is killed with `kill -9` at random instants, dozens of times, while the far side
loses answers at random, the service that rules post to dies and comes back, and new calls keep
coming. What the runners did is then compared with what was seen there, and with all that they ever
wrote.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runner.engine.ports import Entry, HistoryQuery
from runner.sandbox import Sandbox
from runner.sandbox.clock import RunningClock
from runner.store.sqlite import SqliteStore
from tests import warm
from tests.actions.beside import SERVICE
from tests.chaos.service import MortalService
from tests.engine.model_far_side import Key, arrivals, key_of, standing
from tests.engine.model_promises import (
    nothing_follows_an_update_that_did_not_come_about,
    nothing_is_done_twice_by_guess,
    nothing_is_told_twice,
    parts_come_in_their_order,
    the_ledger_is_true,
)
from tests.engine.model_rules import RULES, flow_of
from tests.process import callflow, environment

KILLS = 32
#: Real seconds after which no more kills are begun: a slow machine shows fewer, never fewer than
#: `FEWEST`.
ENOUGH = 60.0
FEWEST = 24
#: Real seconds in which everything has its outcome once nothing is killed or lost any more.
PATIENCE = 40.0

NAMES = ("ends", "speaks", "moves", "dials")


@dataclass
class Chaos:
    """The far side, the runner of the moment, and everything that a runner ever said."""

    sandbox: Sandbox
    service: MortalService
    folder: Path
    dice: random.Random
    calls: dict[str, str] = field(default_factory=dict)  # SID → the rule that is for it
    logs: list[Path] = field(default_factory=list)

    async def start(self) -> warm.Process:
        log = self.folder / f"run{len(self.logs)}.log"
        self.logs.append(log)
        command = ("run", "--log-format", "json", "--interval", "500ms")
        with log.open("wb") as stream:
            return await warm.start(
                command, environment(self.sandbox), self.folder, err=stream.fileno()
            )

    async def call_in(self) -> None:
        """Calls keep coming."""
        while True:
            name = self.dice.choice(NAMES)
            row = self.sandbox.add_call(to=RULES[name].number)
            self.calls[row.sid] = name
            await asyncio.sleep(self.dice.uniform(0.04, 0.2))

    async def kill_again_and_again(self) -> int:
        began, kills = time.monotonic(), 0
        while kills < KILLS and (kills < FEWEST or time.monotonic() - began < ENOUGH):
            process = await self.start()
            await asyncio.sleep(self.dice.uniform(0.05, 1.3))
            assert process.returncode is None, self.logs[-1].read_text()
            process.send_signal(signal.SIGKILL)
            await process.wait()
            kills += 1
        return kills

    async def run_until_settled(self) -> None:
        """One more runner, undisturbed, until every part of every act has its outcome."""
        process = await self.start()
        store = await SqliteStore(self.folder / "callflow.db", read_only=True).open()
        deadline = time.monotonic() + PATIENCE
        while unsettled := await self._unsettled(store):
            said = self.logs[-1].read_text()[-2_000:]
            assert time.monotonic() < deadline, f"{unsettled}\n{said}"
            await asyncio.sleep(0.2)
        await store.close()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0

    async def _unsettled(self, store: SqliteStore) -> list[Key]:
        """What has no outcome: of calls that live every part must have one, of all calls one."""
        history = await store.history(HistoryQuery())
        found = {key_of(entry) for entry in history if entry.outcome != "withdrawn"}
        acted = {entry.intent.call_sid for entry in history}
        unfinished = await store.unfinished(self.sandbox.account_sid)
        missing = [key_of(entry) for entry in unfinished]
        for sid, name in self.calls.items():
            live = self.sandbox.world.call(sid).live
            keys = [Key(sid, name, part) for part in RULES[name].parts]
            missing += [key for key in keys if sid not in acted or (live and key not in found)]
        return missing

    def told(self, event: str) -> set[Key]:
        """What every such event was about that any of the runners wrote to its log."""
        found = set()
        for log in self.logs:
            for line in log.read_text().splitlines():
                told = json.loads(line) if line.endswith("}") else {}  # the last may be cut off
                if told.get("event") == event:
                    found.add(Key(told["call"], told["rule"], told.get("part", "")))
        return found


async def test_killed_at_any_instant_nothing_is_done_twice_lost_or_left_out(
    tmp_path: Path,
) -> None:
    seed = time.time_ns()
    service = MortalService(dice=random.Random(seed))
    await service.live()
    (tmp_path / "flows").mkdir()
    flow = flow_of(NAMES, 0).replace(SERVICE, service.base)
    (tmp_path / "flows" / "chaos.yaml").write_text(flow)
    clock = RunningClock(time.time_ns() // 1_000_000, time.monotonic, 1.0)
    async with Sandbox(clock=clock) as sandbox:
        chaos = Chaos(sandbox, service, tmp_path, random.Random(seed))
        for fault in ("reset-before", "reset-after", "500"):
            sandbox.set_fault(fault, on=("update", "side"), chance=0.1, seed=seed)
        sandbox.set_fault("slow", on=("update", "side"), seconds=0.1)
        sandbox.set_fault("reset-before", on=("list", "fetch"), chance=0.03, seed=seed)
        try:
            await play(chaos)
            await compare(chaos)
        except AssertionError as failure:
            failure.add_note(f"the seed was {seed}, and {len(chaos.calls)} calls came in")
            raise
        finally:
            await service.die()


async def play(chaos: Chaos) -> None:
    """Kills while calls come in, then lets a last runner bring everything to an end."""
    calling = asyncio.ensure_future(chaos.call_in())
    dying = asyncio.ensure_future(chaos.service.die_now_and_then())
    kills = await chaos.kill_again_and_again()
    calling.cancel()
    dying.cancel()
    await asyncio.wait([calling, dying])
    if not chaos.service.lives:
        await chaos.service.live()
    chaos.sandbox.faults.clear()
    await chaos.run_until_settled()
    assert kills >= FEWEST
    assert chaos.service.deaths >= FEWEST // 2


async def compare(chaos: Chaos) -> None:
    """What was seen at the far side against what the ledger and the logs say."""
    store = await SqliteStore(chaos.folder / "callflow.db", read_only=True).open()
    history = await store.history(HistoryQuery())
    await store.close()
    sent = arrivals(chaos.sandbox.journal, chaos.calls)
    world, service = chaos.sandbox.world, chaos.service

    nothing_is_done_twice_by_guess(sent)
    nothing_is_told_twice(service, [world.transcript(sid) for sid in chaos.calls])
    parts_come_in_their_order(service, sent, history)
    nothing_follows_an_update_that_did_not_come_about(service, sent, history)
    the_ledger_is_true(service, sent, history)
    live = [sid for sid, name in chaos.calls.items() if name == "ends" and world.call(sid).live]
    assert not live, "no hang-up is missing"
    nothing_is_lost(chaos, history)
    verified = await callflow("history", "--verify", cwd=chaos.folder)
    assert verified.code == 0, verified.err


def nothing_is_lost(chaos: Chaos, history: Sequence[Entry]) -> None:
    """Every call had its turn, and whatever a runner ever said of its acts is on record."""
    known = {key_of(entry) for entry in history}
    assert {key.sid for key in known} == chaos.calls.keys()
    assert chaos.told("action.intended") <= known
    done = {key for key in known if standing(history, key) == "done"}
    assert chaos.told("action.done") <= done
    # All is done or skipped, or at its end nobody was there to hear of it; a post may have been
    # refused four times while its service was dead.
    ends = {(entry.intent.route, entry.outcome) for entry in history}
    assert not {end for end in ends if end[1] == "failed"} - {("web", "failed")}, ends
    assert {key.rule for key in done} == set(NAMES)
