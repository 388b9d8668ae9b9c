"""The promise that matters most: killed at any instant, nothing is done twice, lost, or left out.

A real runner is killed with `kill -9` at random instants, dozens of times, while the far side
loses answers at random and new calls keep coming. What the runners did is then compared with what
the far side saw, and with all that they ever wrote.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import time
from asyncio.subprocess import Process
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from runner.engine.ports import Entry, HistoryQuery
from runner.sandbox import Sandbox
from runner.sandbox.clock import RunningClock
from runner.store.sqlite import SqliteStore
from tests.process import callflow, environment

KILLS = 36
#: Real seconds after which no more kills are begun: a slow machine shows fewer, never fewer than
#: `FEWEST`.
ENOUGH = 60.0
FEWEST = 24
#: Real seconds in which everything has its outcome once nothing is killed or lost any more.
PATIENCE = 40.0

NUMBERS = {"ends": "+14155550101", "speaks": "+14155550102", "moves": "+14155550103"}
THEN = {
    "ends": "[hangup]",
    "speaks": "[{say: hello}, {pause: 9m}]",
    "moves": "[{redirect: 'http://127.0.0.1:9/never'}]",
}
FLOWS = "".join(
    f"""\
  - id: {name}
    match: {{to: "{number}"}}
    then: {THEN[name]}
"""
    for name, number in NUMBERS.items()
)
FLOW = f"version: 1\nflow: chaos\nguard: unlimited\nrules:\n{FLOWS}"


@dataclass
class Chaos:
    """The far side, the runner of the moment, and everything that a runner ever said."""

    sandbox: Sandbox
    folder: Path
    dice: random.Random
    calls: dict[str, str] = field(default_factory=dict)  # SID → the rule that is for it
    logs: list[Path] = field(default_factory=list)

    async def start(self) -> Process:
        log = self.folder / f"run{len(self.logs)}.log"
        self.logs.append(log)
        with log.open("wb") as stream:
            return await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-m",
                    "runner",
                    "run",
                    "--log-format",
                    "json",
                    "--interval",
                    "500ms",
                ),
                stderr=stream,
                cwd=self.folder,
                env=environment(self.sandbox),
            )

    async def call_in(self) -> None:
        """Calls keep coming, and now and then one is hung up by those who talk."""
        while True:
            name = self.dice.choice(list(NUMBERS))
            row = self.sandbox.add_call(to=NUMBERS[name])
            self.calls[row.sid] = name
            await asyncio.sleep(self.dice.uniform(0.02, 0.12))

    async def kill_again_and_again(self) -> int:
        began, kills = time.monotonic(), 0
        while kills < KILLS and (kills < FEWEST or time.monotonic() - began < ENOUGH):
            process = await self.start()
            await asyncio.sleep(self.dice.uniform(0.2, 2.0))
            assert process.returncode is None, self.logs[-1].read_text()
            process.send_signal(signal.SIGKILL)
            await process.wait()
            kills += 1
        return kills

    async def run_until_settled(self) -> None:
        """One more runner, undisturbed, until every act has its outcome."""
        process = await self.start()
        store = await SqliteStore(self.folder / "callflow.db", read_only=True).open()
        deadline = time.monotonic() + PATIENCE
        while await self._unsettled(store):
            assert time.monotonic() < deadline, self.logs[-1].read_text()[-2_000:]
            await asyncio.sleep(0.2)
        await store.close()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0

    async def _unsettled(self, store: SqliteStore) -> bool:
        acted = {entry.intent.call_sid for entry in await store.history(HistoryQuery())}
        unfinished = await store.unfinished(self.sandbox.account_sid)
        return bool(unfinished) or not self.calls.keys() <= acted

    @property
    def processed(self) -> Counter[tuple[str, str]]:
        """How often the far side carried out what a rule sent to a call."""
        found: Counter[tuple[str, str]] = Counter()
        for line in self.sandbox.journal.of("update"):
            if line.status == 200 or line.fault == "reset-after":
                found[line.request.sid, self.calls[line.request.sid]] += 1
        return found

    def told(self, event: str) -> set[tuple[str, str]]:
        """(call, rule) of every such event that any of the runners wrote to its log."""
        found = set()
        for log in self.logs:
            for line in log.read_text().splitlines():
                told = json.loads(line) if line.endswith("}") else {}  # the last may be cut off
                if told.get("event") == event:
                    found.add((told["call"], told["rule"]))
        return found


async def test_killed_at_any_instant_nothing_is_done_twice_lost_or_left_out(
    tmp_path: Path,
) -> None:
    seed = time.time_ns()
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "chaos.yaml").write_text(FLOW)
    clock = RunningClock(time.time_ns() // 1_000_000, time.monotonic, 1.0)
    async with Sandbox(clock=clock) as sandbox:
        chaos = Chaos(sandbox, tmp_path, random.Random(seed))
        for fault in ("reset-before", "reset-after", "500"):
            sandbox.set_fault(fault, on=("update",), chance=0.1, seed=seed)
        sandbox.set_fault("slow", on=("update",), seconds=0.1)
        sandbox.set_fault("reset-before", on=("list", "fetch"), chance=0.03, seed=seed)
        try:
            await play(chaos)
            await compare(chaos)
        except AssertionError as failure:
            failure.add_note(f"the seed was {seed}, and {len(chaos.calls)} calls came in")
            raise


async def play(chaos: Chaos) -> None:
    """Kills while calls come in, then lets a last runner bring everything to an end."""
    calling = asyncio.ensure_future(chaos.call_in())
    kills = await chaos.kill_again_and_again()
    calling.cancel()
    chaos.sandbox.faults.clear()
    await chaos.run_until_settled()
    assert kills >= FEWEST


async def compare(chaos: Chaos) -> None:
    """What the far side saw against what the ledger and the logs say."""
    store = await SqliteStore(chaos.folder / "callflow.db", read_only=True).open()
    history = await store.history(HistoryQuery())
    await store.close()
    standing = {key_of(entry): entry.outcome for entry in history if entry.outcome != "withdrawn"}
    processed = chaos.processed

    twice = [key for key, times in processed.items() if times > 1 and key[1] != "ends"]
    assert not twice, "no speech and no redirect is carried out twice"
    live = [
        sid
        for sid, rule in chaos.calls.items()
        if rule == "ends" and chaos.sandbox.world.call(sid).status == "in-progress"
    ]
    assert not live, "no hang-up is missing"
    assert processed.keys() <= standing.keys(), "nothing is done that is not on record"
    done = {key for key, outcome in standing.items() if outcome == "done"}
    assert done <= processed.keys(), "nothing is on record as done that was not"
    assert set(standing.values()) <= {"done", "gone", "unknown"}
    known = {key_of(entry) for entry in history}
    assert chaos.told("action.intended") <= known, "no record is lost"
    assert chaos.told("action.done") <= done
    assert len(known) == len(chaos.calls), "every call had its turn"
    verified = await callflow("history", "--verify", cwd=chaos.folder)
    assert verified.code == 0, verified.err


def key_of(entry: Entry) -> tuple[str, str]:
    return entry.intent.call_sid, entry.intent.rule
